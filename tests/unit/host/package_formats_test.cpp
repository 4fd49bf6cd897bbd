// Every kind of course package: what is read of the small ones in tests/packages, against the list beside each of them.
#include <nlohmann/json.hpp>

#include "package/content_types.h"
#include "package/setting_keys.h"
#include "package_files.h"

namespace host {
namespace {

using Json = nlohmann::json;
using test::kPackages;
using test::members_of;
using test::Packages;
using test::Packing;

/// What was read, in the form of the lists.
Json listed(const Cartridge& cartridge) {
  Json list = {{"format", cartridge.format},
               {"title", cartridge.title},
               {"links", Json::array()},
               {"groups", Json::array()},
               {"not_taken_over", cartridge.resources}};
  list["warnings"] = cartridge.warnings.size();
  for (const auto& link : cartridge.links) {
    Json one = {{"title", link.title}, {"host", link.launch_host}, {"settings", Json::object()}};
    const auto settings = settings_from_custom(
        link.custom, [](auto) { return false; }, "");
    for (const auto& [key, value] : settings.settings) one["settings"][key] = value;
    if (!link.handle.empty()) one["handle"] = link.handle;
    if (!link.waits_as.empty()) one["waits_as"] = link.waits_as;
    if (!link.product.empty()) one["product"] = link.product;
    if (!link.vendor.empty() && link.vendor != "acme") one["vendor"] = link.vendor;
    list["links"].push_back(std::move(one));
  }
  for (const auto& group : cartridge.groups) list["groups"].push_back({{"id", group.id}, {"name", group.name}});
  return list;
}

Json list_of(const std::string& name) {
  std::ifstream file(kPackages / name / "expected.json");
  auto list = Json::parse(file);
  for (auto& link : list["links"])
    if (link.value("vendor", "") == "acme") link.erase("vendor");  // the one that all of them have
  return list;
}

TEST_F(Packages, AreReadAsTheListsSay) {
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kPackages)) {
    if (!entry.is_directory()) continue;
    const auto name = entry.path().filename().string();
    for (const auto packing : {Packing::zip, Packing::tar_gz}) {
      const auto cartridge = this->read(members_of(entry.path() / "package"), packing);
      ASSERT_TRUE(cartridge) << name << ": " << cartridge.error();
      EXPECT_EQ(listed(*cartridge), list_of(name)) << name;
    }
    ++read;
  }
  EXPECT_EQ(read, 10U);
}

TEST_F(Packages, MayComeInAnyOrderOfTheirFiles) {
  for (const std::string name : {"canvas", "moodle", "blackboard"}) {
    auto members = members_of(kPackages / name / "package");
    std::reverse(members.begin(), members.end());
    const auto cartridge = read(members, Packing::tar_gz);
    ASSERT_TRUE(cartridge) << cartridge.error();
    EXPECT_EQ(listed(*cartridge), list_of(name)) << name;
  }
}

TEST(ContentTypes, AreToldByNameAndNumber) {
  EXPECT_EQ(told_types({{"mod_assign", 12}, {"imsqti_xmlv1p2/imscc_xmlv1p1/assessment", 3}}, 8),
            "12 assignments (mod_assign), 3 quizzes (imsqti_xmlv1p2/imscc_xmlv1p1/assessment)");
  EXPECT_EQ(told_types({{"a/b", 1}, {"mod_x", 1}, {"mod_y", 4}, {"mod_glossary", 3}}, 2),
            "4 activities (mod_y), 3 glossaries (mod_glossary), and 2 of 2 more types");
  EXPECT_EQ(told_types({{"", 1}}, 2), "1 item (without a type)");
  EXPECT_EQ(told_types({{"mod_feedback", 2}}, 2), "2 surveys (mod_feedback)");
}

}  // namespace
}  // namespace host
