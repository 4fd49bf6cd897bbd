// Requests of the proxy-tool wire, taken apart again as a tool would, the MAC computed by other means.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "wire/descriptor.h"
#include "wire/proxy_tool.h"

namespace ptb::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Form = std::map<std::string, std::string>;

constexpr std::string_view kSecret = "s3cret \xC3\xA9";

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The parameters of a body; fails where a name comes twice.
Form form_of(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const auto pair = body.substr(0, end);
    const auto equals = pair.find('=');
    EXPECT_NE(equals, std::string_view::npos) << pair;
    EXPECT_TRUE(form.emplace(decoded(pair.substr(0, equals)), decoded(pair.substr(equals + 1))).second) << pair;
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return form;
}

/// The MAC as a receiver computes it: one long text, digested in one go.
std::string receivers_mac(const Form& form, std::string_view secret, const EVP_MD* digest) {
  std::string all;
  for (const auto& [name, value] : form)
    if (name != "mac" && name.rfind("top_", 0) != 0 && name.rfind("bottom_", 0) != 0) all += value;
  all += secret;
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(all.data(), all.size(), bytes, &size, digest, nullptr);
  unsigned char text[100];
  EVP_EncodeBlock(text, bytes, static_cast<int>(size));
  return reinterpret_cast<const char*>(text);
}

/// Everything that a request is made of, with values that a test may change.
struct Case {
  ToolAtSend tool;
  StoredEvent stored;
  Pairs settings;
  Outgoing outgoing;
  Stamp stamp = {1'700'000'000'123, "0123456789abcdef0123456789abcdef"};
  std::string secret{kSecret};

  Case() {
    tool.tool.locator = {"acme", "notes"};
    tool.tool.guid = "fedcba9876543210fedcba9876543210";
    tool.host = {"https://lms.example:443", "en_US", "ltr", {}};
    tool.destination = std::make_shared<Destination>();
    tool.descriptor.base_urls = {{"https", "https://tool.example/a/"}};
    for (const auto* kind : {"course-copied", "course-imported", "group-copied", "group-imported", "state-change"})
      tool.descriptor.actions[kind] = {"/events.do", {{"action", kind}}};
    tool.descriptor.content_handlers.resize(1);
    for (const auto* kind : {"content-copied", "content-imported", "content-deleted"})
      tool.descriptor.content_handlers[0].actions[kind] = {"content.do", {{"action", kind}}};
    stored.event.id = *event_id_from("00112233-4455-5677-8899-aabbccddeeff");
    stored.event.kind = EventKind::course_imported;
    stored.event.occurred_at_ms = 1'600'000'000'001;
    stored.event.captured_at_ms = 1'600'000'000'999;
    stored.place = {3, 42};
    arguments({{"type", "exact"}, {"course_id", "_5_1"}, {"backup_id", "_9_1"}});
    outgoing.attempt = 2;
    outgoing.deferred = true;
  }
  void arguments(const Pairs& pairs) { stored.event.arguments = encode_pairs(pairs); }

  Result<WireRequest> build(int fallback = 0) {
    outgoing.stored = &stored;
    const PairViews views(settings.begin(), settings.end());
    outgoing.settings = &views;
    return ProxyToolWire().build(tool, {&outgoing, 1}, stamp, secret, fallback);
  }
  Form form() {
    const auto request = build();
    EXPECT_TRUE(request.has_value());
    EXPECT_EQ(request->taken, 1u);
    return form_of(request->request.body);
  }
};

const Form kGeneric = {{"tcbaseurl", "https://lms.example:443"},
                       {"nonce", "0123456789abcdef0123456789abcdef"},
                       {"timestamp", "1700000000123"},
                       {"ourguid", "fedcba9876543210fedcba9876543210"},
                       {"locale", "en_US"},
                       {"direction", "ltr"}};
const Form kOwn = {{"event_id", "00112233-4455-5677-8899-aabbccddeeff"},
                   {"event_sequence", "42"},
                   {"event_time", "1600000000001"},
                   {"deferred", "true"},
                   {"attempt", "2"}};

Form with_mac(Form form, const EVP_MD* digest = EVP_md5()) {
  form["mac"] = receivers_mac(form, kSecret, digest);
  return form;
}

struct KindRow {
  EventKind kind;
  Pairs arguments;
};

TEST(Request, OfEachDeferrableKindHoldsWhatTheProtocolSaysAndAMacThatAReceiverAccepts) {
  const KindRow rows[] = {
      {EventKind::course_copied, {{"type", "exact"}, {"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}}},
      {EventKind::course_imported, {{"type", "shallow"}, {"course_id", "_2_1"}, {"backup_id", "_9_1"}}},
      {EventKind::group_copied,
       {{"type", "exact"}, {"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}, {"oldId", "_3_1"}, {"newId", "_4_1"}}},
      {EventKind::group_imported,
       {{"type", "exact"},
        {"course_id", "_2_1"},
        {"backup_id", "_9_1"},
        {"old_group_id", "_3_1"},
        {"new_group_id", "_4_1"}}},
      {EventKind::content_copied,
       {{"type", "exact"},
        {"oldId", "_3_1"},
        {"newId", "_4_1"},
        {"oldCourseId", "_1_1"},
        {"newCourseId", "_2_1"},
        {"external_content_id", "x&y=z"}}},
      {EventKind::content_imported,
       {{"content_id", "_4_1"}, {"course_id", "_2_1"}, {"backup_id", "_9_1"}, {"type", "exact"}}},
      {EventKind::content_deleted, {{"content_id", "_4_1"}, {"course_id", "_2_1"}, {"external_content_id", ""}}},
  };
  for (const auto digest : {DigestAlgorithm::md5, DigestAlgorithm::sha1})
    for (const auto& [kind, arguments] : rows) {
      Case c;
      c.tool.descriptor.digest = digest;
      c.stored.event.kind = kind;
      c.arguments(arguments);
      c.settings = {{"samplesetting_course_georgekey", "georgevalue"}};
      Form expected = kGeneric;
      expected.insert(kOwn.begin(), kOwn.end());
      expected.insert(arguments.begin(), arguments.end());
      expected.insert({{"action", std::string(to_text(kind))}, {"samplesetting_course_georgekey", "georgevalue"}});
      EXPECT_EQ(c.form(), with_mac(expected, digest == DigestAlgorithm::md5 ? EVP_md5() : EVP_sha1())) << to_text(kind);
    }
}

TEST(Request, IsAFormToTheActionsUrlWithTheMacLast) {
  Case c;
  const auto request = c.build();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->request.url, "https://tool.example/a/events.do");
  EXPECT_THAT(request->request.content_type, ::testing::StartsWith("application/x-www-form-urlencoded"));
  EXPECT_EQ(request->request.destination, c.tool.destination);
  EXPECT_TRUE(request->request.headers.empty());
  const auto& body = request->request.body;
  EXPECT_EQ(body.find('&', body.find("&mac=") + 1), std::string::npos);
}

TEST(Request, InStrictModeHoldsNothingOfTheBridgesOwn) {
  Case c;
  c.tool.tool.options.strict = true;
  Form expected = kGeneric;
  expected.insert({{"type", "exact"}, {"course_id", "_5_1"}, {"backup_id", "_9_1"}, {"action", "course-imported"}});
  EXPECT_EQ(c.form(), with_mac(expected));
}

TEST(Request, OfAStateChangeHoldsNothingOfTheBridgesOwn) {
  Case c;
  c.stored.event.kind = EventKind::state_change;
  c.stored.event.id = {};
  c.arguments({{"state", "available"}});
  Form expected = kGeneric;
  expected.insert({{"state", "available"}, {"action", "state-change"}});
  EXPECT_EQ(c.form(), with_mac(expected));
}

TEST(Request, HoldsTheReturnUrlWhereTheContextHasOneAndNothingElseOfTheContext) {
  Case c;
  EXPECT_EQ(c.form().count("returnurl"), 0u);
  c.stored.event.context = encode_pairs({{"course_title", "T"}, {"user_id", "_1_1"}, {"returnurl", "/webapps/x?a=b"}});
  const auto form = c.form();
  EXPECT_EQ(form.at("returnurl"), "/webapps/x?a=b");
  EXPECT_EQ(form.count("course_title") + form.count("user_id"), 0u);
}

TEST(Request, TellsWhenItWasCapturedWhereNobodySaidWhenItHappened) {
  Case c;
  c.stored.event.occurred_at_ms = 0;
  EXPECT_EQ(c.form().at("event_time"), "1600000000999");
  c.outgoing.deferred = false;
  EXPECT_EQ(c.form().at("deferred"), "false");
}

TEST(Request, HasEachNameOnceTheMoreImportantSourceWinning) {
  Case c;
  c.settings = {
      {"nonce", "setting"}, {"type", "setting"}, {"action", "setting"}, {"event_id", "setting"}, {"own", "setting"}};
  c.arguments({{"nonce", "argument"},
               {"event_id", "argument"},
               {"type", "exact"},
               {"type", "twice"},
               {"own", "argument"},
               {"mac", "argument"}});
  c.tool.descriptor.actions["course-imported"].fixed = {
      {"action", "course-imported"}, {"timestamp", "fixed"}, {"type", "fixed"}, {"own", "fixed"}, {"mac", "fixed"}};
  Form expected = kGeneric;
  expected.insert(kOwn.begin(), kOwn.end());
  expected.insert({{"type", "exact"}, {"action", "course-imported"}, {"own", "argument"}});
  EXPECT_EQ(c.form(), with_mac(expected));
}

RC_GTEST_PROP(Request, CarriesAnyArgumentsAndSettingsUnchangedOnOneLineOfAscii,
              (const Form& arguments, const Form& settings)) {
  Case c;
  c.arguments({arguments.begin(), arguments.end()});
  c.settings = {settings.begin(), settings.end()};
  const auto request = c.build();
  for (const char byte : request->request.body) RC_ASSERT(byte > ' ' && byte <= '~');
  Form expected = kGeneric;
  expected.insert(kOwn.begin(), kOwn.end());
  expected.insert(arguments.begin(), arguments.end());
  expected.insert({"action", "course-imported"});
  expected.insert(settings.begin(), settings.end());
  expected.erase("mac");
  RC_ASSERT(form_of(request->request.body) == with_mac(expected));
}

TEST(Request, CannotBeBrokenOutOf) {
  using namespace std::string_literals;
  Case c;
  c.settings = {{"k\r\nX-Evil: 1", "v\r\n\r\nPOST / HTTP/1.1"}, {"a&b=c", "d&mac=e"}, {"nul\0x"s, "\0y"s}};
  c.tool.descriptor.actions["course-imported"].path = "x y\xC3\xA9";
  const auto request = c.build();
  EXPECT_EQ(request->request.url, "https://tool.example/a/x%20y%C3%A9");
  EXPECT_THAT(request->request.body, HasSubstr("k%0D%0AX-Evil%3A+1=v%0D%0A%0D%0APOST+%2F+HTTP%2F1.1"));
  EXPECT_THAT(request->request.body, HasSubstr("a%26b%3Dc=d%26mac%3De"));
  EXPECT_THAT(request->request.body, HasSubstr("nul%00x=%00y"));
}

TEST(FormEncoding, IsThatOfHtmlForms) {
  const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                      {"azAZ09*-._", "azAZ09*-._"},
                                                      {"a b", "a+b"},
                                                      {"+&=%;", "%2B%26%3D%25%3B"},
                                                      {"~/:", "%7E%2F%3A"},
                                                      {"\xC3\xA9\xF0\x9F\x98\x80", "%C3%A9%F0%9F%98%80"},
                                                      {std::string("\0", 1), "%00"}};
  for (const auto& [text, encoded] : rows) {
    std::string out = "x";
    append_form_encoded(out, text);
    EXPECT_EQ(out, "x" + encoded);
  }
}

TEST(BaseUrlChoice, IsServerToServerThenHttpsThenHttpWhereADowngradeIsAllowed) {
  Case c;
  c.tool.descriptor.base_urls = {
      {"http", "http://h"}, {"https", "https://h"}, {"server-to-server", "https://s"}, {"icon-https", "https://i"}};
  const auto urls = [&] {
    std::vector<std::string> all;
    for (int fallback = 0;; ++fallback) {
      const auto request = c.build(fallback);
      if (!request) {
        EXPECT_EQ(request.error().status, Status::not_found);
        return all;
      }
      all.push_back(request->request.url);
    }
  };
  EXPECT_THAT(urls(), ElementsAre("https://s/events.do", "https://h/events.do"));
  c.tool.tool.options.allow_downgrade = true;
  EXPECT_THAT(urls(), ElementsAre("https://s/events.do", "https://h/events.do"));
  c.tool.tool.options.allow_http = true;
  EXPECT_THAT(urls(), ElementsAre("https://s/events.do", "https://h/events.do", "http://h/events.do"));
  c.tool.tool.options.allow_downgrade = false;
  EXPECT_THAT(urls(), ElementsAre("https://s/events.do", "https://h/events.do"));
  c.tool.descriptor.base_urls.erase("server-to-server");
  EXPECT_THAT(urls(), ElementsAre("https://h/events.do"));
  c.tool.descriptor.base_urls.erase("https");
  EXPECT_THAT(urls(), ElementsAre("http://h/events.do"));
}

TEST(BaseUrlChoice, OneUrlUnderTwoTypesIsTriedOnce) {
  Case c;
  c.tool.descriptor.base_urls = {{"https", "https://h"}, {"server-to-server", "https://h"}};
  EXPECT_TRUE(c.build(0).has_value());
  EXPECT_FALSE(c.build(1).has_value());
}

TEST(BaseUrlChoice, AnAbsolutePathSaysItselfWhereItGoes) {
  Case c;
  c.tool.descriptor.base_urls = {{"https", "https://h/a"}, {"server-to-server", "https://s"}};
  c.tool.descriptor.actions["course-imported"].path = "https://h/a/x";
  EXPECT_EQ(c.build(0)->request.url, "https://h/a/x");
  EXPECT_FALSE(c.build(1).has_value());
  c.tool.descriptor.actions["course-imported"].path = "https://elsewhere/a/x";
  EXPECT_FALSE(c.build(0).has_value());
}

TEST(Unsendable, WithoutAnAction) {
  Case c;
  c.tool.descriptor.actions.clear();
  const auto request = c.build();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->taken, 0u);
  EXPECT_EQ(request->unsendable.kind, Outcome::Kind::no_handler);
  EXPECT_THAT(request->unsendable.text, HasSubstr("course-imported"));
}

TEST(Unsendable, WithoutASecret) {
  Case c;
  c.secret.clear();
  const auto request = c.build();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->taken, 0u);
  EXPECT_EQ(request->unsendable.kind, Outcome::Kind::suspended);
}

TEST(Unsendable, WithDamagedArguments) {
  Case c;
  c.stored.event.arguments = "4:type,5:exa";
  EXPECT_EQ(c.build().error().status, Status::damaged);
}

}  // namespace
}  // namespace ptb::test
