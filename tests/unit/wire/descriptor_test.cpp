// Registration documents, good and bad.
#include "wire/descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ptb::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view kWhole = R"(<?xml version="1.0" encoding="UTF-8"?>
<tool-profile ltiVersion="2.0-July08" xmlns="http://www.example.org/tp">
  <vendor>
    <code>acme</code>
    <name>Acme</name>
  </vendor>
  <tool-info><code> notes </code><name>Acme <!-- really --> Notes &amp; more</name></tool-info>
  <tool-instance>
    <base-urls>
      <base-url type="http">http://tool.example/a</base-url>
      <base-url type="https">https://tool.example/a</base-url>
      <base-url type="server-to-server"><![CDATA[https://s2s.example:8443/a/]]></base-url>
      <base-url type="icon-http">http://icons.example</base-url>
      <base-url type="carrier-pigeon">coo</base-url>
    </base-urls>
    <security-profile><digest-algorithm>SHA</digest-algorithm></security-profile>
  </tool-instance>
  <http-actions>
    <action type="course-copied" path="course.do">
      <param name="action" fixed="course-copied"/>
      <param name="mode" fixed=""/>
      <param name="userid"/>
    </action>
    <action type="view" path="https://elsewhere.example/view"/>
    <action type="state-change" path="https://tool.example/a/state"/>
    <action type="something-new" path="/new"/>
  </http-actions>
  <links>
    <content-handler>
      <name>Note</name>
      <handle value="resource/x-acme-note"/>
      <http-actions><action type="content-copied" path="content.do"/></http-actions>
      <icons><icon/></icons>
    </content-handler>
    <menu-link><category-choice><category>whatever one likes</category></category-choice></menu-link>
  </links>
</tool-profile>
)";

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  const auto at = out.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return out.replace(at, what.size(), by);
}

std::string small(std::string_view in_actions = "", std::string_view base = "https://h") {
  return "<tool-profile><vendor><code>v</code></vendor><tool-info><code>p</code></tool-info><tool-instance><base-urls>"
         "<base-url type=\"https\">" +
         std::string(base) + "</base-url></base-urls></tool-instance><http-actions>" + std::string(in_actions) +
         "</http-actions></tool-profile>";
}

TEST(Descriptor, IsReadAsAWhole) {
  const auto read = read_descriptor(kWhole);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->vendor, "acme");
  EXPECT_EQ(read->program, "notes");
  EXPECT_EQ(read->name, "Acme  Notes & more");
  EXPECT_THAT(
      read->base_urls,
      ElementsAre(Pair("http", "http://tool.example/a"), Pair("https", "https://tool.example/a"),
                  Pair("icon-http", "http://icons.example"), Pair("server-to-server", "https://s2s.example:8443/a/")));
  EXPECT_EQ(read->digest, DigestAlgorithm::sha1);
  EXPECT_TRUE(read->has_placements());
  ASSERT_EQ(read->actions.count("course-copied"), 1u);
  EXPECT_EQ(read->actions.at("course-copied").path, "course.do");
  EXPECT_THAT(read->actions.at("course-copied").fixed, ElementsAre(Pair("action", "course-copied"), Pair("mode", "")));
  ASSERT_EQ(read->content_handlers.size(), 1u);
  EXPECT_EQ(read->content_handlers[0].name, "Note");
  EXPECT_EQ(read->content_handlers[0].handle, "resource/x-acme-note");
  EXPECT_EQ(read->action_for(EventKind::content_copied, "")->path, "content.do");
  EXPECT_EQ(read->action_for(EventKind::group_copied, ""), nullptr);
}

constexpr std::string_view kFull = R"(<?xml version="1.0" encoding="UTF-8"?>
<tool-profile ltiVersion="2.0-July08" xmlns:locale="http://www.example.org/localization">
  <vendor>
    <code>acme</code><name>Acme</name><description>Makers of things</description><url>https://acme.example</url>
    <contact><email>hello@acme.example</email></contact>
  </vendor>
  <tool-info><code>wiki</code><name>Acme Wiki</name><version>2.1</version><description>Pages</description></tool-info>
  <tool-instance>
    <base-urls>
      <base-url type="https">https://wiki.example</base-url>
      <base-url type="icon-https">https://icons.example</base-url>
    </base-urls>
    <contact><email>admin@wiki.example</email></contact>
  </tool-instance>
  <required-webservices>
    <tool-login>
      <service name="Context.WS"><operation>logout</operation></service>
      <service name="Util.WS"><operation>saveSetting</operation><operation>deleteSetting</operation></service>
    </tool-login>
    <ticket-login><service name="Context.WS"/></ticket-login>
  </required-webservices>
  <http-actions>
    <action type="tool-provision" path="/profile"/><action type="bundle" path="/bundle"/>
    <action type="remove" path="/remove"/><action type="config" path="/config"/>
    <action type="state-change" path="/state"/><action type="reregister" path="/again"/>
    <action type="ping" path="/ping"/><action type="course-deleted" path="/course"/>
    <action type="course-copied" path="/course"/><action type="course-exported" path="/course"/>
    <action type="course-imported" path="/course"/><action type="group-copied" path="/group"/>
    <action type="group-exported" path="/group"/><action type="group-imported" path="/group"/>
  </http-actions>
  <links>
    <content-handler>
      <name locale:key="page.name">Page</name>
      <handle value="resource/x-acme-page"/>
      <http-actions>
        <action type="create" path="/page"/><action type="modify" path="/page"/><action type="remove" path="/page"/>
        <action type="view" path="/page"/><action type="viewattempt" path="/page"/>
        <action type="content-copied" path="/page"/><action type="content-exported" path="/page"/>
        <action type="content-imported" path="/page"/><action type="content-deleted" path="/page"/>
      </http-actions>
      <can-copy value="true"/>
      <icons>
        <icon>/any.gif</icon>
        <icon platform="blackboard" style="toolbar" locale:key="page.icon">/page.gif</icon>
        <icon/>
      </icons>
    </content-handler>
    <content-handler><handle value="resource/x-acme-list"/><can-copy>false</can-copy></content-handler>
    <menu-link>
      <category-choice>
        <category>whatever one likes</category>
        <category platform="blackboard">course_tool</category>
      </category-choice>
      <name>Wiki</name>
      <http-actions><action type="menu-view" path="/menu"/><param name="stray" fixed="1"/></http-actions>
      <description>All pages</description>
      <icons><icon style="listitem">/menu.gif</icon></icons>
    </menu-link>
    <menu-link/>
  </links>
</tool-profile>
)";

std::vector<std::string> types_of(const Actions& actions) {
  std::vector<std::string> types;
  types.reserve(actions.size());
  for (const auto& [type, action] : actions) types.push_back(type);
  return types;
}

TEST(Descriptor, EverythingThatTheProtocolNamesIsKept) {
  const auto read = read_descriptor(kFull);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->vendor_name, "Acme");
  EXPECT_EQ(read->vendor_description, "Makers of things");
  EXPECT_EQ(read->vendor_url, "https://acme.example");
  EXPECT_EQ(read->vendor_email, "hello@acme.example");
  EXPECT_EQ(read->name, "Acme Wiki");
  EXPECT_EQ(read->version, "2.1");
  EXPECT_EQ(read->description, "Pages");
  EXPECT_EQ(read->contact_email, "admin@wiki.example");
  EXPECT_THAT(read->base_urls,
              ElementsAre(Pair("https", "https://wiki.example"), Pair("icon-https", "https://icons.example")));
  EXPECT_THAT(types_of(read->actions),
              ElementsAre("bundle", "config", "course-copied", "course-deleted", "course-exported", "course-imported",
                          "group-copied", "group-exported", "group-imported", "ping", "remove", "reregister",
                          "state-change", "tool-provision"));
  EXPECT_TRUE(read->has_placements());
}

TEST(Descriptor, TheWebServicesThatAToolWantsAreKept) {
  const auto read = read_descriptor(kFull);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  ASSERT_EQ(read->tool_login.size(), 2u);
  EXPECT_EQ(read->tool_login[0].name, "Context.WS");
  EXPECT_THAT(read->tool_login[0].operations, ElementsAre("logout"));
  EXPECT_EQ(read->tool_login[1].name, "Util.WS");
  EXPECT_THAT(read->tool_login[1].operations, ElementsAre("saveSetting", "deleteSetting"));
  ASSERT_EQ(read->ticket_login.size(), 1u);
  EXPECT_EQ(read->ticket_login[0].name, "Context.WS");
  EXPECT_TRUE(read->ticket_login[0].operations.empty());
}

TEST(Descriptor, ContentHandlersAreKeptWithTheirIcons) {
  const auto read = read_descriptor(kFull);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  ASSERT_EQ(read->content_handlers.size(), 2u);
  const auto& page = read->content_handlers[0];
  EXPECT_EQ(page.name, "Page");
  EXPECT_EQ(page.handle, "resource/x-acme-page");
  EXPECT_THAT(types_of(page.actions),
              ElementsAre("content-copied", "content-deleted", "content-exported", "content-imported", "create",
                          "modify", "remove", "view", "viewattempt"));
  EXPECT_EQ(page.can_copy, true);
  ASSERT_EQ(page.icons.size(), 3u);
  EXPECT_EQ(page.icons[0].path + page.icons[0].platform + page.icons[0].style, "/any.gif");
  EXPECT_EQ(page.icons[1].path, "/page.gif");
  EXPECT_EQ(page.icons[1].platform, "blackboard");
  EXPECT_EQ(page.icons[1].style, "toolbar");
  EXPECT_EQ(page.icons[2].path + page.icons[2].platform + page.icons[2].style, "");
  EXPECT_EQ(read->content_handlers[1].can_copy, false);
  const auto unsaid = read_descriptor(replaced(kFull, "<can-copy value=\"true\"/>", "<can-copy>perhaps</can-copy>"));
  EXPECT_EQ(unsaid->content_handlers[0].can_copy, std::nullopt);
}

TEST(Descriptor, MenuLinksAreKept) {
  const auto read = read_descriptor(kFull);
  ASSERT_TRUE(read.has_value()) << read.error().text;
  ASSERT_EQ(read->menu_links.size(), 2u);
  const auto& link = read->menu_links[0];
  EXPECT_EQ(link.name, "Wiki");
  EXPECT_EQ(link.description, "All pages");
  ASSERT_EQ(link.categories.size(), 2u);
  EXPECT_EQ(link.categories[0].name + "|" + link.categories[0].platform, "whatever one likes|");
  EXPECT_EQ(link.categories[1].name + "|" + link.categories[1].platform, "course_tool|blackboard");
  EXPECT_THAT(types_of(link.actions), ElementsAre("menu-view"));
  ASSERT_EQ(link.icons.size(), 1u);
  EXPECT_EQ(link.icons[0].path + link.icons[0].style, "/menu.giflistitem");
  EXPECT_TRUE(read->menu_links[1].name.empty());
}

TEST(Descriptor, AToolWithoutActionsAndPlacementsIsOne) {
  const auto read = read_descriptor(small("none of them"));
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_TRUE(read->actions.empty());
  EXPECT_FALSE(read->has_placements());
  EXPECT_TRUE(read_descriptor(replaced(small(), "<http-actions></http-actions>", "")).has_value());
}

TEST(Descriptor, UnknownActionsAreKeptAndAbsolutePathsOnlyUnderABaseUrl) {
  const auto read = read_descriptor(kWhole);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->actions.count("something-new"), 1u);
  EXPECT_EQ(read->actions.at("state-change").path, "https://tool.example/a/state");
  EXPECT_EQ(read->actions.count("view"), 0u);
  EXPECT_THAT(read->unusable_actions, ElementsAre("view"));
  const auto elsewhere = read_descriptor(replaced(kFull, "path=\"/menu\"", "path=\"https://icons.example/menu\""));
  EXPECT_THAT(elsewhere->unusable_actions, ElementsAre("menu-view")) << "icons may come from there, actions not";
}

TEST(Descriptor, PrefixesAndNamespacesDoNotMatter) {
  const auto read = read_descriptor(
      "<x:tool-profile xmlns:x='urn:a'><x:vendor><x:code>v</x:code></x:vendor><y:tool-info xmlns:y='urn:b'><y:code>p"
      "</y:code></y:tool-info><x:tool-instance><x:base-urls><x:base-url x:type='http'>http://h</x:base-url>"
      "</x:base-urls></x:tool-instance><x:http-actions><x:action x:type='ping' x:path='p'/></x:http-actions>"
      "</x:tool-profile>");
  ASSERT_TRUE(read.has_value()) << read.error().text;
  EXPECT_EQ(read->vendor + read->program, "vp");
  EXPECT_EQ(read->actions.count("ping"), 1u);
  EXPECT_FALSE(read->has_placements());
}

TEST(Descriptor, TheDigestIsMd5UnlessSaid) {
  EXPECT_EQ(read_descriptor(small())->digest, DigestAlgorithm::md5);
  const std::pair<const char*, DigestAlgorithm> rows[] = {
      {"MD5", DigestAlgorithm::md5},    {"md5", DigestAlgorithm::md5},   {"SHA", DigestAlgorithm::sha1},
      {"SHA-1", DigestAlgorithm::sha1}, {"sha1", DigestAlgorithm::sha1}, {"", DigestAlgorithm::md5}};
  for (const auto& [name, digest] : rows)
    EXPECT_EQ(read_descriptor(replaced(kWhole, ">SHA<", ">" + std::string(name) + "<"))->digest, digest) << name;
}

struct Bad {
  const char* what;
  std::string xml;
  const char* says;
};

TEST(Descriptor, BadOnesAreRefusedInOneClearLine) {
  using namespace std::string_literals;
  const Bad rows[] = {
      {"nothing", "", "empty"},
      {"white space", " \n ", "empty"},
      {"not XML", "hello", "not XML"},
      {"JSON", "{\"tool-profile\": 1}", "not XML"},
      {"cut off", std::string(kWhole.substr(0, kWhole.size() / 2)), "not XML: line"},
      {"wrong end tag", "<tool-profile>\n<vendor></vendr></tool-profile>", "line 2"},
      {"two roots", "<tool-profile/>\n<tool-profile/>", "line 2"},
      {"another document", "<html><body/></html>", "<html>, not <tool-profile>"},
      {"no UTF-8", replaced(kWhole, "Acme", "Acm\xE9"), "UTF-8"},
      {"UTF-16", "\xFF\xFE<\0t\0"s, "UTF-8"},
      {"no vendor", replaced(kWhole, "<code>acme</code>", ""), "no vendor code"},
      {"empty vendor", replaced(kWhole, "acme", "  "), "line 4: there is no vendor code"},
      {"no program", replaced(kWhole, "<code> notes </code>", ""), "no program code"},
      {"slash in a code", replaced(kWhole, "acme", "ac/me"), "line 4: the vendor code 'ac/me'"},
      {"new line in a code", replaced(kWhole, "acme", "ac\nme"), "control character"},
      {"long code", replaced(kWhole, "acme", std::string(201, 'a')), "201 bytes"},
      {"no base URLs", replaced(small(), "base-urls>", "other>"), "not XML"},
      {"no usable base URL", replaced(small(), "type=\"https\"", "type=\"icon-http\""), "no base URL"},
      {"empty base URL", small("", " "), "no base URL"},
      {"base URL of another scheme", small("", "ftp://h"), "'ftp://h' is not http://host or https://host"},
      {"base URL without host", small("", "https://"), "no valid host"},
      {"base URL with user", small("", "https://u:p@h"), "user name"},
      {"base URL with query", small("", "https://h/?a=b"), "query"},
      {"https that is not", small("", "http://h"), "of type https but is not https"},
      {"unknown digest", replaced(kWhole, ">SHA<", ">SHA-256<"), "line 16: the digest algorithm 'SHA-256' is unknown"},
      {"action without type", small("<action path='x'/>"), "no type"},
      {"long path", small("<action type='ping' path='" + std::string(513, 'p') + "'/>"), "513 characters"},
      {"long parameters",
       small("<action type='ping' path='" + std::string(500, 'p') +
             "'><param name='action' fixed='seventy'/></action>"),
       "513 characters"},
      {"long path of a content handler", replaced(kWhole, "content.do", std::string(600, 'p')),
       "action 'content-copied' have 600 characters"},
      {"control character in a path", small("<action type='ping' path='a&#13;&#10;X: y'/>"), "control character"},
      {"too large", "<tool-profile>" + std::string(kMaxDescriptorBytes, ' ') + "</tool-profile>", "at most 1048576"},
  };
  for (const auto& [what, xml, says] : rows) {
    const auto read = read_descriptor(xml);
    ASSERT_FALSE(read.has_value()) << what;
    EXPECT_EQ(read.error().status, Status::argument) << what;
    EXPECT_THAT(read.error().text, HasSubstr(says)) << what;
    EXPECT_EQ(read.error().text.find('\n'), std::string::npos) << what;
    EXPECT_LT(read.error().text.size(), 400u) << what;
  }
}

TEST(Descriptor, PathAndParametersMayHave512Characters) {
  EXPECT_TRUE(read_descriptor(small("<action type='ping' path='" + std::string(512, 'p') + "'/>")).has_value());
  std::string wide;
  for (int i = 0; i < 512; ++i) wide += "\xC3\xA9";
  EXPECT_TRUE(read_descriptor(small("<action type='ping' path='" + wide + "'/>")).has_value());
}

TEST(Descriptor, EntitiesOfADoctypeAreNotResolved) {
  const auto with_doctype = [](std::string_view internal) {
    return "<?xml version='1.0'?><!DOCTYPE tool-profile " + std::string(internal) + ">" +
           replaced(small(), "<code>v</code>", "<code>v&secret;</code>");
  };
  const auto external = read_descriptor(with_doctype("[<!ENTITY secret SYSTEM 'file:///etc/hostname'>]"));
  ASSERT_TRUE(external.has_value()) << external.error().text;
  EXPECT_EQ(external->vendor, "v&secret;");
  std::string bomb = "[<!ENTITY a 'aaaaaaaaaa'>";
  for (char c = 'b'; c <= 'z'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " '";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "'>";
  }
  const auto expanded = read_descriptor(with_doctype(bomb + "<!ENTITY secret '&z;'>]"));
  ASSERT_TRUE(expanded.has_value()) << expanded.error().text;
  EXPECT_EQ(expanded->vendor, "v&secret;");
}

TEST(Descriptor, DepthIsNoDanger) {
  std::string deep = "<tool-profile>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_FALSE(read_descriptor(deep).has_value());
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_FALSE(read_descriptor(deep + "</tool-profile>").has_value());
}

RC_GTEST_PROP(Descriptor, ADamagedDocumentIsReadOrRefusedInOneLine, ()) {
  std::string xml(kWhole);
  const auto times = *rc::gen::inRange(1, 6);
  for (int i = 0; i < times; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, xml.size());
    const auto length = *rc::gen::inRange<std::size_t>(0, 30);
    xml.replace(at, length,
                *rc::gen::element<std::string>("<", ">", "&", "\"", "'", "</", "<![CDATA[", "x", "]]>", ""));
  }
  const auto read = read_descriptor(xml);
  if (read) {
    RC_ASSERT(!read->vendor.empty());
    RC_ASSERT(!read->program.empty());
  } else {
    RC_ASSERT(read.error().status == Status::argument);
    RC_ASSERT(read.error().text.find('\n') == std::string::npos);
  }
}

}  // namespace
}  // namespace ptb::test
