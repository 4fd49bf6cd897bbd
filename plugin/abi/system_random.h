// Random bytes from the kernel, read ahead in small blocks.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "core/clock.h"

namespace ptb {

class SystemRandom final : public Random {
 public:
  void fill(std::span<unsigned char> bytes) override;

 private:
  std::mutex mutex_;
  std::array<unsigned char, 1024> block_{};
  std::size_t used_ = block_.size();
};

}  // namespace ptb
