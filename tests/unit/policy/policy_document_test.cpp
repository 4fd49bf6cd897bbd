// What a document says arrives in the policy; what it leaves out is as if there were no policy; and how documents are
// told from names.
#include "policy/policy_document.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ptb::test {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

std::string document(const std::string& inner, const std::string& attributes = "") {
  return "<delivery-policy xmlns=\"urn:ptbridge:delivery-policy:1\" name=\"p\" " + attributes + ">" + inner +
         "</delivery-policy>";
}

Policy policy(const std::string& inner, const std::string& attributes = "") {
  auto read = read_policy(document(inner, attributes));
  EXPECT_TRUE(read) << read.error().text;
  return read.value_or(Policy{});
}

std::string problem(std::string_view text) {
  const auto read = read_policy(text);
  EXPECT_FALSE(read);
  return read ? "" : read.error().text;
}

KindSet kinds(std::initializer_list<EventKind> list) {
  KindSet set;
  for (const EventKind kind : list) set.insert(kind);
  return set;
}

TEST(PolicyDocument, OfNothingIsThePolicyOfNothing) {
  const Policy read = policy("");
  const Policy none;
  EXPECT_EQ(read.name, "p");
  EXPECT_EQ(read.document, document(""));
  EXPECT_EQ(read.order, none.order);
  EXPECT_EQ(read.restart_first, none.restart_first);
  EXPECT_EQ(read.settle, none.settle);
  EXPECT_EQ(read.after_failure, none.after_failure);
  EXPECT_EQ(read.receipts_ms, none.receipts_ms);
}

TEST(PolicyDocument, TheRootSaysHowLanesAreSplitAndWalked) {
  EXPECT_EQ(policy("", "order=\"tool\"").order, Policy::Order::tool);
  EXPECT_EQ(policy("", "order=\"course\"").order, Policy::Order::course);
  EXPECT_EQ(policy("", "order=\"none\"").order, Policy::Order::none);
  const Policy next = policy("", "restart=\"next\" settle=\"7\" settings=\"current\"");
  EXPECT_FALSE(next.restart_first);
  EXPECT_EQ(next.settle, 7);
  EXPECT_TRUE(next.current_settings);
}

TEST(PolicyDocument, Groups) {
  const Policy read = policy(
      "<groups><group name=\"a\" kinds=\"course-copied\n content-copied\"/><group name=\"b\" kinds=\"group-copied\"/>"
      "</groups>",
      "order=\"group\"");
  EXPECT_EQ(read.order, Policy::Order::group);
  ASSERT_EQ(read.groups.size(), 2U);
  EXPECT_EQ(read.groups[0].name, "a");
  EXPECT_EQ(read.groups[0].kinds, kinds({EventKind::course_copied, EventKind::content_copied}));
  EXPECT_EQ(read.groups[1].kinds, kinds({EventKind::group_copied}));
}

TEST(PolicyDocument, Acknowledge) {
  const Policy read = policy("<acknowledge by=\"2xx\" within=\"1500ms\" https=\"required\"/>");
  EXPECT_TRUE(read.acknowledged_by_2xx);
  EXPECT_EQ(read.time_limit_ms, 1500U);
  EXPECT_TRUE(read.https_required);
  EXPECT_FALSE(read.refusal_is_failure);
  EXPECT_TRUE(policy("<acknowledge refusal=\"failure\"/>").refusal_is_failure);
  EXPECT_EQ(policy("<acknowledge within=\"1h\"/>").time_limit_ms, 3'600'000U);
}

TEST(PolicyDocument, AfterAFailure) {
  const Policy waits = policy(
      "<on-failure then=\"retry\" from=\"original-failure\" park=\"tls not-sent\"><wait>1ms</wait><wait>2s</wait>"
      "<wait>3min</wait><wait>4h</wait><wait>5d</wait></on-failure>");
  EXPECT_EQ(waits.after_failure, Policy::AfterFailure::retry);
  EXPECT_EQ(waits.retry.from, RetrySchedule::From::original_failure);
  EXPECT_EQ(waits.retry.waits_ms, (std::vector<std::int64_t>{1, 2000, 3 * kMinute, 4 * kHour, 5 * kDay}));
  EXPECT_EQ(waits.parks_at_once, (std::vector<FailureKind>{FailureKind::tls, FailureKind::not_sent}));

  const Policy grows = policy(
      "<on-failure then=\"retry\"><backoff first=\"4s\" factor=\"1.5\" at-most=\"1h\" jitter=\"10\"/></on-failure>");
  EXPECT_EQ(grows.retry.from, RetrySchedule::From::last_attempt);
  EXPECT_EQ(grows.retry.first_ms, 4000);
  EXPECT_EQ(grows.retry.factor, 1.5);
  EXPECT_EQ(grows.retry.at_most_ms, kHour);
  EXPECT_EQ(grows.retry.jitter_percent, 10);

  EXPECT_EQ(policy("<on-failure then=\"queue\"/>").after_failure, Policy::AfterFailure::queue);
}

TEST(PolicyDocument, GivingUp) {
  const GiveUp terms =
      policy("<give-up then=\"discard\" attempts=\"5\" not-installed=\"400d\" unavailable=\"90d\" down=\"3650d\"/>")
          .give_up;
  EXPECT_EQ(terms.then, GiveUp::Then::discard);
  EXPECT_EQ(terms.attempts, 5);
  EXPECT_EQ(terms.not_installed_ms, 400 * kDay);
  EXPECT_EQ(terms.unavailable_ms, 90 * kDay);
  EXPECT_EQ(terms.down_ms, 3650 * kDay);
  EXPECT_EQ(policy("<give-up down=\"1d\"/>").give_up.then, GiveUp::Then::park);
  EXPECT_EQ(policy("<give-up then=\"suspend\" down=\"1d\"/>").give_up.then, GiveUp::Then::suspend);
}

TEST(PolicyDocument, DelaysAreSortedByWhatTheyWaitFor) {
  const Policy read = policy(
      "<delays poll=\"60s\"><delay kinds=\"content-deleted\" until-item-known=\"true\"/>"
      "<delay kinds=\"content-deleted\" until-setting=\"b\" scope=\"course\"/>"
      "<delay kinds=\"content-deleted\" until-setting=\"a\" scope=\"course\"/>"
      "<delay kinds=\"content-imported content-deleted\" for=\"10min\"/></delays>");
  EXPECT_EQ(read.poll_ms, kMinute);
  ASSERT_EQ(read.delays.size(), 4U);
  EXPECT_EQ(read.delays[0].until, Delay::Until::time);
  EXPECT_EQ(read.delays[0].wait_ms, 10 * kMinute);
  EXPECT_EQ(read.delays[0].kinds, kinds({EventKind::content_imported, EventKind::content_deleted}));
  EXPECT_EQ(read.delays[1].until, Delay::Until::setting);
  EXPECT_EQ(read.delays[1].key, "b") << "of one sort they stay as written";
  EXPECT_EQ(read.delays[1].scope, Scope::course);
  EXPECT_EQ(read.delays[2].key, "a");
  EXPECT_EQ(read.delays[3].until, Delay::Until::item);
}

TEST(PolicyDocument, MaintenanceKeepAndWatch) {
  const Policy read = policy(
      "<maintenance days=\"mon sun\" from=\"22:05\" to=\"04:00\"/><maintenance from=\"00:00\" to=\"24:00\" "
      "days=\"wed\"/><maintenance from=\"05:00\" to=\"05:01\"/><keep receipts=\"7d\"/><watch waiting=\"100\" "
      "age=\"2min\"/>");
  ASSERT_EQ(read.maintenance.size(), 3U);
  EXPECT_EQ(read.maintenance[0].days, (std::array<bool, 7>{true, false, false, false, false, false, true}));
  EXPECT_EQ(read.maintenance[0].from, 22 * 60 + 5);
  EXPECT_EQ(read.maintenance[0].to, 4 * 60);
  EXPECT_EQ(read.maintenance[1].to, 24 * 60);
  EXPECT_EQ(read.maintenance[2].days, (std::array<bool, 7>{true, true, true, true, true, true, true}));
  EXPECT_EQ(read.receipts_ms, 7 * kDay);
  EXPECT_EQ(read.watch_waiting, 100);
  EXPECT_EQ(read.watch_age_ms, 2 * kMinute);
}

TEST(PolicyDocument, MayComeWithAByteOrderMarkOrWhiteSpace) {
  const std::string marked = "\xEF\xBB\xBF" + document("");
  EXPECT_EQ(read_policy(marked).value().document, marked);
  EXPECT_TRUE(read_policy("\n  " + document("")));
  EXPECT_EQ(problem("\xEF\xBB\xBF<a/>").substr(0, 22), "policy line 1 column 1");
  EXPECT_EQ(problem("\n  <a/>").substr(0, 22), "policy line 2 column 3");
}

TEST(PolicyDocument, AnUnknownNameIsToldWhichThereAre) {
  EXPECT_EQ(problem("blackbord"),
            "there is no policy 'blackbord'; use one of blackboard, drillster, oneio, open-connectors, "
            "open-connectors-2, open-connectors-queue, shuttle, shuttle-default, or a document that begins with '<'");
  EXPECT_EQ(problem("").substr(0, 24), "there is no policy ''; u");
  EXPECT_EQ(problem("two\nlines").find('\n'), std::string::npos);
}

TEST(PolicyDocument, TooLargeOrNotTextIsRefused) {
  const std::string large = document(std::string(kMaxPolicyBytes, ' '));
  EXPECT_EQ(problem(large),
            "the policy has " + std::to_string(large.size()) + " bytes; at most 65536 are read, so shorten it");
  EXPECT_TRUE(read_policy(document(std::string(kMaxPolicyBytes - document("").size(), ' '))));
  EXPECT_EQ(problem("<\xFF>"), "the policy is not UTF-8; save it in that encoding");
}

TEST(PolicyDocument, MayHoldSoMuchAndNoMore) {
  const auto times = [](int n, const std::string& text) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
  };
  const auto waits = [&](int n) {
    return document("<on-failure then=\"retry\">" + times(n, "<wait>1s</wait>") + "</on-failure>");
  };
  EXPECT_TRUE(read_policy(waits(100)));
  EXPECT_NE(problem(waits(101)).find("more than 100 waits"), std::string::npos);
  const std::string window = "<maintenance days=\"mon\" from=\"01:00\" to=\"02:00\"/>";
  EXPECT_TRUE(read_policy(document(times(64, window))));
  EXPECT_NE(problem(document(times(65, window))).find("more than 64 maintenance windows"), std::string::npos);
  const auto delays = [](int n) {
    std::string all;
    for (int i = 0; i < n; ++i)
      all += "<delay kinds=\"content-deleted\" until-setting=\"k" + std::to_string(i) + "\" scope=\"course\"/>";
    return document("<delays>" + all + "</delays>");
  };
  EXPECT_TRUE(read_policy(delays(64)));
  EXPECT_NE(problem(delays(65)).find("more than 64 delays"), std::string::npos);
}

}  // namespace
}  // namespace ptb::test
