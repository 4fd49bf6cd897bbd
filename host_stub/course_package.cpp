// See course_package.h.
#include "course_package.h"

namespace host {

namespace {

/// Where the item launches. One that came before launch URLs were kept gets the start of an address of its tool.
std::string launch_url_of(Lms& lms, const Item& item) {
  if (!item.launch_url.empty()) return item.launch_url;
  const auto tool = lms.tool(item.tool);
  if (tool && !tool->base_urls.empty()) return tool->base_urls.substr(0, tool->base_urls.find('\n'));
  return "https://" + item.tool.vendor + "/";  // a locator made from a launch host has it as its vendor
}

}  // namespace

Cartridge cartridge_of(Lms& lms, const Course& course) {
  Cartridge cartridge;
  cartridge.identifier = "course-" + course.id;
  cartridge.title = course.title;
  for (const auto& group : lms.groups(course.id)) cartridge.groups.push_back({group.id, group.name});
  for (const auto& item : lms.items(course.id)) {
    CartridgeLink link;
    link.identifier = "link-" + item.id;
    link.title = item.title;
    link.launch_url = launch_url_of(lms, item);
    link.handle = item.handle;
    link.tool = to_text(item.tool);
    lms.visit_settings(item.tool, "", item.id, [&](const Setting& setting) {
      if (setting.scope == "content") link.custom.emplace_back(setting.key, setting.value);
      return true;
    });
    cartridge.links.push_back(std::move(link));
  }
  return cartridge;
}

}  // namespace host
