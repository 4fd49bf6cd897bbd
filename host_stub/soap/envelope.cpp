#include "soap/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "soap/multipart.h"
#include "text/utf8.h"

namespace host::soap {

namespace {

constexpr std::string_view kEnvelope11 = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kEnvelope12 = "http://www.w3.org/2003/05/soap-envelope";
constexpr std::string_view kSpace = " \t\r\n";

std::string_view local_name(const char* qualified) {
  const std::string_view name(qualified);
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(pugi::xml_node parent, std::string_view name) {
  return parent.find_child(
      [&](pugi::xml_node node) { return node.type() == pugi::node_element && local_name(node.name()) == name; });
}

pugi::xml_node first_element(pugi::xml_node parent) {
  return parent.find_child([](pugi::xml_node node) { return node.type() == pugi::node_element; });
}

/// All text directly inside, also where comments or CDATA split it.
std::string text_in(pugi::xml_node node) {
  std::string text;
  for (const auto piece : node.children())
    if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) text += piece.value();
  if (!is_utf8(text)) throw sender_fault(fmt::format("the text of <{}> is not UTF-8", shown(node.name(), 60)));
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_nil(pugi::xml_node node) {
  const auto nil = node.find_attribute([](pugi::xml_attribute a) { return local_name(a.name()) == "nil"; });
  return nil.as_bool();
}

/// The walk of pugixml does not recurse, so that depth costs no stack before it is found out.
class DepthCheck : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node&) override { return depth() <= kDeepest; }
};

void parse(pugi::xml_document& document, const SoapBody& body) {
  if (body.xml.size() > kMostRequestBytes)
    throw Fault(Fault::Side::sender, kFailed,
                fmt::format("the request has {} bytes: at most {} are read", body.xml.size(), kMostRequestBytes), 413);
  const auto encoding = body.is_latin1 ? pugi::encoding_latin1 : pugi::encoding_auto;
  const auto parsed =
      document.load_buffer(body.xml.data(), body.xml.size(),
                           pugi::parse_default | pugi::parse_doctype | pugi::parse_ws_pcdata_single, encoding);
  if (!parsed)
    throw sender_fault(
        fmt::format("the request is not XML: byte {}: {}: send a SOAP envelope", parsed.offset, parsed.description()));
  for (const auto node : document.children())
    if (node.type() == pugi::node_doctype) throw sender_fault("a SOAP request has no DOCTYPE: remove it");
  DepthCheck check;
  if (!document.traverse(check))
    throw sender_fault(fmt::format("elements lie more than {} deep in each other: that is no call", kDeepest));
}

/// The namespace that the prefix of the root element is bound to, there.
std::string_view namespace_of(pugi::xml_node root) {
  const std::string_view name(root.name());
  const auto colon = name.find(':');
  const auto bound = colon == std::string_view::npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon));
  return root.attribute(bound.c_str()).value();
}

Version version_of(pugi::xml_node root) {
  if (local_name(root.name()) != "Envelope")
    throw sender_fault(
        fmt::format("the root element is <{}>, not <Envelope>: send a SOAP envelope", shown(root.name(), 60)));
  const auto bound = namespace_of(root);
  if (bound == kEnvelope11) return Version::soap11;
  if (bound == kEnvelope12) return Version::soap12;
  throw Fault(Fault::Side::version, kFailed,
              fmt::format("the envelope's namespace \"{}\" is none of SOAP: use {} or {}", shown(bound, 100),
                          kEnvelope11, kEnvelope12));
}

std::optional<UserToken> token_in(pugi::xml_node header) {
  const auto token = child(child(header, "Security"), "UsernameToken");
  if (!token) return std::nullopt;
  const auto password = child(token, "Password");
  const auto type =
      password.find_attribute([](pugi::xml_attribute a) { return local_name(a.name()) == "Type"; }).value();
  if (std::string_view(type).ends_with("PasswordDigest"))
    throw sender_fault("the UsernameToken holds a digest: send the session as PasswordText");
  return UserToken{trimmed(text_in(child(token, "Username"))), trimmed(text_in(password))};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string header(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

std::string unquoted(std::string text) {
  text = trimmed(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

/// The last part of an action, which may be a bare name or a URI that ends with it.
std::string action_of(const Request& request, const SoapBody& body, pugi::xml_node soap_header) {
  auto action = unquoted(header(request, "soapaction"));
  if (action.empty()) action = unquoted(body.action);
  if (action.empty()) action = trimmed(text_in(child(soap_header, "Action")));
  return action.substr(action.find_last_of("/#:") + 1);
}

const char* envelope_namespace(Version version) {
  return version == Version::soap11 ? kEnvelope11.data() : kEnvelope12.data();
}

Page page(Version version, std::uint32_t status, std::string_view inner) {
  return {status, version == Version::soap11 ? "text/xml; charset=utf-8" : "application/soap+xml; charset=utf-8",
          fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"{}\">"
                      "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>\n",
                      envelope_namespace(version), inner)};
}

}  // namespace

std::string Call::argument(std::string_view name) const {
  for (const auto& [found, value] : arguments)
    if (found == name) return value;
  return {};
}

Version version_from_headers(const Request& request) {
  return lower(header(request, "content-type")).find("application/soap+xml") != std::string::npos ? Version::soap12
                                                                                                  : Version::soap11;
}

Call read_call(const Request& request) {
  const auto body = soap_body(header(request, "content-type"), request.body);
  pugi::xml_document document;
  parse(document, body);
  const auto root = first_element(document);
  if (!root) throw sender_fault("the request has no element: send a SOAP envelope");
  Call call;
  call.version = version_of(root);
  const auto soap_header = child(root, "Header");
  const auto soap_body_node = child(root, "Body");
  if (!soap_body_node) throw sender_fault("the envelope has no Body: it must hold the operation");
  call.token = token_in(soap_header);
  const auto operation = first_element(soap_body_node);
  call.operation = operation ? std::string(local_name(operation.name())) : action_of(request, body, soap_header);
  if (call.operation.empty()) throw sender_fault("the Body is empty and no SOAPAction says what is to be done");
  for (const auto argument : operation.children())
    if (argument.type() == pugi::node_element && !is_nil(argument)) {
      if (local_name(first_element(argument).name()) == "Include")
        throw sender_fault(fmt::format("<{}> refers to an attachment: send its text in the envelope, without MTOM",
                                       shown(argument.name(), 60)));
      call.arguments.emplace_back(local_name(argument.name()), text_in(argument));
    }
  return call;
}

Page answer_page(Version version, std::string_view inner) { return page(version, 200, inner); }

Page fault_page(Version version, const Fault& fault) {
  const auto text = escaped(fault.what());
  const auto side = fault.side();
  if (version == Version::soap11) {
    const auto* code = side == Fault::Side::sender     ? "Client"
                       : side == Fault::Side::receiver ? "Server"
                                                       : "VersionMismatch";
    return page(version, fault.http_status(),
                fmt::format("<soapenv:Fault><faultcode>soapenv:{}</faultcode><faultstring>{}</faultstring>"
                            "</soapenv:Fault>",
                            code, text));
  }
  const auto* code = side == Fault::Side::sender     ? "Sender"
                     : side == Fault::Side::receiver ? "Receiver"
                                                     : "VersionMismatch";
  return page(version, fault.http_status(),
              fmt::format("<soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:{}</soapenv:Value></soapenv:Code>"
                          "<soapenv:Reason><soapenv:Text xml:lang=\"en\">{}</soapenv:Text></soapenv:Reason>"
                          "</soapenv:Fault>",
                          code, text));
}

std::string escaped(std::string_view text) {
  std::string out;
  const bool is_text = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\r')
      out += "&#13;";
    else if ((byte < 0x20 && c != '\n' && c != '\t') || (byte >= 0x80 && !is_text))
      out += "\xEF\xBF\xBD";
    else
      out += c;
  }
  return out;
}

}  // namespace host::soap
