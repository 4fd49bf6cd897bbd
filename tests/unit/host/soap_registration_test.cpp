// Tools that register themselves: who is let in, as what, and that a registration is done wholly or not at all.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "registration_password.h"
#include "reregister_call.h"
#include "self_registration.h"
#include "soap_desk.h"

namespace host::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr const char* kGuid = "[0-9a-f]{32}";

// What a PHP client sends: SOAP 1.1, the service's prefix bound on the Body, a security header whose Timestamp has the
// wrong prefix, and plain text for a description.
constexpr const char* kPhpRequest = R"(<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/">
<SOAP-ENV:Header>
<wsse:Security SOAP-ENV:mustunderstand="1" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
<wsse:Timestamp xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<wsse:Created>2009-01-01T00:00:00Z</wsse:Created><wsse:Expires>2009-01-01T00:05:00Z</wsse:Expires></wsse:Timestamp>
<wsse:UsernameToken><wsse:Username>session</wsse:Username>
<wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">{}</wsse:Password>
</wsse:UsernameToken></wsse:Security></SOAP-ENV:Header>
<SOAP-ENV:Body xmlns:ns1="http://context.ws.blackboard"><ns1:registerTool>
<ns1:clientVendorId>campus</ns1:clientVendorId><ns1:clientProgramId>sync</ns1:clientProgramId>
<ns1:registrationPassword></ns1:registrationPassword>
<ns1:description>Keeps rosters &amp; groups in step.</ns1:description>
<ns1:initialSharedSecret>s3cret</ns1:initialSharedSecret>
<ns1:requiredToolMethods>Context.WS:emulateUser</ns1:requiredToolMethods>
<ns1:requiredToolMethods>Course.WS:getCourse</ns1:requiredToolMethods>
</ns1:registerTool></SOAP-ENV:Body></SOAP-ENV:Envelope>)";

// What a Python client sends: SOAP 1.2 without a session, no time between Created and Expires, and a document in CDATA
// whose codes are not the ones that it registers under.
constexpr const char* kPythonRequest = R"(<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:con="http://context.ws.blackboard">
<soap:Header><wsse:Security soap:mustUnderstand="true" xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<wsu:Timestamp wsu:Id="TS-1"><wsu:Created>2014-02-03T04:05:06Z</wsu:Created><wsu:Expires>2014-02-03T04:05:06Z</wsu:Expires></wsu:Timestamp>
<wsse:UsernameToken wsu:Id="UT-1"><wsse:Username>session</wsse:Username><wsse:Password>nosession</wsse:Password></wsse:UsernameToken>
</wsse:Security></soap:Header>
<soap:Body><con:registerTool>
<con:clientVendorId>video</con:clientVendorId>
<con:clientProgramId>Video Library Tool</con:clientProgramId>
<con:registrationPassword>ignored where none is set</con:registrationPassword>
<con:description><![CDATA[<?xml version="1.0" encoding="UTF-8"?>
<tool-profile xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ltiVersion="2.0-July08">
  <vendor><code>video</code><name>Video</name></vendor>
  <tool-info><code>library</code><name>Video Library</name></tool-info>
  <tool-instance><base-urls><base-url type="http">http://127.0.0.1:1</base-url></base-urls></tool-instance>
  <http-actions>
    <action type="view" path="https://elsewhere.example/view"/>
    <action type="course-copied" path="/copied"/>
  </http-actions>
  <links><menu-link>
    <category-choice><category platform="blackboard">Whatever fits</category></category-choice>
    <name>Videos</name>
    <http-actions><action type="menu-view" path="/menu"/></http-actions>
    <icons><icon>/icon.png</icon></icons>
  </menu-link></links>
</tool-profile>]]></con:description>
<con:initialSharedSecret>a longer secret</con:initialSharedSecret>
<con:requiredToolMethods/>
</con:registerTool></soap:Body></soap:Envelope>)";

class SoapRegistration : public testing::Test {
 protected:
  Desk desk;
};

TEST_F(SoapRegistration, ThePhpClientRegisters) {
  const auto session = desk.new_session();
  const auto page = desk.send(kContext, fmt::format(fmt::runtime(kPhpRequest), session),
                              {{"content-type", "text/xml; charset=utf-8"}, {"soapaction", "\"registerTool\""}});
  EXPECT_EQ(page.status, 200U) << page.body;
  EXPECT_THAT(page.content_type, HasSubstr("text/xml"));
  EXPECT_EQ(text_in(page.body, "status"), "true") << page.body;
  EXPECT_THAT(page.body, HasSubstr("xmlns:t=\"http://context.ws.blackboard/xsd\""));
  const auto tool = desk.tool({"campus", "sync"});
  ASSERT_TRUE(tool);
  EXPECT_EQ(text_in(page.body, "proxyToolGuid"), tool->guid);
  EXPECT_THAT(tool->guid, MatchesRegex(kGuid));
  EXPECT_EQ(tool->state, "available") << "neither placements nor a registration password";
  EXPECT_THAT(tool->descriptor, HasSubstr("Keeps rosters &amp; groups in step."));
  EXPECT_EQ(desk.secret({"campus", "sync"}), "s3cret");
}

TEST_F(SoapRegistration, ThePythonClientRegisters) {
  const auto page = desk.send(
      kContext, kPythonRequest,
      {{"content-type", "application/soap+xml;charset=UTF-8;action=\"registerTool\""}, {"soapaction", "\"\""}});
  EXPECT_EQ(page.status, 200U) << page.body;
  EXPECT_THAT(page.content_type, HasSubstr("application/soap+xml"));
  EXPECT_THAT(page.body, HasSubstr(kSoap12));
  EXPECT_EQ(text_in(page.body, "status"), "true") << page.body;
  const Locator locator{"video", "Video Library Tool"};
  const auto tool = desk.tool(locator);
  ASSERT_TRUE(tool) << "known by what it registered as, not by its document";
  EXPECT_FALSE(desk.tool({"video", "library"}));
  EXPECT_EQ(tool->name, "Video Library");
  EXPECT_EQ(tool->state, "inactive") << "it has a placement";
  Session session(desk.global, Session::Use::note);
  const auto read = session.bridge().report({{"report", "descriptor"}, {"xml", tool->descriptor}});
  EXPECT_EQ(read.at("program"), "Video Library Tool");
  EXPECT_EQ(read.at("actions"), Json::array({"course-copied"}));
  EXPECT_EQ(read.at("unusable_actions"), Json::array({"view"})) << "kept, and ignored";
}

TEST_F(SoapRegistration, TheExampleRegisters) {
  std::ifstream file(std::string(PTB_EXAMPLES) + "/register-tool.xml");
  const std::string example((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text_in(desk.send(kContext, example).body, "status"), "true");
  EXPECT_EQ(desk.tool({"acme", "reader"})->state, "available");
}

TEST_F(SoapRegistration, AWrongPasswordRegistersNothing) {
  desk.set_password("open sesame");
  for (const char* wrong : {"", "open sesam", "open sesame "}) {
    const auto page = desk.register_tool(kBareDescriptor, "tool secret", wrong);
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(text_in(page.body, "status"), "false");
    EXPECT_EQ(text_in(page.body, "failureErrors"), "Invalid tool registration password supplied (acme/quiz)");
    EXPECT_THAT(page.body, Not(HasSubstr("proxyToolGuid")));
  }
  EXPECT_FALSE(desk.tool());
  EXPECT_EQ(desk.secret(), "(none)");
  EXPECT_EQ(text_in(desk.register_tool(kBareDescriptor, "tool secret", "open sesame").body, "status"), "true");
  EXPECT_EQ(desk.tool()->state, "unavailable") << "a password, and no placement";
}

TEST_F(SoapRegistration, ThePasswordIsKeptAsAHashAndCanBeCleared) {
  desk.set_password("open sesame");
  const auto kept = Session(desk.global, Session::Use::lms).lms().registration_password();
  EXPECT_THAT(kept, Not(HasSubstr("open")));
  EXPECT_TRUE(is_password("open sesame", kept));
  EXPECT_FALSE(is_password("open sesamf", kept));
  EXPECT_NE(hash_password("open sesame"), kept) << "salted";
  RegistrationPassword clear;
  clear.clear = true;
  EXPECT_EQ(registration_password(desk.global, clear), kExitDone);
  EXPECT_EQ(text_in(desk.register_tool(kBareDescriptor).body, "status"), "true");
  clear.file = "both";
  EXPECT_THROW(registration_password(desk.global, clear), Refusal);
}

TEST_F(SoapRegistration, PlacementsMakeAToolInactive) {
  desk.set_password("p");
  EXPECT_EQ(text_in(desk.register_tool(placed_descriptor(), "s", "p").body, "status"), "true");
  EXPECT_EQ(desk.tool()->state, "inactive");
}

TEST_F(SoapRegistration, AgainIsRefusedWhileAPasswordIsSet) {
  desk.set_password("p");
  desk.register_tool(kBareDescriptor, "s", "p");
  const auto page = desk.register_tool(placed_descriptor(), "s", "p");
  EXPECT_EQ(text_in(page.body, "status"), "false");
  EXPECT_EQ(text_in(page.body, "failureErrors"), kAlreadyRegistered);
  EXPECT_THAT(page.body, HasSubstr("ptb-host tool reregister acme/quiz"));
  EXPECT_THAT(desk.tool()->descriptor, Not(HasSubstr("menu-link")));
}

TEST_F(SoapRegistration, AgainWithoutAPasswordTakesTheToolsOwnSecret) {
  const auto first = desk.register_tool(kBareDescriptor, "s");
  ToolOptions allowed;
  allowed.allow_private = true;
  EXPECT_EQ(tool_save(desk.global, "acme/quiz", "inactive", allowed), kExitDone);
  EXPECT_EQ(text_in(desk.register_tool(placed_descriptor(), "another").body, "failureErrors"), kAlreadyRegistered)
      << "else anybody could take its place";
  EXPECT_EQ(desk.secret(), "s");
  const auto again = desk.register_tool(placed_descriptor(), "s");
  EXPECT_EQ(text_in(again.body, "status"), "true");
  EXPECT_EQ(text_in(again.body, "proxyToolGuid"), text_in(first.body, "proxyToolGuid"));
  EXPECT_THAT(desk.tool()->descriptor, HasSubstr("menu-link"));
  EXPECT_TRUE(desk.tool()->allow_private) << "what the administrator allowed stays";
}

TEST_F(SoapRegistration, TheReregisterCallbackLetsAToolIn) {
  desk.set_password("p");
  desk.register_tool(kBareDescriptor, "s", "p");
  const auto guid = desk.tool()->guid;
  {
    const ReregisterCall call({"acme", "quiz"}, "for this call");
    EXPECT_EQ(text_in(desk.register_tool(placed_descriptor(), "x", "for this cal").body, "status"), "false");
    const auto other = desk.register_tool(placed_descriptor(), "x", "for this call", "other");
    EXPECT_EQ(text_in(other.body, "status"), "false") << "it is the password of one tool";
    const auto page = desk.register_tool(placed_descriptor(), "ignored", "for this call");
    EXPECT_EQ(text_in(page.body, "status"), "true") << page.body;
    EXPECT_EQ(text_in(page.body, "proxyToolGuid"), guid);
    EXPECT_EQ(desk.secret(), "s") << "the secret that it sends says nothing";
    EXPECT_EQ(desk.tool()->state, "unavailable");
  }
  EXPECT_EQ(text_in(desk.register_tool(kBareDescriptor, "s", "for this call").body, "status"), "false");
  EXPECT_THAT(desk.tool()->descriptor, HasSubstr("menu-link"));
}

TEST_F(SoapRegistration, WhatIsWrongIsSaidAndNothingIsHalfDone) {
  const auto failure = [&](const Page& page) {
    EXPECT_EQ(page.status, 200U);
    EXPECT_EQ(text_in(page.body, "status"), "false");
    return text_in(page.body, "failureErrors");
  };
  EXPECT_THAT(failure(desk.register_tool("<tool-profile><vendor>")), HasSubstr("not XML"));
  EXPECT_THAT(failure(desk.register_tool("<profile/>")), HasSubstr("not &lt;tool-profile&gt;"));
  EXPECT_THAT(failure(desk.register_tool("<tool-profile/>")), HasSubstr("base URL"));
  EXPECT_THAT(failure(desk.register_tool(kBareDescriptor, "")), HasSubstr("initialSharedSecret is empty"));
  EXPECT_THAT(failure(desk.register_tool(kBareDescriptor, "s", "", "a/b")), HasSubstr("clientProgramId"));
  EXPECT_THAT(failure(desk.register_tool(kBareDescriptor, "s", "", " ")), HasSubstr("clientProgramId"));
  EXPECT_THAT(failure(desk.register_tool(kBareDescriptor, "s", "", std::string(201, 'p'))), HasSubstr("200 bytes"));
  EXPECT_FALSE(desk.tool());
  EXPECT_EQ(desk.secret(), "(none)");
  Session session(desk.global, Session::Use::note);
  EXPECT_TRUE(session.lms().tools().empty());
  EXPECT_EQ(session.bridge().report({{"report", "tools"}}).at("tools").size(), 0U);
}

TEST_F(SoapRegistration, ABrokenRepeatLeavesTheToolAsItWas) {
  desk.register_tool(kBareDescriptor, "s");
  const auto before = desk.tool();
  EXPECT_EQ(text_in(desk.register_tool("<tool-profile/>", "s").body, "status"), "false");
  EXPECT_EQ(desk.tool(), before);
}

TEST(Admission, WhoIsLetIn) {
  const auto asked = [](bool set, bool right, bool known, bool own, bool reregistering) {
    return admit({set, right, known, own, reregistering});
  };
  for (const bool own : {false, true}) {
    EXPECT_EQ(asked(false, false, false, own, false), Admission::fresh);
    EXPECT_EQ(asked(true, true, false, own, false), Admission::fresh);
    EXPECT_EQ(asked(true, false, false, own, true), Admission::wrong_password) << "nobody was called";
    EXPECT_EQ(asked(true, true, true, own, false), Admission::already_there);
    EXPECT_EQ(asked(true, false, true, own, false), Admission::wrong_password);
    EXPECT_EQ(asked(true, false, true, own, true), Admission::again);
    EXPECT_EQ(asked(false, false, true, own, true), Admission::again);
    EXPECT_EQ(asked(false, false, true, own, false), own ? Admission::again : Admission::already_there);
  }
}

TEST(DescriptorFor, ReplacesCodesAndKeepsTheRest) {
  const Locator locator{"v & co", "p"};
  const auto changed =
      descriptor_for(locator,
                     "\xEF\xBB\xBF \n<t:tool-profile xmlns:t=\"u\"><t:vendor><t:name>N</t:name></t:vendor>"
                     "<t:tool-info><t:code> <!-- c -->old</t:code></t:tool-info><x>\n</x></t:tool-profile>");
  EXPECT_THAT(changed, HasSubstr("<t:name>N</t:name><t:code>v &amp; co</t:code></t:vendor>"));
  EXPECT_THAT(changed, HasSubstr("<t:tool-info><t:code>p</t:code></t:tool-info><x>\n</x>"));
  EXPECT_THAT(descriptor_for(locator, ""), HasSubstr("<code>p</code><name>p</name><description></description>"));
  EXPECT_EQ(descriptor_for(locator, " <other/> "), "<other/>");
}

}  // namespace
}  // namespace host::test
