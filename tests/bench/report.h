// The rounds of each figure, and how they are shown: a table for people, JSON for programs. Knows nothing of how a
// figure is measured.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue.h"
#include "machine.h"

namespace bench {

struct Round {
  double value = 0;
  double baseline = 0;
  [[nodiscard]] double ratio() const { return baseline > 0 ? value / baseline : 0; }
};

class Report {
 public:
  /// Only figures whose name starts with one of `only` are kept; none: all.
  explicit Report(std::vector<std::string> only) : only_(std::move(only)) {}

  [[nodiscard]] bool wants(std::string_view name) const {
    return only_.empty() || std::any_of(only_.begin(), only_.end(),
                                        [&](const std::string& beginning) { return name.starts_with(beginning); });
  }
  void add(std::string_view name, const Round& round);
  /// A sentence under the table.
  void note(std::string text);

  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::string json(const Machine& machine) const;
  [[nodiscard]] bool empty() const { return rounds_.empty(); }

 private:
  std::vector<std::string> only_;
  std::map<std::string, std::vector<Round>, std::less<>> rounds_;
  std::vector<std::string> notes_;
};

}  // namespace bench
