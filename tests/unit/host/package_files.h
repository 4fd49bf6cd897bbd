// What tests of course packages share: the small packages of tests/packages, packed, changed and read.
#pragma once

#include <gmock/gmock.h>

#include "package/package.h"
#include "temporary_directory.h"
#include "zip_of_our_own.h"

namespace host::test {

inline const std::filesystem::path kPackages = PTB_PACKAGES;

class Packages : public testing::Test {
 protected:
  tl::expected<Cartridge, std::string> read(const std::vector<ZipMember>& members, Packing packing = Packing::zip,
                                            const CartridgeLimits& limits = {}) {
    write_archive(path_, packing, members);
    return read_package(path_, limits);
  }
  /// The error of reading: one line that names the package.
  std::string refusal_of(const tl::expected<Cartridge, std::string>& read) {
    if (read) {
      ADD_FAILURE() << "the package was read";
      return {};
    }
    EXPECT_THAT(read.error(), testing::HasSubstr(path_));
    EXPECT_EQ(read.error().find('\n'), std::string::npos);
    return read.error();
  }
  /// The package in tests/packages with one file changed, or left out where the new content is empty.
  static std::vector<ZipMember> changed(const std::string& name, const std::string& file, const std::string& content) {
    auto members = members_of(kPackages / name / "package");
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.name == file; });
    if (found == members.end())
      ADD_FAILURE() << "no file " << file;
    else if (content.empty())
      members.erase(found);
    else
      found->content = content;
    return members;
  }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_ / "package";  // its name says nothing
};

}  // namespace host::test
