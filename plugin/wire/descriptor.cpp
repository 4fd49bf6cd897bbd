#include "wire/descriptor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "wire/base_url.h"

namespace ptb {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view local_name(const char* qualified) {
  const std::string_view name(qualified);
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_named(const pugi::xml_node& node, std::string_view name) {
  return node.type() == pugi::node_element && local_name(node.name()) == name;
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  return parent.find_child([&](const pugi::xml_node& node) { return is_named(node, name); });
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name, std::string_view grandchild) {
  return child(child(parent, name), grandchild);
}

/// Text of an element, its CDATA and its text between comments included.
std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const auto& piece : node.children())
    if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) text += piece.value();
  return std::string(trimmed(text));
}

std::string attribute(const pugi::xml_node& node, std::string_view name) {
  for (const auto& attribute : node.attributes())
    if (local_name(attribute.name()) == name) return attribute.value();
  return {};
}

bool has_attribute(const pugi::xml_node& node, std::string_view name) {
  const auto found = node.find_attribute([&](const pugi::xml_attribute& a) { return local_name(a.name()) == name; });
  return !found.empty();
}

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Nothing where the document does not say.
std::optional<bool> read_truth(const pugi::xml_node& node) {
  const std::string said = has_attribute(node, "value") ? attribute(node, "value") : text_of(node);
  if (said == "true" || said == "1") return true;
  if (said == "false" || said == "0") return false;
  return std::nullopt;
}

std::vector<Icon> read_icons(const pugi::xml_node& placement) {
  std::vector<Icon> icons;
  for (const auto& node : child(placement, "icons").children())
    if (is_named(node, "icon")) icons.push_back({text_of(node), attribute(node, "platform"), attribute(node, "style")});
  return icons;
}

/// One reading of one document.
class Reading {
 public:
  explicit Reading(std::string_view xml) : xml_(xml) {}
  Result<Descriptor> run();

 private:
  template <typename... Args>
  tl::unexpected<Error> wrong(const pugi::xml_node& where, fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Status::argument, fmt::format("descriptor line {}: {}", line_at(where.offset_debug()),
                                              fmt::format(format, std::forward<Args>(args)...)));
  }
  std::size_t line_at(std::ptrdiff_t offset) const {
    const auto end = std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(xml_.size()));
    return 1 + static_cast<std::size_t>(std::count(xml_.begin(), xml_.begin() + end, '\n'));
  }

  Result<void> parse();
  Result<void> read_identity();
  Result<std::string> read_code(std::string_view parent, std::string_view what) const;
  Result<void> read_base_urls();
  Result<void> read_digest();
  void read_services();
  Result<void> read_actions(const pugi::xml_node& parent, Actions& actions);
  Result<Action> read_action(const pugi::xml_node& node, const std::string& type) const;
  Result<void> read_content_handler(const pugi::xml_node& node);
  Result<void> read_menu_link(const pugi::xml_node& node);
  Result<void> read_links();
  bool is_usable(const Action& action) const;

  std::string_view xml_;
  pugi::xml_document document_;
  pugi::xml_node root_;
  Descriptor descriptor_;
};

Result<void> Reading::parse() {
  if (xml_.size() > kMaxDescriptorBytes)
    return fail(Status::argument,
                fmt::format("the descriptor has {} bytes: at most {} are read", xml_.size(), kMaxDescriptorBytes));
  if (trimmed(xml_).empty())
    return fail(Status::argument, "the descriptor is empty: a tool-profile document is needed");
  if (!is_clean_utf8(xml_)) return fail(Status::argument, "the descriptor is not UTF-8: save it in that encoding");
  // No DOCTYPE flag: it is passed over unread, so no entity of it exists.
  const auto parsed = document_.load_buffer(xml_.data(), xml_.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return fail(Status::argument,
                fmt::format("the descriptor is not XML: line {}: {}", line_at(parsed.offset), parsed.description()));
  for (const auto& node : document_.children()) {
    if (node.type() != pugi::node_element) continue;
    if (root_) return wrong(node, "not XML: a second root element <{}>", printable(node.name(), 60));
    root_ = node;
  }
  if (!root_) return fail(Status::argument, "the descriptor is not XML: it has no element");
  if (!is_named(root_, "tool-profile"))
    return wrong(root_, "the root element is <{}>, not <tool-profile>: this is no registration document",
                 printable(root_.name(), 60));
  return {};
}

Result<std::string> Reading::read_code(std::string_view parent, std::string_view what) const {
  const auto node = child(root_, parent, "code");
  const std::string code = text_of(node);
  if (code.empty()) return wrong(node ? node : root_, "there is no {} code: <{}><code> must hold one", what, parent);
  if (code.size() > 200) return wrong(node, "the {} code has {} bytes: at most 200 are allowed", what, code.size());
  if (code.find('/') != std::string::npos || has_control_character(code))
    return wrong(node, "the {} code '{}' holds a '/' or a control character: choose another", what,
                 printable(code, 100));
  return code;
}

Result<void> Reading::read_identity() {
  auto vendor = read_code("vendor", "vendor");
  if (!vendor) return fail(vendor.error());
  auto program = read_code("tool-info", "program");
  if (!program) return fail(program.error());
  descriptor_.vendor = *std::move(vendor);
  descriptor_.program = *std::move(program);
  const auto vendor_node = child(root_, "vendor");
  descriptor_.vendor_name = text_of(child(vendor_node, "name"));
  descriptor_.vendor_description = text_of(child(vendor_node, "description"));
  descriptor_.vendor_url = text_of(child(vendor_node, "url"));
  descriptor_.vendor_email = text_of(child(vendor_node, "contact", "email"));
  const auto info = child(root_, "tool-info");
  descriptor_.name = text_of(child(info, "name"));
  descriptor_.version = text_of(child(info, "version"));
  descriptor_.description = text_of(child(info, "description"));
  descriptor_.contact_email = text_of(child(child(root_, "tool-instance"), "contact", "email"));
  return {};
}

Result<void> Reading::read_base_urls() {
  constexpr std::array<std::string_view, 5> kTypes = {"http", "https", "server-to-server", "icon-http", "icon-https"};
  const auto list = child(root_, "tool-instance", "base-urls");
  for (const auto& node : list.children()) {
    if (!is_named(node, "base-url")) continue;
    const std::string type = attribute(node, "type");
    if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) continue;
    const std::string url = text_of(node);
    if (url.empty()) continue;
    if (const auto problem = base_url_problem(url); !problem.empty())
      return wrong(node, "the base URL '{}' {}", printable(url, 200), problem);
    if (type.ends_with("https") && !is_https(url))
      return wrong(node, "the base URL '{}' is of type {} but is not https", printable(url, 200), type);
    descriptor_.base_urls.emplace(type, url);
  }
  for (const auto type : {"server-to-server", "https", "http"})
    if (descriptor_.base_urls.count(type) != 0) return {};
  return wrong(list ? list : root_,
               "there is no base URL: <base-urls> needs a <base-url> of type http, https or server-to-server");
}

Result<void> Reading::read_digest() {
  const auto node = child(child(root_, "tool-instance", "security-profile"), "digest-algorithm");
  std::string name = text_of(node);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (name.empty() || name == "MD5")
    descriptor_.digest = DigestAlgorithm::md5;
  else if (name == "SHA" || name == "SHA1" || name == "SHA-1")
    descriptor_.digest = DigestAlgorithm::sha1;
  else
    return wrong(node, "the digest algorithm '{}' is unknown: use MD5 or SHA", printable(name, 60));
  return {};
}

bool Reading::is_usable(const Action& action) const {
  if (!is_absolute_url(action.path)) return true;
  for (const auto type : {"server-to-server", "https", "http"}) {
    const auto base = descriptor_.base_urls.find(type);
    if (base != descriptor_.base_urls.end() && is_under(action.path, base->second)) return true;
  }
  return false;
}

Result<Action> Reading::read_action(const pugi::xml_node& node, const std::string& type) const {
  Action action;
  action.path = trimmed(attribute(node, "path"));
  std::size_t length = characters_in(action.path);
  for (const auto& param : node.children()) {
    if (!is_named(param, "param")) continue;
    std::string name = attribute(param, "name");
    std::string value = attribute(param, "fixed");
    length += characters_in(name) + characters_in(value);
    // A parameter without a fixed value names something that Learn fills in for a user; here there is none.
    if (name.empty() || !has_attribute(param, "fixed")) continue;
    action.fixed.emplace_back(std::move(name), std::move(value));
  }
  if (length > kMaxPathAndParameters)
    return wrong(node, "path and fixed parameters of action '{}' have {} characters: at most {} are allowed",
                 printable(type, 60), length, kMaxPathAndParameters);
  if (has_control_character(action.path))
    return wrong(node, "the path of action '{}' holds a control character: remove it", printable(type, 60));
  return action;
}

Result<void> Reading::read_actions(const pugi::xml_node& parent, Actions& actions) {
  for (const auto& node : child(parent, "http-actions").children()) {
    if (!is_named(node, "action")) continue;
    const std::string type(trimmed(attribute(node, "type")));
    if (type.empty()) return wrong(node, "an <action> has no type: name the event that it is for");
    auto action = read_action(node, type);
    if (!action) return fail(action.error());
    if (is_usable(*action))
      actions.emplace(type, *std::move(action));
    else
      descriptor_.unusable_actions.push_back(type);
  }
  return {};
}

void Reading::read_services() {
  const auto needs = child(root_, "required-webservices");
  const auto read = [](const pugi::xml_node& login) {
    std::vector<Descriptor::Service> services;
    for (const auto& node : login.children()) {
      if (!is_named(node, "service")) continue;
      Descriptor::Service service{std::string(trimmed(attribute(node, "name"))), {}};
      for (const auto& operation : node.children())
        if (is_named(operation, "operation")) service.operations.push_back(text_of(operation));
      services.push_back(std::move(service));
    }
    return services;
  };
  descriptor_.tool_login = read(child(needs, "tool-login"));
  descriptor_.ticket_login = read(child(needs, "ticket-login"));
}

Result<void> Reading::read_content_handler(const pugi::xml_node& node) {
  Descriptor::ContentHandler handler;
  handler.name = text_of(child(node, "name"));
  handler.handle = attribute(child(node, "handle"), "value");
  handler.can_copy = read_truth(child(node, "can-copy"));
  handler.icons = read_icons(node);
  if (auto read = read_actions(node, handler.actions); !read) return read;
  descriptor_.content_handlers.push_back(std::move(handler));
  return {};
}

Result<void> Reading::read_menu_link(const pugi::xml_node& node) {
  Descriptor::MenuLink link;
  link.name = text_of(child(node, "name"));
  link.description = text_of(child(node, "description"));
  for (const auto& category : child(node, "category-choice").children())
    if (is_named(category, "category")) link.categories.push_back({text_of(category), attribute(category, "platform")});
  link.icons = read_icons(node);
  if (auto read = read_actions(node, link.actions); !read) return read;
  descriptor_.menu_links.push_back(std::move(link));
  return {};
}

Result<void> Reading::read_links() {
  for (const auto& node : child(root_, "links").children()) {
    Result<void> read;
    if (is_named(node, "content-handler")) read = read_content_handler(node);
    if (is_named(node, "menu-link")) read = read_menu_link(node);
    if (!read) return read;
  }
  return {};
}

Result<Descriptor> Reading::run() {
  if (auto done = parse(); !done) return fail(done.error());
  if (auto done = read_identity(); !done) return fail(done.error());
  if (auto done = read_base_urls(); !done) return fail(done.error());
  if (auto done = read_digest(); !done) return fail(done.error());
  read_services();
  if (auto done = read_actions(root_, descriptor_.actions); !done) return fail(done.error());
  if (auto done = read_links(); !done) return fail(done.error());
  return std::move(descriptor_);
}

}  // namespace

Result<Descriptor> read_descriptor(std::string_view xml) { return Reading(xml).run(); }

}  // namespace ptb
