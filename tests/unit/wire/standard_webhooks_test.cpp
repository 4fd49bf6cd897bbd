// Requests of the standard-webhooks wire, taken apart again as a receiver would.
#include "wire/standard_webhooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "event_wire_case.h"
#include "wire/webhook_signature.h"

namespace ptb::test {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const StandardWebhooksWire& wire() {
  static const StandardWebhooksWire only;
  return only;
}

WireRequest made(const EventWireCase& c, std::string_view secret = kSecret) {
  auto request = c.build(wire(), secret);
  EXPECT_TRUE(request.has_value()) << request.error().text;
  return request ? *request : WireRequest{};
}

Json body_of(const WireRequest& request) { return Json::parse(request.request.body); }

TEST(Webhook, IsByteForByteThis) {
  EventWireCase c;
  c.add_copy().event.context =
      encode_pairs({{"course_title", "T"}, {"user_id", "_9_1"}, {"returnurl", "/x?a=b"}, {"course_label", "L"}});
  const auto request = made(c);
  EXPECT_EQ(request.taken, 1u);
  EXPECT_EQ(request.request.destination, c.tool.destination);
  EXPECT_EQ(request.request.url, "https://tool.example/hook");
  EXPECT_EQ(request.request.content_type, "application/cloudevents+json");
  EXPECT_EQ(request.request.body,
            R"({"specversion":"1.0","id":"00112233-4455-5677-8899-000000000011","source":"https://lms.example:443",)"
            R"("type":"org.ptbridge.course.copied","time":"2020-09-13T12:26:40.001Z","subject":"_2_1",)"
            R"("datacontenttype":"application/json","sequence":"00000000000000000042","partitionkey":"acme/notes",)"
            R"("data":{"arguments":{"type":"exact","oldCourseId":"_1_1","newCourseId":"_2_1"},)"
            R"("ids":{"course":{"old":"_1_1","new":"_2_1"}},"settings":{"colour":"green","depth":"3"},)"
            R"("operation":"op-7","returnurl":"/x?a=b"}})");
  const auto signature = webhook_signatures(kSecret, to_text(id_at(1)), "1700000000", request.request.body);
  EXPECT_THAT(request.request.headers,
              ::testing::ElementsAre("webhook-id: 00112233-4455-5677-8899-000000000011",
                                     "webhook-timestamp: 1700000000", "webhook-signature: " + *signature));
}

TEST(Webhook, HasTheSameBytesAtALaterAttemptUnderAFreshSignature) {
  EventWireCase c;
  c.add_copy();
  const auto first = made(c);
  c.stamp = {1'700'000'300'000, "ffffffffffffffffffffffffffffffff"};
  const auto second = made(c);
  EXPECT_EQ(first.request.body, second.request.body);
  EXPECT_EQ(header_of(first.request, "webhook-id"), header_of(second.request, "webhook-id"));
  EXPECT_EQ(header_of(second.request, "webhook-timestamp"), "1700000300");
  EXPECT_NE(header_of(first.request, "webhook-signature"), header_of(second.request, "webhook-signature"));
}

TEST(Webhook, SaysEveryKind) {
  struct Row {
    EventKind kind;
    Pairs arguments;
    const char* type;
    Json ids;
  };
  const Row rows[] = {
      {EventKind::course_copied,
       {{"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}},
       "org.ptbridge.course.copied",
       {{"course", {{"old", "_1_1"}, {"new", "_2_1"}}}}},
      {EventKind::course_imported,
       {{"course_id", "_2_1"}, {"backup_id", "_9_1"}},
       "org.ptbridge.course.imported",
       {{"course", {{"new", "_2_1"}}}}},
      {EventKind::group_copied,
       {{"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}, {"oldId", "_3_1"}, {"newId", "_4_1"}},
       "org.ptbridge.group.copied",
       {{"course", {{"old", "_1_1"}, {"new", "_2_1"}}}, {"group", {{"old", "_3_1"}, {"new", "_4_1"}}}}},
      {EventKind::group_imported,
       {{"course_id", "_2_1"}, {"old_group_id", "_3_1"}, {"new_group_id", "_4_1"}},
       "org.ptbridge.group.imported",
       {{"course", {{"new", "_2_1"}}}, {"group", {{"old", "_3_1"}, {"new", "_4_1"}}}}},
      {EventKind::content_copied,
       {{"oldId", "_3_1"}, {"newId", "_4_1"}, {"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}},
       "org.ptbridge.content.copied",
       {{"course", {{"old", "_1_1"}, {"new", "_2_1"}}}, {"content", {{"old", "_3_1"}, {"new", "_4_1"}}}}},
      {EventKind::content_imported,
       {{"content_id", "_4_1"}, {"course_id", "_2_1"}},
       "org.ptbridge.content.imported",
       {{"content", {{"new", "_4_1"}}}, {"course", {{"new", "_2_1"}}}}},
      {EventKind::content_deleted, {{"content_id", "_4_1"}}, "org.ptbridge.content.deleted", nullptr},
      {EventKind::course_exported, {{"course_id", "_2_1"}}, "org.ptbridge.course.exported", nullptr},
      {EventKind::content_exported, {{"content_id", "_4_1"}}, "org.ptbridge.content.exported", nullptr},
      {EventKind::group_exported, {}, "org.ptbridge.group.exported", nullptr},
      {EventKind::course_deleted, {{"course_id", "_2_1"}}, "org.ptbridge.course.deleted", nullptr},
      {EventKind::state_change, {{"state", "available"}}, "org.ptbridge.tool.state-change", nullptr},
      {EventKind::remove, {}, "org.ptbridge.tool.remove", nullptr},
      {EventKind::reregister, {{"regpass", "r"}}, "org.ptbridge.tool.reregister", nullptr},
      {EventKind::ping, {}, "org.ptbridge.tool.ping", nullptr},
  };
  ASSERT_EQ(std::size(rows), static_cast<std::size_t>(EventKind::ping));
  for (const auto& row : rows) {
    EXPECT_TRUE(wire().can_say(row.kind));
    EventWireCase c;
    c.add(row.kind, row.arguments);
    const Json json = body_of(made(c));
    EXPECT_EQ(json.at("type"), row.type);
    EXPECT_EQ(json.at("data").value("ids", Json()), row.ids) << row.type;
    Json arguments = Json::object();
    for (const auto& [name, value] : row.arguments) arguments[name] = value;
    EXPECT_EQ(json.at("data").at("arguments"), arguments) << row.type;
  }
}

TEST(Webhook, OfAPersonsActHasAnIdOfItsOwnAndNoPlace) {
  EventWireCase c;
  auto& stored = c.add(EventKind::state_change, {{"state", "available"}});
  stored.event.id = {};
  stored.event.course_id.clear();
  stored.event.occurred_at_ms = stored.event.captured_at_ms = 0;
  stored.event.operation.clear();
  stored.place = {};
  const auto first = made(c);
  const Json json = body_of(first);
  EXPECT_TRUE(event_id_from(json.at("id").get<std::string>()).has_value());
  EXPECT_NE(json.at("id"), to_text(EventId{}));
  EXPECT_EQ(json.at("id"), header_of(first.request, "webhook-id"));
  EXPECT_EQ(json.at("time"), "2023-11-14T22:13:20.123Z");
  for (const auto* absent : {"sequence", "subject"}) EXPECT_FALSE(json.contains(absent)) << absent;
  EXPECT_FALSE(json.at("data").contains("operation"));
  c.stamp.nonce[0] = 'f';
  EXPECT_NE(header_of(made(c).request, "webhook-id"), header_of(first.request, "webhook-id"));
}

TEST(Webhook, IsAboutTheContentItemWhereThereIsOneAndToldAsCapturedWhereNobodySaidWhen) {
  EventWireCase c;
  auto& stored = c.add(EventKind::content_deleted, {{"content_id", "_4_1"}});
  stored.event.content_id = "_4_1";
  stored.event.occurred_at_ms = 0;
  EXPECT_EQ(body_of(made(c)).at("subject"), "_4_1");
  EXPECT_EQ(body_of(made(c)).at("time"), "2020-09-13T12:26:40.999Z");
}

TEST(Webhook, NeverHoldsTheContextButTheReturnUrl) {
  EventWireCase c;
  c.add_copy().event.context = encode_pairs(
      {{"user_id", "PERSON"}, {"course_title", "TITLE"}, {"course_label", "LABEL"}, {"content_handle", "resource/x"}});
  const auto request = made(c);
  for (const auto* word : {"PERSON", "TITLE", "LABEL", "resource/x", "returnurl"})
    EXPECT_THAT(request.request.body, Not(HasSubstr(word)));
}

TEST(Webhook, GoesToTheActionsUrlWhereTheToolHasNoEndpoint) {
  EventWireCase c;
  c.add_copy();
  c.tool.tool.options.endpoint.clear();
  c.tool.descriptor.base_urls = {{"https", "https://h"}, {"server-to-server", "https://s/"}};
  EXPECT_EQ(made(c).request.url, "https://s/events.do");
  EXPECT_EQ(c.build(wire(), kSecret, 1)->request.url, "https://h/events.do");
  EXPECT_EQ(c.build(wire(), kSecret, 2).error().status, Status::not_found);
  c.tool.tool.options.endpoint = "https://e/x";
  EXPECT_EQ(made(c).request.url, "https://e/x");
  EXPECT_EQ(c.build(wire(), kSecret, 1).error().status, Status::not_found);
}

TEST(Webhook, CannotBeBrokenOutOf) {
  using namespace std::string_literals;
  const std::string evil = "_1\r\nX-Evil: 1\r\n\r\n\0\"}]\\ \xFF\xC3"s;
  EventWireCase c;
  auto& stored = c.add(EventKind::course_copied, {{"newCourseId", evil}, {evil, evil}});
  stored.event.course_id = stored.event.content_id = stored.event.operation = evil;
  stored.event.context = encode_pairs({{"returnurl", evil}});
  c.settings = {{evil, evil}};
  c.tool.tool.options.endpoint = "https://h/" + evil;
  c.tool.tool.options.max_batch = 2;
  c.add_copy().event.course_id = evil;
  const auto request = made(c);
  EXPECT_EQ(request.taken, 2u);
  for (const auto& text : request.request.headers)
    for (const char byte : text) EXPECT_TRUE(byte >= ' ' && byte <= '~') << text;
  for (const char byte : request.request.url + request.request.content_type) EXPECT_TRUE(byte >= ' ' && byte <= '~');
  EXPECT_THAT(request.request.url, Not(HasSubstr(" ")));
  const Json json = body_of(request);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_FALSE(json.at(0).contains("subject"));
  const auto arguments = json.at(0).at("data").at("arguments");
  EXPECT_EQ(arguments.size(), 2u);
  EXPECT_EQ(arguments.at("newCourseId").get<std::string>().substr(0, 20), evil.substr(0, 20));
}

TEST(Webhook, CarriesTheFirstOfSeveralArgumentsOfOneName) {
  EventWireCase c;
  c.add(EventKind::course_copied, {{"type", "exact"}, {"type", "forged"}});
  EXPECT_EQ(body_of(made(c)).at("data").at("arguments").at("type"), "exact");
}

// ---- batches

TEST(WebhookBatch, TakesOnlyAsManyAsTheToolAskedFor) {
  EventWireCase c;
  for (int i = 0; i < 5; ++i) c.add_copy();
  for (const auto& [asked, taken] : {std::pair(0u, 1u), {1u, 1u}, {3u, 3u}, {5u, 5u}, {1000u, 5u}}) {
    c.tool.tool.options.max_batch = asked;
    const auto request = made(c);
    EXPECT_EQ(request.taken, taken) << asked;
    EXPECT_EQ(request.request.content_type,
              taken == 1 ? "application/cloudevents+json" : "application/cloudevents-batch+json");
  }
}

TEST(WebhookBatch, IsTheEventsInTheirOrderUnderOneId) {
  EventWireCase c;
  c.tool.tool.options.max_batch = 3;
  for (int i = 0; i < 4; ++i) c.add_copy();
  const auto request = made(c);
  std::string expected = "[";
  for (int i = 1; i <= 3; ++i) {
    EventWireCase alone;
    for (int k = 0; k < i; ++k) alone.add_copy();
    while (alone.stored.size() > 1) alone.stored.pop_front();
    expected += made(alone).request.body + (i < 3 ? "," : "]");
  }
  EXPECT_EQ(request.request.body, expected);
  EXPECT_EQ(header_of(request.request, "webhook-signature"),
            *webhook_signatures(kSecret, header_of(request.request, "webhook-id"), "1700000000", request.request.body));
}

TEST(WebhookBatch, HasTheSameIdForTheSameMembersAndNoOther) {
  EventWireCase c;
  c.tool.tool.options.max_batch = 3;
  for (int i = 0; i < 3; ++i) c.add_copy();
  const auto id = [&] { return header_of(made(c).request, "webhook-id"); };
  const std::string three = id();
  EXPECT_TRUE(event_id_from(three).has_value());
  c.stamp = {1'800'000'000'000, "ffffffffffffffffffffffffffffffff"};
  EXPECT_EQ(id(), three);
  c.add_copy();
  EXPECT_EQ(id(), three);
  c.tool.tool.options.max_batch = 2;
  const std::string two = id();
  EXPECT_NE(two, three);
  c.stored[1].event.id = id_at(9);
  EXPECT_NE(id(), two);
  c.tool.tool.options.max_batch = 1;
  EXPECT_EQ(id(), to_text(id_at(1)));
}

TEST(WebhookBatch, EndsBeforeAnEventWithoutHandlerWhichIsThenSaidAlone) {
  EventWireCase c;
  c.tool.tool.options.max_batch = 9;
  c.tool.descriptor.actions.erase("group-copied");
  c.add_copy();
  c.add_copy();
  c.add(EventKind::group_copied, {});
  c.add_copy();
  EXPECT_EQ(made(c).taken, 2u);
  c.stored.erase(c.stored.begin(), c.stored.begin() + 2);
  const auto none = made(c);
  EXPECT_EQ(none.taken, 0u);
  EXPECT_EQ(none.unsendable.kind, Outcome::Kind::no_handler);
}

TEST(WebhookBatch, EndsWhereTheUrlChangesOrAnEventIsDamagedOrItGrowsBeyondOneMebibyte) {
  EventWireCase c;
  c.tool.tool.options.max_batch = 9;
  c.tool.tool.options.endpoint.clear();
  c.tool.descriptor.actions["group-copied"].path = "/elsewhere";
  c.add_copy();
  c.add_copy();
  c.add(EventKind::group_copied, {});
  EXPECT_EQ(made(c).taken, 2u);
  c.stored[1].event.arguments = "9:broken";
  EXPECT_EQ(made(c).taken, 1u);
  c.stored.pop_front();
  EXPECT_EQ(c.build(wire(), kSecret).error().status, Status::damaged);

  EventWireCase large;
  large.tool.tool.options.max_batch = 9;
  for (int i = 0; i < 6; ++i) large.add(EventKind::course_copied, {{"x", std::string(250'000, 'x')}});
  const auto request = made(large);
  EXPECT_EQ(request.taken, 4u);
  EXPECT_LE(request.request.body.size(), 1024u * 1024u);
  large.stored.front().event.arguments = encode_pairs({{"x", std::string(2'000'000, 'x')}});
  EXPECT_EQ(made(large).taken, 1u);
}

// ---- keys, checks, answers

TEST(Webhook, WithABadSecretIsNotSentAndSuspendsWithoutShowingIt) {
  EventWireCase c;
  c.add_copy();
  for (const auto* secret : {"", "hunter2", "whsec_hunter2", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw hunter2"}) {
    const auto request = made(c, secret);
    EXPECT_EQ(request.taken, 0u);
    EXPECT_EQ(request.unsendable.kind, Outcome::Kind::suspended);
    EXPECT_THAT(request.unsendable.text, Not(HasSubstr("hunter2")));
    EXPECT_THAT(request.unsendable.text, HasSubstr("secret"));
    EXPECT_TRUE(request.request.body.empty());
  }
}

TEST(WebhookTool, NeedsNoEndpointButAGoodOneWhereItHasOne) {
  Tool tool;
  tool.locator = {"acme", "notes"};
  const auto problem = [&](const char* endpoint) {
    tool.options.endpoint = endpoint;
    const auto checked = wire().check(tool, {});
    return checked ? std::string() : checked.error().text;
  };
  for (const auto* good : {"", "https://h", "https://h:8443/a/b", "https://h/a?b=c&d=%20", "HTTPS://H"})
    EXPECT_EQ(problem(good), "") << good;
  for (const auto* bad : {"h", "/a", "ftp://h", "https://", "https://u:p@h", "https://h/a b", "https://h/a#b",
                          "https://h/?a#b", "https://h?a b", "https://h/\r\nX: y", "https://h?\xC3\xA9", "https:///x"})
    EXPECT_THAT(problem(bad), HasSubstr("acme/notes")) << bad;
  EXPECT_THAT(problem("http://h/a"), HasSubstr("use https"));
  tool.options.allow_http = true;
  EXPECT_EQ(problem("http://h/a"), "");
}

TEST(StatusAnswer, IsAllOfTheAnswer) {
  using Kind = Outcome::Kind;
  struct Row {
    int status;
    Kind kind;
    std::int64_t retry_after_ms;
  };
  const Row rows[] = {{200, Kind::acknowledged, 0}, {201, Kind::acknowledged, 0}, {204, Kind::acknowledged, 0},
                      {299, Kind::acknowledged, 0}, {100, Kind::failed, 0},       {301, Kind::failed, 0},
                      {302, Kind::failed, 0},       {307, Kind::failed, 0},       {400, Kind::failed, 0},
                      {401, Kind::failed, 0},       {404, Kind::failed, 0},       {410, Kind::suspended, 0},
                      {422, Kind::failed, 0},       {429, Kind::failed, 7000},    {500, Kind::failed, 0},
                      {502, Kind::failed, 7000},    {503, Kind::failed, 7000},    {504, Kind::failed, 7000},
                      {0, Kind::failed, 0},         {600, Kind::failed, 0}};
  for (const auto& row : rows) {
    ExchangeResult result;
    result.fault = ExchangeResult::Fault::none;
    result.http_status = row.status;
    result.retry_after_ms = 7000;
    result.body = "<result>ERROR</result>";
    const Outcome outcome = wire().judge(result);
    EXPECT_EQ(outcome.kind, row.kind) << row.status;
    EXPECT_EQ(outcome.retry_after_ms, row.retry_after_ms) << row.status;
    if (row.kind != Kind::acknowledged) {
      EXPECT_THAT(outcome.text, HasSubstr(std::to_string(row.status)));
    }
  }
}

TEST(StatusAnswer, OfAFaultIsAFailureAndOfTheGuardASuspension) {
  using Fault = ExchangeResult::Fault;
  for (const auto fault : {Fault::forbidden, Fault::tls_handshake, Fault::timed_out, Fault::answer_too_large,
                           Fault::broken, Fault::abandoned}) {
    ExchangeResult result;
    result.fault = fault;
    result.fault_text = "no\r\n luck";
    result.http_status = 200;
    const Outcome outcome = wire().judge(result);
    EXPECT_EQ(outcome.kind, fault == Fault::forbidden ? Outcome::Kind::suspended : Outcome::Kind::failed);
    EXPECT_EQ(outcome.text, "no   luck");
    EXPECT_EQ(wire().may_fall_back(result), fault == Fault::tls_handshake);
  }
}

}  // namespace
}  // namespace ptb::test
