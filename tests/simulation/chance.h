// The chance of one simulated world: all of it comes from the seed.
#pragma once

#include <cstdint>
#include <random>

namespace ptb::test {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  /// 0 … below - 1.
  std::int64_t below(std::int64_t below) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(below));
  }
  std::int64_t between(std::int64_t least, std::int64_t most) { return least + below(most - least + 1); }
  bool one_in(std::int64_t many) { return below(many) == 0; }
  template <typename Values>
  auto& of(Values& values) {
    return values[static_cast<std::size_t>(below(static_cast<std::int64_t>(std::size(values))))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ptb::test
