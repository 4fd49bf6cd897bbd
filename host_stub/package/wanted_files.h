// Gets the files of a package that something in it names, in one pass through the archive, one file at a time. Knows
// nothing of what is in them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "package/cartridge.h"

namespace host {

class WantedFiles {
 public:
  enum class If { it_must_be_there, it_is_there };

  /// Called once a file with the numbers of all who named it. An error ends the reading.
  using Take = std::function<tl::expected<void, std::string>(const std::string& name, std::string_view content,
                                                             const std::vector<std::size_t>& numbers)>;

  /// `namer` names the files, such as "its manifest".
  WantedFiles(const CartridgeLimits& limits, std::string namer) : limits_(limits), namer_(std::move(namer)) {}

  /// `href` as a package writes it: a path in the package, perhaps percent-encoded. `whose` is for the error line, such
  /// as "link 'a'". The number of a file is that of the call, from 0. The error: the path leads outside.
  tl::expected<void, std::string> add(const std::string& href, std::string whose, If condition = If::it_must_be_there);

  /// How many were added.
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }

  /// Of a file whose name is meant exactly and one whose name is meant percent-encoded, the exact one is taken.
  tl::expected<void, std::string> read(const std::string& path, const Take& take);

  /// To be called with what is kept of files: refuses more than limits.link_text_bytes of it.
  tl::expected<void, std::string> keep(std::size_t bytes);

 private:
  struct Wanted {
    std::string href;
    std::string whose;
    If condition;
    std::string read_from = {};
  };

  const CartridgeLimits& limits_;
  std::string namer_;
  std::vector<Wanted> wanted_;
  std::unordered_map<std::string, std::vector<std::size_t>> wanted_by_;
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace host
