#include "package/cartridge_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <pugixml.hpp>
#include <sstream>

#include "package/cartridge_xml.h"

namespace host {

namespace {

struct FreeArchive {
  void operator()(archive* zip) const { archive_write_free(zip); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Zip = std::unique_ptr<archive, FreeArchive>;

std::string to_text(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
  return out.str();
}

pugi::xml_node append(pugi::xml_node parent, const char* name, const std::string& text) {
  auto node = parent.append_child(name);
  node.text().set(text.c_str());
  return node;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

std::string link_name(std::size_t ordinal) { return fmt::format("links/{:06}.xml", ordinal); }
std::string other_name(std::size_t ordinal) { return fmt::format("other/{:06}.html", ordinal); }

pugi::xml_node append_resource(pugi::xml_node resources, const std::string& identifier, const std::string& type,
                               const std::string& href) {
  auto resource = resources.append_child("resource");
  set(resource, "identifier", identifier);
  set(resource, "type", type);
  set(resource.append_child("file"), "href", href);
  return resource;
}

/// What only our own reader understands; others pass over it.
void append_groups(pugi::xml_node manifest, const std::vector<CartridgeGroup>& groups) {
  if (groups.empty()) return;
  auto list = manifest.append_child("groups");
  set(list, "xmlns", kExtensionNamespace);
  for (const auto& group : groups) set(append(list, "group", group.name), "id", group.id);
}

std::string manifest_text(const Cartridge& cartridge) {
  pugi::xml_document document;
  auto manifest = document.append_child("manifest");
  set(manifest, "identifier", cartridge.identifier);
  set(manifest, "xmlns", "http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1");
  set(manifest, "xmlns:lomimscc", "http://ltsc.ieee.org/xsd/imsccv1p3/LOM/manifest");
  const auto is_ours = [](const CartridgeLink& link) { return !link.handle.empty() || !link.tool.empty(); };
  if (std::any_of(cartridge.links.begin(), cartridge.links.end(), is_ours))
    set(manifest, "xmlns:ptb", kExtensionNamespace);
  auto metadata = manifest.append_child("metadata");
  append(metadata, "schema", "IMS Common Cartridge");
  append(metadata, "schemaversion", "1.3.0");
  auto title = metadata.append_child("lomimscc:lom").append_child("lomimscc:general").append_child("lomimscc:title");
  append(title, "lomimscc:string", cartridge.title);
  auto organization = manifest.append_child("organizations").append_child("organization");
  set(organization, "identifier", "organization");
  set(organization, "structure", "rooted-hierarchy");
  auto top = organization.append_child("item");
  set(top, "identifier", "top");
  auto resources = manifest.append_child("resources");
  std::size_t ordinal = 0;
  for (const auto& link : cartridge.links) {
    ++ordinal;
    auto item = top.append_child("item");
    set(item, "identifier", fmt::format("item{:06}", ordinal));
    set(item, "identifierref", link.identifier);
    append(item, "title", link.title);
    auto resource = append_resource(resources, link.identifier, "imsbasiclti_xmlv1p0", link_name(ordinal));
    if (!link.handle.empty()) set(resource, "ptb:handle", link.handle);
    if (!link.tool.empty()) set(resource, "ptb:tool", link.tool);
  }
  ordinal = 0;
  for (const auto& [type, count] : cartridge.resources)
    for (std::uint64_t i = 0; i < count; ++i) {
      ++ordinal;
      append_resource(resources, fmt::format("other{:06}", ordinal), type, other_name(ordinal));
    }
  append_groups(manifest, cartridge.groups);
  return to_text(document);
}

std::string link_text(const CartridgeLink& link) {
  pugi::xml_document document;
  auto root = document.append_child("cartridge_basiclti_link");
  set(root, "xmlns", "http://www.imsglobal.org/xsd/imslticc_v1p0");
  set(root, "xmlns:blti", "http://www.imsglobal.org/xsd/imsbasiclti_v1p0");
  set(root, "xmlns:lticm", "http://www.imsglobal.org/xsd/imslticm_v1p0");
  append(root, "blti:title", link.title);
  auto custom = root.append_child("blti:custom");
  for (const auto& [name, value] : link.custom) set(append(custom, "lticm:property", value), "name", name);
  append(root, link.launch_url.starts_with("https:") ? "blti:secure_launch_url" : "blti:launch_url", link.launch_url);
  return to_text(document);
}

bool add_file(archive* zip, const std::string& name, const std::string& content) {
  // Without a time of modification: it would be written in local time and make the bytes depend on the time zone.
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  return archive_write_header(zip, entry.get()) == ARCHIVE_OK &&
         archive_write_data(zip, content.data(), content.size()) == static_cast<la_ssize_t>(content.size());
}

bool write_all(archive* zip, const std::string& path, const Cartridge& cartridge) {
  if (archive_write_set_format_zip(zip) != ARCHIVE_OK) return false;
  if (archive_write_open_filename(zip, path.c_str()) != ARCHIVE_OK) return false;
  if (!add_file(zip, "imsmanifest.xml", manifest_text(cartridge))) return false;
  std::size_t ordinal = 0;
  for (const auto& link : cartridge.links)
    if (!add_file(zip, link_name(++ordinal), link_text(link))) return false;
  ordinal = 0;
  for (const auto& [type, count] : cartridge.resources)
    for (std::uint64_t i = 0; i < count; ++i)
      if (!add_file(zip, other_name(++ordinal), "<p>" + type + "</p>\n")) return false;
  return archive_write_close(zip) == ARCHIVE_OK;
}

}  // namespace

tl::expected<void, std::string> write_cartridge(const std::string& path, const Cartridge& cartridge) {
  const auto unfinished = path + ".part";
  const Zip zip(archive_write_new());
  std::error_code code;
  std::string why = "out of memory";
  if (zip && write_all(zip.get(), unfinished, cartridge)) {
    std::filesystem::rename(unfinished, path, code);
    if (!code) return {};
    why = code.message();
  } else if (zip) {
    const char* text = archive_error_string(zip.get());
    why = text == nullptr ? "no reason given" : text;
    archive_write_fail(zip.get());
  }
  std::filesystem::remove(unfinished, code);
  return tl::make_unexpected(
      fmt::format("cannot write the package '{}': {}: check the directory and the room on the disk", path, why));
}

}  // namespace host
