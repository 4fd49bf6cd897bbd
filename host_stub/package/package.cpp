#include "package/package.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "package/archive_scan.h"
#include "package/blackboard.h"
#include "package/canvas.h"
#include "package/cartridge_reader.h"
#include "package/cartridge_xml.h"
#include "package/moodle.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kManifest = "imsmanifest.xml";
constexpr std::string_view kMoodleOverview = "moodle_backup.xml";

/// What a first look at all names, and at the one file that every package of its kind has, tells.
struct FirstLook {
  std::optional<std::string> manifest;
  std::optional<std::string> moodle;
  std::string elsewhere;  // one of the two, but not at the top
  bool has_canvas_settings = false;
  bool has_old_moodle = false;
};

tl::expected<FirstLook, std::string> look_at(const std::string& path, const CartridgeLimits& limits) {
  FirstLook look;
  const auto want = [&](const std::string& name) {
    if (name.starts_with("course_settings/")) look.has_canvas_settings = true;
    if (name == "moodle.xml") look.has_old_moodle = true;
    if (look.elsewhere.empty() && (name.ends_with("/imsmanifest.xml") || name.ends_with("/moodle_backup.xml")))
      look.elsewhere = name;
    return name == kManifest || name == kMoodleOverview;
  };
  const auto take = [&](const std::string& name, std::string_view content) -> tl::expected<void, std::string> {
    (name == kManifest ? look.manifest : look.moodle) = std::string(content);
    return {};
  };
  if (auto scanned = scan_archive(path, limits, want, take); !scanned) return tl::make_unexpected(scanned.error());
  return look;
}

tl::expected<Cartridge, std::string> read_any(const std::string& path, const CartridgeLimits& limits) {
  auto look = look_at(path, limits);
  if (!look) return tl::make_unexpected(std::move(look.error()));
  if (look->moodle) return read_moodle(path, *look->moodle, limits);
  if (look->manifest) {
    const auto kind = kind_of_manifest(*look->manifest);
    if (!kind) return tl::make_unexpected("its imsmanifest.xml " + kind.error() + ": export it again");
    if (*kind == ManifestKind::blackboard) return read_blackboard(path, *look->manifest, limits);
    return look->has_canvas_settings ? read_canvas(path, *look->manifest, limits)
                                     : read_common_cartridge(path, *look->manifest, limits);
  }
  if (!look->elsewhere.empty())
    return tl::make_unexpected(
        fmt::format("it has '{}': pack the files anew so that this file is at the top", shown(look->elsewhere)));
  if (look->has_old_moodle)
    return tl::make_unexpected(
        std::string("it is a backup of Moodle 1: restore it in Moodle 2 or later and back it up there"));
  return tl::make_unexpected(
      std::string("it has no imsmanifest.xml and no moodle_backup.xml: name a Common Cartridge, a Canvas or Blackboard "
                  "export, or a Moodle backup"));
}

bool is_text(const CartridgeLink& link) {
  for (const auto& [name, value] : link.custom)
    if (!is_utf8(name) || !is_utf8(value)) return false;
  return is_utf8(link.identifier) && is_utf8(link.title) && is_utf8(link.launch_url) && is_utf8(link.tool) &&
         is_utf8(link.vendor) && is_utf8(link.product) && is_utf8(link.waits_as);
}

bool is_text(const Cartridge& cartridge) {
  return is_utf8(cartridge.identifier) && is_utf8(cartridge.title) &&
         std::all_of(cartridge.links.begin(), cartridge.links.end(), [](const auto& link) { return is_text(link); }) &&
         std::all_of(cartridge.groups.begin(), cartridge.groups.end(),
                     [](const auto& group) { return is_utf8(group.id) && is_utf8(group.name); }) &&
         std::all_of(cartridge.resources.begin(), cartridge.resources.end(),
                     [](const auto& one) { return is_utf8(one.first); });
}

}  // namespace

tl::expected<Cartridge, std::string> read_package(const std::string& path, const CartridgeLimits& limits) {
  const auto wrong = [&](const std::string& what) {
    return tl::make_unexpected(fmt::format("package '{}': {}", path, what));
  };
  auto cartridge = read_any(path, limits);
  if (!cartridge) return wrong(cartridge.error());
  if (!is_text(*cartridge)) return wrong("it has text that is not UTF-8: export it again");
  if (cartridge->groups.size() > limits.groups)
    return wrong(fmt::format("it has more than {} groups, which is the limit: split the package", limits.groups));
  return cartridge;
}

}  // namespace host
