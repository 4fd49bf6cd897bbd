#include "self_registration.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "output.h"
#include "registration_password.h"
#include "reregister_call.h"
#include "state_directory.h"
#include "text/utf8.h"
#include "tool_registration.h"

namespace host {

namespace {

constexpr std::size_t kMostCodeBytes = 200;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

/// The descriptor's reader trims codes, and so must whoever compares with them.
std::string code_from(std::string_view text, const char* argument) {
  auto code = trimmed(text);
  const bool has_control =
      std::any_of(code.begin(), code.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (code.empty() || code.size() > kMostCodeBytes || has_control || code.find('/') != std::string::npos)
    refuse("{} \"{}\" is no code: write 1 to {} bytes without '/' and control characters", argument, shown(code, 60),
           kMostCodeBytes);
  return code;
}

std::string_view local_name(pugi::xml_node node) {
  const std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// The child of that local name; made, with the prefix of its parent, where there is none.
pugi::xml_node child_or_new(pugi::xml_node parent, std::string_view name) {
  const auto found = parent.find_child(
      [&](pugi::xml_node node) { return node.type() == pugi::node_element && local_name(node) == name; });
  if (found) return found;
  const std::string_view whole = parent.name();
  const auto prefix = whole.substr(0, whole.size() - local_name(parent).size());
  return parent.append_child((std::string(prefix) + std::string(name)).c_str());
}

void set_text(pugi::xml_node node, const std::string& text) {
  while (node.first_child()) node.remove_child(node.first_child());
  node.append_child(pugi::node_pcdata).set_value(text.c_str());
}

void set_codes(pugi::xml_node profile, const Locator& locator) {
  set_text(child_or_new(child_or_new(profile, "vendor"), "code"), locator.vendor);
  set_text(child_or_new(child_or_new(profile, "tool-info"), "code"), locator.program);
}

std::string written(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw, pugi::encoding_utf8);
  return out.str();
}

/// A document has to name an address. Nothing is ever sent to this one: no action names a path.
std::string plain_descriptor(const Locator& locator, const std::string& text) {
  pugi::xml_document document;
  auto profile = document.append_child("tool-profile");
  profile.append_attribute("ltiVersion") = "2.0-July08";
  set_codes(profile, locator);
  auto info = child_or_new(profile, "tool-info");
  set_text(child_or_new(info, "name"), locator.program);
  set_text(child_or_new(info, "description"), text);
  auto url = child_or_new(child_or_new(child_or_new(profile, "tool-instance"), "base-urls"), "base-url");
  url.append_attribute("type") = "https";
  set_text(url, "https://not-described.invalid");
  return written(document);
}

}  // namespace

Admission admit(const Asked& asked) {
  if (asked.is_known && asked.is_reregistering) return Admission::again;
  if (asked.password_set && !asked.password_right) return Admission::wrong_password;
  if (!asked.is_known) return Admission::fresh;
  return !asked.password_set && asked.is_own_secret ? Admission::again : Admission::already_there;
}

std::string descriptor_for(const Locator& locator, std::string_view description) {
  auto text = trimmed(description.starts_with("\xEF\xBB\xBF") ? description.substr(3) : description);
  if (!text.starts_with('<')) return plain_descriptor(locator, text);
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  const auto profile = document.document_element();
  if (!parsed || local_name(profile) != "tool-profile") return text;
  set_codes(profile, locator);
  return written(document);
}

SelfRegistered register_self(Session& session, const SelfRegistration& registration) {
  try {
    const Locator locator{code_from(registration.vendor, "clientVendorId"),
                          code_from(registration.program, "clientProgramId")};
    const auto kept = session.lms().registration_password();
    const auto secret = session.lms().secret(locator);
    Asked asked;
    asked.password_set = !kept.empty();
    asked.is_known = session.lms().tool(locator).has_value();
    asked.is_own_secret = secret && is_same_secret(*secret, registration.secret);
    asked.is_reregistering = is_reregistering(locator, registration.password);
    asked.password_right = asked.password_set && !asked.is_reregistering && is_password(registration.password, kept);
    const auto admission = admit(asked);
    if (admission == Admission::wrong_password)
      return {"", "", {fmt::format("Invalid tool registration password supplied ({})", to_text(locator))}};
    if (admission == Admission::already_there)
      return {"",
              "",
              {kAlreadyRegistered,
               fmt::format("{0} is registered already: `ptb-host tool reregister {0}` asks it to register again, "
                           "`ptb-host tool remove {0}` makes room",
                           to_text(locator))}};
    ToolAdd add;
    add.descriptor_file = "description";
    add.registration_password = asked.password_set;
    add.keeps_options = true;
    RegistrationFiles files{descriptor_for(locator, registration.description), std::nullopt, {}};
    if (admission == Admission::fresh) {
      check_secret_text(registration.secret, "initialSharedSecret");
      files.secret = registration.secret;
    }
    const auto [tool, known_before] = register_tool(session, add, files);
    return {tool.guid, tool.state};
  } catch (const StateHeld&) {
    throw;
  } catch (const BridgeError& error) {
    if (error.status() != PTB_E_ARGUMENT && error.status() != PTB_E_REFUSED) throw;
    return {"", "", {error.what()}};
  } catch (const Refusal& refusal) {
    return {"", "", {refusal.what()}};
  }
}

void deactivate(Session& session, const Locator& locator) {
  auto tool = session.need_tool(locator);
  tool.state = "inactive";
  store_tool(session, tool, std::nullopt, tool.state);
}

}  // namespace host
