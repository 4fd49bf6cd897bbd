// See tool_finder.h.
#include "tool_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "package/launch_target.h"
#include "refusal.h"

namespace host {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// The locator in a text of the package; nothing where it gives none, or one that cannot be.
std::optional<Locator> locator_in(const std::string& text) {
  if (text.empty()) return std::nullopt;
  try {
    return locator_from(text);
  } catch (const Refusal&) {
    return std::nullopt;
  }
}

void add_once(std::vector<Locator>& tools, const Locator& tool) {
  if (std::find(tools.begin(), tools.end(), tool) == tools.end()) tools.push_back(tool);
}

[[noreturn]] void refuse_two(const char* what, const std::string& key, const std::vector<Locator>& tools) {
  refuse("{} {} could belong to {} or {}: say which with --map {}=VENDOR/PROGRAM", what, key, to_text(tools[0]),
         to_text(tools[1]), key);
}

}  // namespace

ToolFinder::ToolFinder(Session& session, const std::vector<std::string>& maps) : session_(session) {
  for (const auto& map : maps) {
    const auto equals = map.find('=');
    if (equals == std::string::npos || equals == 0) wrong_usage("--map {}: write LAUNCH_HOST=VENDOR/PROGRAM", map);
    maps_[lower(std::string_view(map).substr(0, equals))] = locator_from(std::string_view(map).substr(equals + 1));
  }
  for (const auto& tool : session.lms().tools()) {
    for (std::size_t at = 0; at < tool.base_urls.size();) {
      const auto end = std::min(tool.base_urls.find('\n', at), tool.base_urls.size());
      if (const auto host = host_of(std::string_view(tool.base_urls).substr(at, end - at)))
        add_once(by_host_[*host], tool.locator);
      at = end + 1;
    }
  }
}

void ToolFinder::index_handles() {
  by_handle_.emplace();
  for (const auto& tool : session_.lms().tools()) {
    try {
      const auto profile = session_.bridge().report({{"report", "descriptor"}, {"xml", tool.descriptor}});
      for (const auto& handler : profile.at("content_handlers"))
        add_once((*by_handle_)[handler.at("handle").get<std::string>()], tool.locator);
    } catch (const BridgeError&) {
      continue;  // a tool without a descriptor, such as one of another wire, handles nothing
    }
  }
}

std::optional<Locator> ToolFinder::mapped(const CartridgeLink& link, const Locator& waiting) {
  for (const auto& key : {link.launch_host, link.handle, to_text(waiting)})
    if (const auto found = maps_.find(lower(key)); !key.empty() && found != maps_.end()) {
      used_.insert(found->first);
      return found->second;
    }
  return std::nullopt;
}

std::optional<Locator> ToolFinder::with_host(const std::string& host) {
  const auto found = by_host_.find(host);
  if (host.empty() || found == by_host_.end()) return std::nullopt;
  if (found->second.size() > 1) refuse_two("links to", host, found->second);
  return found->second.front();
}

std::optional<Locator> ToolFinder::with_handle(const CartridgeLink& link) {
  if (link.handle.empty()) return std::nullopt;
  if (!by_handle_) index_handles();
  const auto found = by_handle_->find(link.handle);
  if (found == by_handle_->end()) return std::nullopt;
  if (found->second.size() == 1) return found->second.front();
  // Of those with this handle there may be one that the link launches.
  const auto at_host = by_host_.find(link.launch_host);
  Tools both;
  for (const auto& tool : found->second)
    if (at_host != by_host_.end() &&
        std::find(at_host->second.begin(), at_host->second.end(), tool) != at_host->second.end())
      both.push_back(tool);
  if (both.size() == 1) return both.front();
  refuse_two("content of", link.handle, found->second);
}

Locator ToolFinder::find(const CartridgeLink& link) {
  // A '/' cannot be in a host; anything else that a locator may not hold is refused by the bridge.
  const auto waiting = locator_in(link.waits_as).value_or(Locator{lower(link.launch_host), "lti"});
  if (const auto tool = mapped(link, waiting)) return *tool;
  const auto claimed = [&](const Locator& locator) { return session_.lms().claimed_by(locator).value_or(locator); };
  if (const auto named = locator_in(link.tool)) return claimed(*named);
  if (const auto tool = with_handle(link)) return *tool;
  const Locator coded{link.vendor, link.product};
  if (!link.vendor.empty() && !link.product.empty() && session_.lms().tool(coded)) return coded;
  if (const auto tool = with_host(lower(link.launch_host))) return *tool;
  return claimed(waiting);
}

std::vector<std::string> ToolFinder::unused() const {
  std::vector<std::string> keys;
  for (const auto& [key, tool] : maps_)
    if (!used_.contains(key)) keys.push_back(key);
  return keys;
}

}  // namespace host
