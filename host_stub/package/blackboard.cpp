#include "package/blackboard.h"

#include <fmt/format.h>

#include <algorithm>

#include "package/blackboard_xml.h"
#include "package/cartridge_reader.h"
#include "package/custom_text.h"
#include "package/launch_target.h"
#include "package/wanted_files.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kOwn = "resource/x-bb";  // also of Blackboard's later tools, such as resource/x-bbpi-…
constexpr std::string_view kLtiLink = "resource/x-bb-blti-link";
constexpr std::string_view kLtiPlacement = "resource/x-bb-bltiplacement";

bool is_lti(std::string_view handler) { return handler == kLtiLink || handler.starts_with(kLtiPlacement); }

bool is_of_a_tool(std::string_view handler) {
  return is_lti(handler) || (handler.starts_with("resource/x-") && !handler.starts_with(kOwn));
}

/// Content has the type of a document, whatever handles it; that of some tools has their own.
bool is_content(std::string_view type) { return type == "resource/x-bb-document" || is_of_a_tool(type); }
bool is_course(std::string_view type) { return type == "course/x-bb-coursesetting"; }
bool is_groups(std::string_view type) { return type == "course/x-bb-group" || type == "course/x-bb-groups"; }

const std::string& entry(const BlackboardContent& content, std::string_view key) {
  static const std::string kNone;
  const auto found =
      std::find_if(content.extended.begin(), content.extended.end(), [&](const auto& one) { return one.first == key; });
  return found == content.extended.end() ? kNone : found->second;
}

/// "name=Acme&code=acme": the code.
std::string vendor_of(std::string_view info) {
  while (!info.empty()) {
    const auto part = info.substr(0, info.find('&'));
    info.remove_prefix(std::min(part.size() + 1, info.size()));
    if (part.starts_with("code=")) return std::string(part.substr(5));
  }
  return {};
}

std::size_t kept_bytes(const BlackboardContent& content) {
  return content.title.size() + content.handler.size() + content.url.size() + bytes_of(content.extended);
}

CartridgeLink link_from(const BlackboardResource& resource, const BlackboardContent& content) {
  CartridgeLink link;
  link.identifier = resource.identifier;
  link.title = content.title.empty() ? resource.title : content.title;
  link.launch_url = content.url;
  link.custom = custom_from_lines(entry(content, "customParameters"));
  if (is_lti(content.handler)) {
    if (link.launch_url.empty()) link.launch_url = entry(content, "alternateUrl");
    link.vendor = vendor_of(entry(content, "vendorInfo"));
    link.handle = handle_of(link);
    const auto placement =
        std::string_view(content.handler).substr(std::min(content.handler.size(), kLtiPlacement.size()));
    if (const auto code = code_from(placement); link.launch_url.empty() && content.handler != kLtiLink && !code.empty())
      link.waits_as = "bltiplacement/" + code;
  } else {
    CustomProperties others;
    for (const auto& one : content.extended)
      if (one.first != "customParameters") others.push_back(one);
    link.custom = with_defaults(std::move(link.custom), others);
    link.handle = content.handler;
    link.waits_as = locator_of_handle(content.handler);
  }
  link.launch_host = host_of(link.launch_url).value_or("");
  // A path on the Blackboard server that exported it says nothing here.
  if (link.launch_host.empty() && !link.waits_as.empty()) link.launch_url.clear();
  return link;
}

class BlackboardReader {
 public:
  BlackboardReader(const BlackboardManifest& manifest, const CartridgeLimits& limits)
      : manifest_(manifest), wanted_(limits, "its manifest") {}

  tl::expected<Cartridge, std::string> read(const std::string& path) {
    for (std::size_t i = 0; i < manifest_.resources.size(); ++i) {
      const auto& resource = manifest_.resources[i];
      const bool is_read = is_content(resource.type) || is_course(resource.type) || is_groups(resource.type);
      if (!is_read || resource.file.empty()) {
        ++cartridge_.resources[resource.type];
        continue;
      }
      if (auto added = wanted_.add(resource.file, fmt::format("resource '{}'", shown(resource.identifier))); !added)
        return tl::make_unexpected(std::move(added.error()));
      read_.push_back(i);
    }
    contents_.resize(read_.size());
    const auto taken = wanted_.read(
        path, [&](const auto& name, auto content, const auto& numbers) { return take(name, content, numbers); });
    if (!taken) return tl::make_unexpected(taken.error());
    std::vector<CartridgeLink> links;
    for (std::size_t number = 0; number < read_.size(); ++number) {
      const auto& resource = manifest_.resources[read_[number]];
      if (!is_content(resource.type)) continue;
      const auto& content = contents_[number];
      if (is_of_a_tool(content.handler))
        links.push_back(link_from(resource, content));
      else if (content.title != "--TOP--")  // the root of a content area, which no person sees
        ++cartridge_.resources[content.handler.empty() ? resource.type : content.handler];
    }
    keep_launchable(cartridge_, std::move(links));
    return std::move(cartridge_);
  }

 private:
  tl::expected<void, std::string> take(const std::string& name, std::string_view xml,
                                       const std::vector<std::size_t>& numbers) {
    const auto wrong = [&](const std::string& error) {
      return tl::make_unexpected(fmt::format("its file '{}' {}: export it again", shown(name), error));
    };
    const auto of_kind = [&](auto is_kind) {
      return std::any_of(numbers.begin(), numbers.end(),
                         [&](auto number) { return is_kind(manifest_.resources[read_[number]].type); });
    };
    if (of_kind(is_course)) {
      auto title = parse_blackboard_course(xml);
      if (!title) return wrong(title.error());
      if (cartridge_.title.empty()) cartridge_.title = std::move(*title);
    }
    if (of_kind(is_groups)) {
      auto groups = parse_blackboard_groups(xml);
      if (!groups) return wrong(groups.error());
      for (const auto& group : *groups)
        if (auto kept = wanted_.keep(group.id.size() + group.name.size()); !kept) return kept;
      std::move(groups->begin(), groups->end(), std::back_inserter(cartridge_.groups));
    }
    if (!of_kind(is_content)) return {};
    const auto content = parse_blackboard_content(xml);
    if (!content) return wrong(content.error());
    for (const auto number : numbers) {
      auto& kept = contents_[number] = *content;
      if (!is_of_a_tool(kept.handler)) kept.extended.clear();
      if (auto fits = wanted_.keep(kept_bytes(kept)); !fits) return fits;
    }
    return {};
  }

  const BlackboardManifest& manifest_;
  WantedFiles wanted_;
  Cartridge cartridge_;
  std::vector<std::size_t> read_;  // which resource the file with this number is of
  std::vector<BlackboardContent> contents_;
};

}  // namespace

tl::expected<Cartridge, std::string> read_blackboard(const std::string& path, std::string_view manifest_xml,
                                                     const CartridgeLimits& limits) {
  const auto manifest = parse_blackboard_manifest(manifest_xml);
  if (!manifest) return tl::make_unexpected(fmt::format("its imsmanifest.xml {}: export it again", manifest.error()));
  auto cartridge = BlackboardReader(*manifest, limits).read(path);
  if (!cartridge) return cartridge;
  cartridge->format = "Blackboard export";
  cartridge->identifier = manifest->identifier;
  return cartridge;
}

}  // namespace host
