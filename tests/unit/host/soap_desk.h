// A SOAP service to talk to without a server: requests as text in, pages out. The two clients of old are played by
// what they are known to send.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "commands.h"
#include "soap/soap_service.h"
#include "temporary_directory.h"

namespace host::test {

inline constexpr const char* kContext = "/webapps/ws/services/Context.WS";
inline constexpr const char* kUtil = "/webapps/ws/services/Util.WS";
inline constexpr const char* kSoap11 = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr const char* kSoap12 = "http://www.w3.org/2003/05/soap-envelope";

inline std::string security(const std::string& password) {
  return fmt::format(
      "<wsse:Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/"
      "oasis-200401-wss-wssecurity-secext-1.0.xsd\"><wsse:UsernameToken><wsse:Username>session</wsse:Username>"
      "<wsse:Password>{}</wsse:Password></wsse:UsernameToken></wsse:Security>",
      password);
}

inline std::string envelope(const std::string& header, const std::string& body, const char* version = kSoap11) {
  return fmt::format("<e:Envelope xmlns:e=\"{}\"><e:Header>{}</e:Header><e:Body>{}</e:Body></e:Envelope>", version,
                     header, body);
}

/// An element of each pair.
inline std::string arguments(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) text += fmt::format("<{}>{}</{}>", name, soap::escaped(value), name);
  return text;
}

/// What stands in the first element of that name, whatever its prefix; "(empty)" where it ends at once, "(none)" where
/// there is none.
inline std::string text_in(const std::string& xml, const std::string& name) {
  for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    auto tag = xml.substr(at + 1, end - at - 1);
    if (tag.starts_with('/')) continue;
    const bool is_empty = tag.ends_with('/');
    tag = tag.substr(0, tag.find_first_of(" /"));
    if (tag.substr(tag.find(':') + 1) == name)
      return is_empty ? "(empty)" : xml.substr(end + 1, xml.find('<', end) - end - 1);
  }
  return "(none)";
}

/// The text of a fault over SOAP 1.1.
inline std::string fault_of(const Page& page) {
  EXPECT_EQ(page.status, 500U) << page.body;
  return text_in(page.body, "faultstring");
}

struct Desk {
  Desk() {
    global.state = directory / "state";
    global.quiet = true;
    begin();
  }
  void begin() {
    SoapTerms terms;
    terms.now_ms = [this] { return now_ms; };
    service = std::make_unique<SoapService>(global, terms);
  }

  Page send(const std::string& target, const std::string& body, std::map<std::string, std::string> headers = {},
            const std::string& method = "POST") const {
    Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    if (method == "POST") request.headers.emplace("content-type", "text/xml; charset=utf-8");
    request.body = body;
    return service->answer(request);
  }
  /// An operation over SOAP 1.1; `session`: the password of the token.
  Page call(const char* service_path, const std::string& operation, const std::string& inside,
            const std::string& session = "nosession") const {
    return send(service_path,
                envelope(security(session), fmt::format("<n:{0} xmlns:n=\"urn:x\">{1}</n:{0}>", operation, inside)));
  }
  std::string new_session() const { return text_in(call(kContext, "initialize", "").body, "return"); }
  Page log_in(const std::string& session, const std::string& secret, const std::string& seconds = "600",
              const std::string& program = "quiz") const {
    return call(kContext, "loginTool",
                arguments({{"password", secret},
                           {"clientVendorId", "acme"},
                           {"clientProgramId", program},
                           {"loginExtraInfo", ""},
                           {"expectedLifeSeconds", seconds}}),
                session);
  }
  Page register_tool(const std::string& description, const std::string& secret = "tool secret",
                     const std::string& password = "", const std::string& program = "quiz") const {
    return call(kContext, "registerTool",
                arguments({{"clientVendorId", "acme"},
                           {"clientProgramId", program},
                           {"registrationPassword", password},
                           {"description", description},
                           {"initialSharedSecret", secret},
                           {"requiredToolMethods", "Context.WS:loginTool"},
                           {"requiredToolMethods", "Util.WS:saveSetting"}}));
  }
  std::optional<Tool> tool(const Locator& locator = {"acme", "quiz"}) const {
    Session session(global, Session::Use::note);  // brings LMS and bridge to agree
    return session.lms().tool(locator);
  }
  std::string secret(const Locator& locator = {"acme", "quiz"}) const {
    return Session(global, Session::Use::lms).lms().secret(locator).value_or("(none)");
  }
  void set_password(const std::string& password) {
    RegistrationPassword change;
    change.file = directory.write("regpass", password + "\n");
    ASSERT_EQ(registration_password(global, change), kExitDone);
  }

  TemporaryDirectory directory;
  GlobalOptions global;
  std::int64_t now_ms = 1'000'000;
  std::unique_ptr<SoapService> service;
};

inline constexpr const char* kBareDescriptor = R"(<?xml version="1.0" encoding="UTF-8"?>
<tool-profile ltiVersion="2.0-July08"><vendor><code>acme</code></vendor>
<tool-info><code>quiz</code><name>Quiz</name></tool-info>
<tool-instance><base-urls><base-url type="http">http://127.0.0.1:1</base-url></base-urls></tool-instance>
<http-actions><action type="course-copied" path="/p"/></http-actions></tool-profile>)";

inline std::string placed_descriptor() {
  std::string text = kBareDescriptor;
  return text.insert(text.find("</tool-profile>"),
                     "<links><menu-link><name>M</name><category-choice><category>course</category></category-choice>"
                     "</menu-link></links>");
}

}  // namespace host::test
