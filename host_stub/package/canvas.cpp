#include "package/canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "package/canvas_xml.h"
#include "package/cartridge_reader.h"
#include "package/custom_text.h"
#include "package/launch_target.h"
#include "package/wanted_files.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kModules = "course_settings/module_meta.xml";
constexpr std::string_view kAssignmentSettings = "/assignment_settings.xml";
constexpr const char* kAssignment = "canvas/assignment";  // how one without a type of its own is counted

/// Reads Canvas' own files beside those of links.
class CanvasReader {
 public:
  CanvasReader(const Manifest& manifest, const CartridgeLimits& limits)
      : manifest_(manifest), wanted_(limits, "its manifest"), links_(manifest.links, wanted_) {}

  tl::expected<void, std::string> read(const std::string& path) {
    if (auto named = links_.want_all(); !named) return named;
    first_assignment_ = wanted_.size();
    for (std::size_t i = 0; i < manifest_.others.size(); ++i) {
      const auto file = file_of_assignment(manifest_.others[i]);
      if (file.empty()) continue;
      if (auto added = wanted_.add(file, fmt::format("assignment '{}'", shown(manifest_.others[i].identifier))); !added)
        return added;
      other_of_assignment_.push_back(i);
    }
    assignments_.resize(other_of_assignment_.size());
    if (auto added = wanted_.add(std::string(kModules), "modules", WantedFiles::If::it_is_there); !added) return added;
    return wanted_.read(
        path, [&](const auto& name, auto content, const auto& numbers) { return take(name, content, numbers); });
  }

  /// Module items first, then assignments, then what neither uses.
  tl::expected<std::vector<CartridgeLink>, std::string> links() {
    files_ = links_.finish();
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!files_[i].lookup_uuid.empty())
        by_uuid_.emplace(files_[i].lookup_uuid, i);
      else
        by_identifier_.emplace(files_[i].link.identifier, i);
    }
    used_.resize(files_.size());
    std::vector<CartridgeLink> links;
    std::vector<CanvasPlacement> all = std::move(modules_);
    for (auto& assignment : assignments_)
      if (assignment) all.push_back(std::move(*assignment));
    for (auto& placement : all) {
      links.push_back(link_of(std::move(placement)));
      if (auto kept = wanted_.keep(bytes_of(links.back())); !kept) return tl::make_unexpected(kept.error());
    }
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (!used_[i]) links.push_back(std::move(files_[i].link));
    return links;
  }

  /// How many there are of each type, but for the assignments that have become links.
  [[nodiscard]] std::map<std::string, std::uint64_t> count_others() const {
    std::vector<bool> is_link(manifest_.others.size());
    for (std::size_t i = 0; i < assignments_.size(); ++i)
      is_link[other_of_assignment_[i]] = assignments_[i].has_value();
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t i = 0; i < manifest_.others.size(); ++i) {
      const auto& other = manifest_.others[i];
      const bool has_settings = !file_of_assignment(other).empty() && !other.type.starts_with("assignment");
      if (!is_link[i]) ++counts[has_settings ? kAssignment : other.type];
    }
    return counts;
  }

 private:
  static std::string file_of_assignment(const OtherResource& other) {
    for (const auto& file : other.files)
      if (file.ends_with(kAssignmentSettings) ||
          (other.type.starts_with("assignment_xmlv1p") && file.ends_with(".xml")))
        return file;
    return {};
  }

  tl::expected<void, std::string> take(const std::string& name, std::string_view content,
                                       const std::vector<std::size_t>& numbers) {
    const auto wrong = [&](const char* what, const std::string& error) {
      return tl::make_unexpected(fmt::format("its {} '{}' {}: export it again", what, shown(name), error));
    };
    if (std::any_of(numbers.begin(), numbers.end(), [&](auto number) { return links_.has(number); }))
      if (auto taken = links_.take(name, content, numbers); !taken) return taken;
    for (const auto number : numbers) {
      if (links_.has(number)) continue;
      if (number - first_assignment_ == assignments_.size()) {
        auto modules = parse_canvas_modules(content);
        if (!modules) return wrong("file", modules.error());
        modules_ = std::move(*modules);
        continue;
      }
      auto assignment = parse_canvas_assignment(content);
      if (!assignment) return wrong("assignment file", assignment.error());
      if (*assignment)
        if (auto kept = wanted_.keep(bytes_of((*assignment)->custom)); !kept) return kept;
      assignments_[number - first_assignment_] = *assignment;
    }
    return {};
  }

  CartridgeLink link_of(CanvasPlacement placement) {
    const auto found = [&](const auto& index, const std::string& key) -> const CartridgeLink* {
      const auto at = index.find(key);
      if (key.empty() || at == index.end()) return nullptr;
      used_[at->second] = true;
      return &files_[at->second].link;
    };
    CartridgeLink link;
    link.identifier = std::move(placement.identifier);
    link.title = std::move(placement.title);
    link.launch_url = std::move(placement.url);
    link.custom = std::move(placement.custom);
    link.vendor = std::move(placement.vendor);
    link.product = std::move(placement.product);
    for (const auto* from : {found(by_uuid_, placement.link_uuid), found(by_identifier_, placement.tool_ref)}) {
      if (from == nullptr) continue;
      if (link.title.empty()) link.title = from->title;
      if (link.launch_url.empty()) link.launch_url = from->launch_url;
      link.custom = with_defaults(std::move(link.custom), from->custom);
    }
    link.launch_host = host_of(link.launch_url).value_or("");
    link.handle = handle_of(link);
    return link;
  }

  const Manifest& manifest_;
  WantedFiles wanted_;
  LinkFiles links_;
  std::size_t first_assignment_ = 0;
  std::vector<std::size_t> other_of_assignment_;
  std::vector<std::optional<CanvasPlacement>> assignments_;
  std::vector<CanvasPlacement> modules_;
  std::vector<LinkFile> files_;
  std::vector<bool> used_;
  std::unordered_map<std::string, std::size_t> by_uuid_;
  std::unordered_map<std::string, std::size_t> by_identifier_;
};

}  // namespace

tl::expected<Cartridge, std::string> read_canvas(const std::string& path, std::string_view manifest_xml,
                                                 const CartridgeLimits& limits) {
  auto manifest = manifest_of(manifest_xml);
  if (!manifest) return tl::make_unexpected(std::move(manifest.error()));
  CanvasReader reader(*manifest, limits);
  if (auto read = reader.read(path); !read) return tl::make_unexpected(std::move(read.error()));
  Cartridge cartridge;
  cartridge.format = "Canvas export";
  cartridge.resources = reader.count_others();
  auto links = reader.links();
  if (!links) return tl::make_unexpected(std::move(links.error()));
  keep_launchable(cartridge, std::move(*links));
  cartridge.identifier = std::move(manifest->identifier);
  cartridge.title = std::move(manifest->title);
  cartridge.groups = std::move(manifest->groups);
  return cartridge;
}

}  // namespace host
