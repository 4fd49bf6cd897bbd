// The SOAP services beside registration: sessions, settings, descriptions.
#include "soap/soap_service.h"

#include <gmock/gmock.h>

#include <pugixml.hpp>
#include <set>
#include <thread>

#include "soap/contract.h"
#include "soap_desk.h"

namespace host::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class SoapServiceTest : public testing::Test {
 protected:
  /// A session with which acme/quiz has logged in.
  std::string logged_in(const std::string& seconds = "600") {
    if (!desk.tool()) desk.register_tool(kBareDescriptor, "s");
    const auto session = desk.new_session();
    const auto page = desk.log_in(session, "s", seconds);
    EXPECT_EQ(text_in(page.body, "return"), "true") << page.body;
    return session;
  }
  std::string setting(const std::string& operation, const std::string& scope, const std::string& id,
                      const std::string& key, const std::string& session, const std::string& value = {}) {
    auto inside = arguments({{"scope", scope}, {"id", id}, {"key", key}});
    if (operation == "saveSetting") inside += arguments({{"value", value}});
    const auto page = desk.call(kUtil, operation, inside, session);
    return page.status == 200 ? text_in(page.body, "return") : text_in(page.body, "faultstring");
  }
  Desk desk;
};

TEST_F(SoapServiceTest, ASessionIsToBeUsedWithinFiveMinutes) {
  const auto session = desk.new_session();
  EXPECT_THAT(session, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(session, desk.new_session());
  desk.register_tool(kBareDescriptor, "s");
  desk.now_ms += 299'999;
  EXPECT_EQ(desk.call(kContext, "getServerVersion", "", session).status, 200U);
  desk.now_ms += 1;
  EXPECT_THAT(fault_of(desk.log_in(session, "s")), HasSubstr("[WSFW001]Invalid session"));
  EXPECT_EQ(desk.call(kContext, "initialize", "", session).status, 200U) << "a new one can be begun with the old";
}

TEST_F(SoapServiceTest, ALoginLivesAsLongAsTheToolAsksFor) {
  const auto session = logged_in("1000");
  desk.now_ms += 999'999;
  EXPECT_EQ(setting("saveSetting", "0", "", "k", session, "v"), "true");
  EXPECT_EQ(text_in(desk.call(kContext, "extendSessionLife", arguments({{"additionalSeconds", "100"}}), session).body,
                    "return"),
            "true");
  desk.now_ms += 100'000;
  EXPECT_EQ(setting("loadSetting", "0", "", "k", session), "v");
  desk.now_ms += 1;
  EXPECT_THAT(setting("loadSetting", "0", "", "k", session), HasSubstr("WSFW001"));
  const auto greedy = logged_in("99999999999999");
  desk.now_ms += soap::kLongestLifeSeconds * 1000 - 1;
  EXPECT_EQ(setting("loadSetting", "0", "", "k", greedy), "v");
  desk.now_ms += 1;
  EXPECT_THAT(setting("loadSetting", "0", "", "k", greedy), HasSubstr("WSFW001"));
}

TEST_F(SoapServiceTest, LogoutEndsASession) {
  const auto session = logged_in();
  EXPECT_EQ(text_in(desk.call(kContext, "logout", "", session).body, "return"), "true");
  EXPECT_THAT(setting("loadSetting", "0", "", "k", session), HasSubstr("WSFW001"));
}

TEST_F(SoapServiceTest, LoginSaysWhatIsWrong) {
  desk.register_tool(kBareDescriptor, "s");
  EXPECT_THAT(fault_of(desk.log_in("nosession", "s")), HasSubstr("[WSFW001]"));
  EXPECT_THAT(fault_of(desk.log_in(desk.new_session(), "S")), HasSubstr("[Context.WS002]"));
  EXPECT_THAT(fault_of(desk.log_in(desk.new_session(), "")), HasSubstr("[Context.WS002]"));
  EXPECT_THAT(fault_of(desk.log_in(desk.new_session(), "s", "1", "other")), HasSubstr("[Context.WS003]"));
  EXPECT_EQ(tool_save(desk.global, "acme/quiz", "unavailable", {}), kExitDone);
  EXPECT_THAT(fault_of(desk.log_in(desk.new_session(), "s")), HasSubstr("[Context.WS006]"));
}

TEST_F(SoapServiceTest, DeactivateWaitsForAnAdministrator) {
  const auto session = logged_in();
  EXPECT_EQ(desk.tool()->state, "available");
  EXPECT_EQ(text_in(desk.call(kContext, "deactivateTool", arguments({{"ignore", ""}}), session).body, "status"),
            "true");
  EXPECT_EQ(desk.tool()->state, "inactive");
  EXPECT_THAT(fault_of(desk.call(kContext, "deactivateTool", "")), HasSubstr("[WSFW004]"));
}

TEST_F(SoapServiceTest, SettingsAreThoseOfTheToolThatLoggedIn) {
  EXPECT_EQ(course_create(desk.global, "C1"), kExitDone);
  const auto session = logged_in();
  EXPECT_EQ(setting("saveSetting", "0", "any id", "colour", session, "green & <\xC3\xA9>\n "), "true");
  EXPECT_EQ(setting("saveSetting", "1", "C1", "colour", session, ""), "true");
  EXPECT_EQ(setting("loadSetting", "system", "", "colour", session), "green &amp; &lt;\xC3\xA9&gt;\n ");
  EXPECT_EQ(setting("loadSetting", "1", "C1", "colour", session), "");
  EXPECT_THAT(desk.call(kUtil, "loadSetting", arguments({{"scope", "0"}, {"key", "none"}}), session).body,
              HasSubstr("nil=\"true\""));
  EXPECT_THAT(setting("saveSetting", "0", "", "mac", session, "x"), HasSubstr("mac"));
  EXPECT_THAT(setting("saveSetting", "0", "", "k", session, std::string(8193, 'x')), HasSubstr("at most 8192"));
  EXPECT_THAT(setting("saveSetting", "3", "", "k", session, "x"), HasSubstr("write 0 for system"));
  EXPECT_THAT(setting("saveSetting", "1", "nowhere", "k", session, "x"), HasSubstr("nowhere"));
  EXPECT_THAT(setting("saveSetting", "2", "", "k", session, "x"), HasSubstr("wants the id"));
  EXPECT_THAT(setting("loadSetting", "0", "", "colour", "nosession"), HasSubstr("[WSFW004]"));
  EXPECT_THAT(setting("loadSetting", "0", "", "colour", desk.new_session()), HasSubstr("[WSFW004]"));
  {
    Session other(desk.global, Session::Use::lms);
    other.lms().set_setting({"other", "tool"}, {"system", "", "theirs", "x"});
  }
  EXPECT_EQ(setting("loadSetting", "0", "", "theirs", session), "(empty)") << "nil";
  EXPECT_EQ(setting("deleteSetting", "0", "", "theirs", session), "false");
  EXPECT_EQ(setting("deleteSetting", "0", "", "colour", session), "true");
  EXPECT_EQ(setting("deleteSetting", "0", "", "colour", session), "false");
  EXPECT_EQ(setting("loadSetting", "1", "C1", "colour", session), "") << "the other scope's stays";
  { Session(desk.global, Session::Use::note).remove_tool({"acme", "quiz"}); }
  EXPECT_THAT(setting("loadSetting", "1", "C1", "colour", session), HasSubstr("[Context.WS003]"));
}

TEST_F(SoapServiceTest, TheSmallOperations) {
  const auto session = logged_in();
  EXPECT_EQ(text_in(desk.call(kContext, "initializeVersion2", "").body, "return").size(), 32U);
  EXPECT_EQ(text_in(desk.call(kContext, "getServerVersion", "<unused/>").body, "version"), "1");
  EXPECT_EQ(text_in(desk.call(kUtil, "getServerVersion", "").body, "version"), "1");
  EXPECT_EQ(text_in(desk.call(kContext, "getSystemInstallationId", "").body, "return").size(), 32U);
  EXPECT_EQ(text_in(desk.call(kUtil, "initializeUtilWS", "").body, "return"), "true");
  EXPECT_EQ(text_in(desk.call(kUtil, "checkEntitlement", "", session).body, "return"), "true");
  EXPECT_THAT(desk.call(kContext, "getRequiredEntitlements", "").body,
              HasSubstr("<ns:getRequiredEntitlementsResponse xmlns:ns=\"http://context.ws.blackboard\"></"));
  for (const char* people : {"login", "loginTicket", "emulateUser", "getMemberships", "getMyMemberships"})
    EXPECT_EQ(fault_of(desk.call(kContext, people, "", session)),
              fmt::format("[WSFW008]{} is not offered here: this LMS has no users", people));
  EXPECT_THAT(fault_of(desk.call(kUtil, "registerTool", "")), HasSubstr("Util.WS has no operation registerTool"));
}

TEST_F(SoapServiceTest, DescriptionsNameEveryOperationInBothVersions) {
  for (const auto& [path, contract] :
       {std::pair(kContext, &soap::context_contract()), std::pair(kUtil, &soap::util_contract())}) {
    const auto page = desk.send(std::string(path) + "?WSDL", "", {{"host", "127.0.0.1:8123"}}, "GET");
    EXPECT_EQ(page.status, 200U);
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(page.body.c_str()));
    for (const auto& operation : contract->operations)
      EXPECT_EQ(document.select_nodes(fmt::format("//wsdl:operation[@name='{}']", operation.name).c_str()).size(), 3U);
    for (const char* version : {"soap", "soap12"})
      EXPECT_EQ(document.select_node(fmt::format("//{}:address/@location", version).c_str()).attribute().value(),
                fmt::format("http://127.0.0.1:8123{}", path));
  }
}

TEST_F(SoapServiceTest, AddressesAreThoseThatTheClientUses) {
  desk.global.tcbaseurl = "https://lms.example:443";
  desk.begin();
  const auto address = [&](const std::map<std::string, std::string>& headers) {
    const auto page = desk.send("/webapps/ws/wsadmin/tcprofile", "", headers, "GET");
    return text_in(page.body, "base-url");
  };
  EXPECT_EQ(address({{"host", "lms.example"}}), "https://lms.example:443");
  EXPECT_EQ(address({{"host", "lms.example:443"}}), "https://lms.example:443");
  EXPECT_EQ(address({{"host", "127.0.0.1:8080"}}), "http://127.0.0.1:8080");
  EXPECT_EQ(address({{"host", "[::1]:8080"}}), "http://[::1]:8080");
  EXPECT_EQ(address({}), "https://lms.example:443");
  EXPECT_EQ(address({{"host", "\"><script>"}}), "https://lms.example:443");
}

TEST_F(SoapServiceTest, TheProfileNamesServicesAndDigests) {
  const auto page = desk.send("/webapps/ws/wsadmin/tcprofile", "", {}, "GET");
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(page.body.c_str()));
  const auto root = document.child("tool-consumer-profile");
  EXPECT_STREQ(root.attribute("ltiVersion").value(), "2.0-July08");
  EXPECT_EQ(root.select_nodes("//digest-algorithm").size(), 2U);
  EXPECT_TRUE(root.select_node("//service[@name='Context.WS']/operation[.='registerTool']"));
  EXPECT_TRUE(root.select_node("//service[@name='Util.WS']/operation[.='saveSetting']"));
}

TEST_F(SoapServiceTest, OtherRequestsAreToldWhereToGo) {
  EXPECT_TRUE(SoapService::is_for("/webapps/ws/services/Context.WS?wsdl"));
  EXPECT_FALSE(SoapService::is_for("/lti/notice-handlers/a/b"));
  EXPECT_EQ(desk.send("/webapps/ws/services/Course.WS", "").status, 404U);
  EXPECT_EQ(desk.send(kContext, "", {}, "PUT").status, 405U);
  EXPECT_THAT(desk.send(kContext, "", {}, "GET").body, HasSubstr("?wsdl"));
}

TEST(Sessions, AreBounded) {
  std::int64_t now = 0;
  soap::Sessions sessions([&] { return now; });
  const auto first = sessions.begin();
  const auto tool = sessions.begin();
  sessions.log_in(tool, {"a", "b"}, 600);
  for (std::size_t i = 0; i < soap::kMostStrangers; ++i) sessions.begin();
  EXPECT_FALSE(sessions.find(first)) << "the oldest stranger goes";
  EXPECT_TRUE(sessions.find(tool)) << "who has logged in stays";
  EXPECT_EQ(sessions.count(), soap::kMostStrangers + 1);
  for (std::size_t i = 0; i < soap::kMostOfATool; ++i) sessions.log_in(sessions.begin(), {"a", "b"}, 600);
  EXPECT_FALSE(sessions.find(tool));
  now = 600'000;
  EXPECT_EQ(sessions.count(), 0U);
}

TEST_F(SoapServiceTest, ManyThreadsMayAsk) {
  std::vector<std::jthread> threads;
  std::mutex mutex;
  std::set<std::string> begun;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        auto session = desk.new_session();
        const std::lock_guard lock(mutex);
        begun.insert(std::move(session));
      }
    });
  threads.clear();
  EXPECT_EQ(begun.size(), 200U);
}

}  // namespace
}  // namespace host::test
