#include "package/moodle.h"

#include <fmt/format.h>

#include <algorithm>

#include "package/cartridge_reader.h"
#include "package/launch_target.h"
#include "package/moodle_xml.h"
#include "package/wanted_files.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostTypeBytes = 150;

/// The type of a tool has no name that is the same on every Moodle: so the site's host is a part of it.
std::string waits_as(const MoodleOverview& overview, const MoodleLti& lti) {
  if (lti.type_id.empty() && lti.type_name.empty()) return {};
  const auto site = code_from(overview.site_host);
  auto type = code_from(lti.type_name, kMostTypeBytes);
  if (type.empty()) type = code_from(lti.type_id, kMostTypeBytes);
  return (site.empty() ? "moodle" : site) + "/site-tool-" + type;
}

CartridgeLink link_from(const MoodleOverview& overview, const MoodleActivity& activity, const MoodleLti& lti) {
  CartridgeLink link;
  link.identifier = activity.module_id;
  link.title = lti.name.empty() ? activity.title : lti.name;
  link.launch_url = lti.tool_url.empty() ? lti.base_url : lti.tool_url;
  link.launch_host = host_of(link.launch_url).value_or("");
  link.custom = lti.custom;
  link.handle = handle_of(link);
  if (link.launch_url.empty()) link.waits_as = waits_as(overview, lti);
  return link;
}

}  // namespace

tl::expected<Cartridge, std::string> read_moodle(const std::string& path, std::string_view overview_xml,
                                                 const CartridgeLimits& limits) {
  const auto overview = parse_moodle_overview(overview_xml);
  if (!overview)
    return tl::make_unexpected(fmt::format("its moodle_backup.xml {}: back it up again", overview.error()));
  Cartridge cartridge;
  cartridge.format = "Moodle backup";
  cartridge.identifier = overview->name;
  cartridge.title = overview->title;

  WantedFiles wanted(limits, "its moodle_backup.xml");
  std::vector<const MoodleActivity*> activities;
  for (const auto& activity : overview->activities) {
    if (activity.module_name != "lti") {
      ++cartridge.resources["mod_" + activity.module_name];
      continue;
    }
    activities.push_back(&activity);
    const auto directory = activity.directory.empty() ? "activities/lti_" + activity.module_id : activity.directory;
    if (auto added = wanted.add(directory + "/lti.xml", fmt::format("activity '{}'", shown(activity.module_id)));
        !added)
      return tl::make_unexpected(std::move(added.error()));
  }
  if (auto added = wanted.add("groups.xml", "groups", WantedFiles::If::it_is_there); !added)
    return tl::make_unexpected(std::move(added.error()));

  std::vector<CartridgeLink> links(activities.size());
  const auto take = [&](const std::string& name, std::string_view content,
                        const std::vector<std::size_t>& numbers) -> tl::expected<void, std::string> {
    const auto wrong = [&](const std::string& error) {
      return tl::make_unexpected(fmt::format("its file '{}' {}: back it up again", shown(name), error));
    };
    if (numbers.back() == links.size()) {
      auto groups = parse_moodle_groups(content);
      if (!groups) return wrong(groups.error());
      cartridge.groups = std::move(*groups);
      return {};
    }
    const auto lti = parse_moodle_lti(content);
    if (!lti) return wrong(lti.error());
    for (const auto number : numbers) {
      links[number] = link_from(*overview, *activities[number], *lti);
      if (auto kept = wanted.keep(bytes_of(links[number])); !kept) return kept;
    }
    return {};
  };
  if (auto read = wanted.read(path, take); !read) return tl::make_unexpected(std::move(read.error()));
  keep_launchable(cartridge, std::move(links));
  return cartridge;
}

}  // namespace host
