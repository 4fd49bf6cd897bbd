// docs/vendors.md names every case of the vendor check, in its words, and every defect that shows it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "check/case.h"
#include "receive/bugs.h"

namespace host::test {
namespace {

TEST(VendorsPage, ItsTableOfCasesIsTheList) {
  std::vector<std::string> expected;
  for (const auto& one : all_cases()) {
    std::string bugs;
    for (const auto& kind : bug_kinds())
      if (kind.found_by == one.name) bugs += fmt::format("{}`{}`", bugs.empty() ? "" : ", ", kind.name);
    expected.push_back(fmt::format("| `{}` | {} | {} |", one.name, one.sentence, bugs.empty() ? "–" : bugs));
  }
  std::vector<std::string> found;
  std::ifstream page(PTB_DOCS "/vendors.md");
  bool in_table = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| case |"))
      in_table = true;
    else if (!line.starts_with("|"))
      in_table = false;
    else if (in_table && !line.starts_with("|---"))
      found.push_back(line);
  }
  std::string text;
  for (const auto& line : expected) text += line + "\n";
  EXPECT_EQ(found, expected) << "the table should be:\n" << text;
}

}  // namespace
}  // namespace host::test
