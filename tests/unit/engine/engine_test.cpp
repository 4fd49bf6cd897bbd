// The engine's rules one by one, in a world without network or real time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/fault_point.h"
#include "small_world.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ToolModel down() {
  return [](const Received&) { return "drop"; };
}
ToolModel up() {
  return [](const Received&) { return "ok"; };
}
/// Answers `good` requests that carry an event, then is dead.
ToolModel dies_after(int good) {
  return [left = good](const Received& got) mutable {
    if (!got.parameters.contains("event_id")) return "ok";
    return left-- > 0 ? "ok" : "drop";
  };
}

TEST(Engine, DeliversAtOnceWhereTheToolAnswers) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  OperationId operation = 0;
  const auto answers = world.capture({world.event(kQuiz, EventKind::course_imported, "A")}, &operation);
  EXPECT_EQ(answers[0].deferral, Deferral::first_attempt);
  const OperationResult result = world.wait(operation);
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.tally.acknowledged, 1U);
  EXPECT_EQ(world.stored(answers[0].id).state, EventState::delivered);
  EXPECT_EQ(world.received.back().parameters.at("attempt"), "1");
  EXPECT_EQ(world.received.back().parameters.at("deferred"), "false");
}

TEST(Engine, ReplayStartsAgainAtTheFirstEvent) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  std::vector<CaptureAnswer> answers;
  for (const char* name : {"A", "B", "C"})
    answers.push_back(world.capture_one(kQuiz, EventKind::course_imported, name));
  world.model = dies_after(1);
  const OperationResult stopped = world.save(kQuiz, ToolState::available);
  EXPECT_FALSE(stopped.ok);
  EXPECT_EQ(stopped.tool_state, ToolState::available);
  EXPECT_EQ(stopped.tally.left, 3U);
  world.model = up();
  EXPECT_EQ(world.stored(answers[0].id).walks, 1) << "pending, and walked once";
  const OperationResult done = world.save(kQuiz, ToolState::available);
  EXPECT_TRUE(done.ok);
  EXPECT_EQ(done.tally.repeated, 1U);
  EXPECT_EQ(world.stored(answers[0].id).walks, 2);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:drop", "A:ok", "B:ok", "C:ok"));
  EXPECT_EQ(world.lane(kQuiz).waiting, 0);
}

TEST(Engine, RefusedIsHeardAndNotRepeated) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  bool c_answers = false;
  world.model = [&](const Received& got) -> std::string {
    const auto at = got.parameters.find("backup_id");
    if (at == got.parameters.end()) return "ok";
    if (at->second == "A") return "error";
    return at->second == "C" && !c_answers ? "drop" : "ok";
  };
  EXPECT_FALSE(world.save(kQuiz, ToolState::available).ok);
  c_answers = true;
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:error", "B:ok", "C:drop", "B:ok", "C:ok"));
}

TEST(Engine, ALiveEventBehindABacklogJoinsIt) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = down();
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.clock.advance(10'000);
  world.model = up();
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_imported, "B").deferral, Deferral::behind_backlog);
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:drop", "A:ok", "B:ok"));
}

TEST(Engine, ContactsAfterAFailureKeepTheirDistanceAndAreNotDropped) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = down();
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  for (const char* name : {"B", "C", "D"}) {
    OperationId operation = 0;
    world.capture({world.event(kQuiz, EventKind::course_imported, name)}, &operation);
    EXPECT_EQ(world.wait(operation).tally.sent, 0U) << "inside the interval a contact is answered as deferred";
  }
  EXPECT_EQ(world.heard().size(), 1U);
  world.model = up();
  world.clock.advance(5'001);
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:drop", "A:ok", "B:ok", "C:ok", "D:ok"));
}

TEST(Engine, AContactInTheIntervalSurvivesAReopen) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = down();
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.capture_one(kQuiz, EventKind::course_imported, "B");
  world.run();
  world.model = up();
  world.reopen();
  world.run();
  EXPECT_EQ(world.heard().size(), 1U) << "the distance holds over a reopen";
  world.clock.advance(5'001);
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:drop", "A:ok", "B:ok"));
}

TEST(Engine, SavingTwiceWalksOnce) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  const auto first = world.engine->tool_saved(kQuiz, ToolState::available);
  const auto second = world.engine->tool_saved(kQuiz, ToolState::available);
  EXPECT_TRUE(world.wait(*first).ok);
  const OperationResult joined = world.wait(*second);
  EXPECT_TRUE(joined.ok);
  EXPECT_EQ(joined.tool_state, ToolState::available);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok"));
}

TEST(Engine, ASaveDuringItsOwnWalkJoinsIt) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  OperationId second = 0;
  world.model = [&](const Received& got) -> std::string {
    if (second == 0 && got.parameters.contains("event_id"))
      second = *world.engine->tool_saved(kQuiz, ToolState::available);
    return "ok";
  };
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_TRUE(world.wait(second).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok", "C:ok"));
}

TEST(Engine, AFailedStateChangeLeavesEverythingAsItWas) {
  SmallWorld world;
  world.install(kQuiz, ToolState::inactive);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  for (const char* answer : {"error", "drop"}) {
    world.model = [&](const Received&) { return answer; };
    const OperationResult result = world.save(kQuiz, ToolState::available);
    EXPECT_FALSE(result.ok);
    EXPECT_EQ(result.tool_state, ToolState::inactive);
    EXPECT_THAT(result.text, HasSubstr("state-change"));
  }
  EXPECT_THAT(world.heard(), IsEmpty());
  EXPECT_EQ((*world.store->tool(kQuiz))->state, ToolState::inactive);
}

TEST(Engine, ADescriptorWithoutStateChangeCountsAsItsSuccess) {
  SmallWorld world;
  world.install(kQuiz, ToolState::inactive, false);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Engine, SavingAwayStopsTheWalkAndIsNotBlockedByTheTool) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B", "C"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  OperationId away = 0;
  world.model = [&](const Received& got) -> std::string {
    if (!got.parameters.contains("event_id")) return got.parameters.at("state") == "available" ? "ok" : "error";
    if (away == 0) away = *world.engine->tool_saved(kQuiz, ToolState::unavailable);
    return "ok";
  };
  EXPECT_FALSE(world.save(kQuiz, ToolState::available).ok);
  const OperationResult result = world.wait(away);
  EXPECT_TRUE(result.ok);
  EXPECT_THAT(result.text, HasSubstr("saved, though"));
  EXPECT_EQ((*world.store->tool(kQuiz))->state, ToolState::unavailable);
  EXPECT_LT(world.heard().size(), 3U);
  EXPECT_EQ(world.lane(kQuiz).waiting, 3);
}

TEST(Engine, AnEventThatStopsThreeWalksSuspendsItsLaneUntilASave) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  for (const char* name : {"A", "B"}) world.capture_one(kQuiz, EventKind::course_imported, name);
  for (int walk = 0; walk < 3; ++walk) {
    world.model = dies_after(1);
    EXPECT_FALSE(world.save(kQuiz, ToolState::available).ok);
  }
  EXPECT_EQ(world.lane(kQuiz).hold, LaneHold::suspended);
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_imported, "C").deferral, Deferral::suspended);
  world.clock.advance(60'000);
  world.model = up();
  world.run();
  EXPECT_EQ(world.heard().size(), 6U) << "nothing goes out while suspended";
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_EQ(world.lane(kQuiz).waiting, 0);
}

TEST(Engine, AToolThatIsSimplyDownIsNeverSuspended) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.model = dies_after(0);
  for (int walk = 0; walk < 6; ++walk) world.save(kQuiz, ToolState::available);
  EXPECT_EQ(world.lane(kQuiz).hold, LaneHold::none);
}

TEST(Engine, NotInstalledWaitsForAnAdministratorsSave) {
  SmallWorld world;
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_imported, "A").deferral, Deferral::not_installed);
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_copied, "X").ignored_as, "tool_not_installed");
  world.install(kQuiz, ToolState::available);
  world.run();
  world.capture_one(kQuiz, EventKind::course_imported, "B");
  world.run();
  world.reopen();
  world.run();
  EXPECT_THAT(world.heard(), IsEmpty()) << "a registration alone releases nothing";
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok"));
}

TEST(Engine, AClaimNeedsASaveToo) {
  SmallWorld world;
  const Locator old{"tools.example", "lti"};
  world.capture_one(old, EventKind::course_imported, "A");
  world.install(kQuiz, ToolState::available);
  world.order(R"({"do":"claim","from":"tools.example/lti","to":"acme/quiz"})");
  world.run();
  EXPECT_THAT(world.heard(), IsEmpty());
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
  EXPECT_EQ(world.received.back().host, "acme.example");
}

TEST(Engine, NeverWaitingActionsAreDroppedByAStoppedWalkAndOnlyThey) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = down();
  const auto imported = world.capture_one(kQuiz, EventKind::course_imported, "A");
  const auto deleted = world.capture_one(kQuiz, EventKind::course_deleted, "D");
  world.run();
  EXPECT_EQ(world.stored(deleted.id).state, EventState::discarded);
  EXPECT_EQ(world.stored(imported.id).state, EventState::pending);
}

TEST(Engine, ASecondReportOfAnOperationIsADuplicateAlsoAfterDelivery) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  const auto first = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.reopen();
  const auto again = world.capture_one(kQuiz, EventKind::course_imported, "A");
  EXPECT_EQ(again.kind, CaptureAnswer::Kind::duplicate);
  EXPECT_EQ(again.id, first.id);
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Engine, SettingsOfTheMomentOfCaptureAreSent) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  world.host.settings = {{Scope::system, "colour", "red"}, {Scope::course, "colour", "green"}};
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.host.settings = {{Scope::system, "colour", "blue"}};
  world.model = dies_after(0);
  world.save(kQuiz, ToolState::available);
  world.model = up();
  world.save(kQuiz, ToolState::available);
  std::vector<std::map<std::string, std::string>> sent;
  for (const auto& one : world.received)
    if (one.parameters.contains("event_id")) sent.push_back(one.parameters);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0]["colour"], "green");
  EXPECT_EQ(sent[1]["colour"], "green");
  EXPECT_EQ(sent[0]["event_id"], sent[1]["event_id"]);
  EXPECT_NE(sent[0]["nonce"], sent[1]["nonce"]);
  EXPECT_NE(sent[0]["timestamp"], sent[1]["timestamp"]);
  EXPECT_NE(sent[0]["mac"], sent[1]["mac"]);
  EXPECT_EQ(sent[1]["attempt"], "2");
}

TEST(Engine, AFailingSettingsCallbackStoresNothing) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  world.host.settings_fail = true;
  std::vector<CaptureAnswer> answers;
  const auto captured = world.engine->capture({world.event(kQuiz, EventKind::course_imported, "A")}, answers, false);
  ASSERT_FALSE(captured);
  EXPECT_EQ(captured.error().status, Status::host);
  EXPECT_THAT(*world.store->lanes(), IsEmpty());
}

TEST(Engine, AMissingSecretSuspendsTheLaneAndASaveReleasesIt) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available, false);
  world.host.secret.clear();
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  EXPECT_EQ(world.lane(kQuiz).hold, LaneHold::suspended);
  world.host.secret = "found";
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Engine, AHeldLaneWaitsForItsReleaseEvenThroughASave) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = down();
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.order(R"({"do":"hold","lane":"acme/quiz"})");
  world.model = up();
  const OperationResult saved = world.save(kQuiz, ToolState::available);
  EXPECT_THAT(saved.text, HasSubstr("held"));
  EXPECT_EQ(saved.tally.left, 1U);
  world.order(R"({"do":"release","lane":"acme/quiz"})");
  world.run();
  EXPECT_THAT(world.heard(), ElementsAre("A:drop", "A:ok"));
}

TEST(Engine, RetryOfARefusedEventSendsItAlone) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = [](const Received&) { return "error"; };
  const auto answer = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  EXPECT_EQ(world.stored(answer.id).state, EventState::refused);
  EXPECT_EQ(world.stored(answer.id).walks, 1);
  world.model = up();
  const OperationResult result = world.order(R"({"do":"retry","id":")" + to_text(answer.id) + "\"}");
  EXPECT_EQ(result.tally.acknowledged, 1U);
  EXPECT_EQ(world.stored(answer.id).state, EventState::delivered);
  EXPECT_EQ(world.received.back().parameters.at("attempt"), "2");
}

TEST(Engine, ADiscardedEventIsPassedOver) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  const auto a = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.capture_one(kQuiz, EventKind::course_imported, "B");
  world.order(R"({"do":"discard","id":")" + to_text(a.id) + R"(","reason":"restored by mistake"})");
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), ElementsAre("B:ok"));
}

TEST(Engine, ADeadToolDelaysNoOther) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.install(kWiki, ToolState::available);
  world.model = [](const Received& got) { return got.host == "acme.example" ? "hang" : "ok"; };
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  OperationId operation = 0;
  world.capture({world.event(kWiki, EventKind::course_imported, "W")}, &operation);
  EXPECT_EQ(world.wait(operation).tally.acknowledged, 1U);
  EXPECT_THAT(world.heard(), ElementsAre("W:ok"));
}

TEST(Engine, WalksThatEndTogetherShareACommit) {
  static int commits = 0;
  SmallWorld world;
  std::vector<Locator> tools;
  for (int i = 0; i < 5; ++i) {
    tools.push_back({"v" + std::to_string(i), "p"});
    world.install(tools.back(), ToolState::available);
  }
  // All answers come in one go, once all five are under way.
  int under_way = 0;
  world.model = [&](const Received&) { return ++under_way > 5 ? "ok" : "hang"; };
  for (const auto& tool : tools) world.capture_one(tool, EventKind::course_imported, "E");
  commits = 0;
  fault_point_hook = [](const char* name) {
    commits += std::string_view(name) == "store.end_walk.after_commit" ? 1 : 0;
  };
  world.run();
  fault_point_hook = nullptr;
  EXPECT_EQ(world.heard().size(), 5U);
  for (const auto& tool : tools) EXPECT_EQ(world.lane(tool).waiting, 0);
  EXPECT_LT(commits, 5);
}

TEST(Engine, ToolsThatFailedShareHalfOfThePlaces) {
  SmallWorld world;
  world.crash();
  world.options.pump.max_exchanges = 4;
  world.open();
  std::vector<Locator> tools;
  for (int i = 0; i < 6; ++i) {
    tools.push_back({"v" + std::to_string(i), "p"});
    world.install(tools.back(), ToolState::available);
  }
  world.model = down();
  for (const auto& tool : tools) world.capture_one(tool, EventKind::course_imported, "first");
  world.run();
  world.clock.advance(6'000);
  world.transport->most_under_way = 0;
  world.model = [](const Received&) { return "hang"; };
  for (const auto& tool : tools) world.capture_one(tool, EventKind::course_imported, "second");
  world.engine->run_once(50);
  EXPECT_EQ(world.transport->most_under_way, 2U);
}

TEST(Engine, ARemovedToolsEventsFallBackToTheirLocator) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  ASSERT_TRUE(world.engine->tool_removed(kQuiz));
  world.install(kQuiz, ToolState::available);
  world.run();
  EXPECT_THAT(world.heard(), IsEmpty());
  world.save(kQuiz, ToolState::available);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST(Engine, WaitingForNothingWaitsUntilNothingIsUnderWay) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.capture_one(kQuiz, EventKind::course_imported, "B");
  EXPECT_TRUE(world.wait(0).ok);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok", "B:ok"));
  EXPECT_TRUE(world.wait(0).ok) << "and at once where there is nothing";
}

TEST(Engine, ExplainNamesTheReasonTheQueueAndTheRemedy) {
  SmallWorld world;
  world.install(kQuiz, ToolState::inactive);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  const auto b = world.capture_one(kQuiz, EventKind::course_imported, "B");
  const auto text = world.engine->report(R"({"report":"explain","id":")" + to_text(b.id) + "\"}");
  ASSERT_TRUE(text) << text.error().text;
  const Json json = Json::parse(*text);
  EXPECT_EQ(json["why"], "not_available");
  EXPECT_EQ(json["ahead"], 1);
  EXPECT_THAT(json["released_by"].get<std::string>(), HasSubstr("save acme/quiz as available"));
}

TEST(Engine, TheReportOfADescriptorSaysAllThatIsKept) {
  SmallWorld world;
  const std::string xml =
      "<tool-profile><vendor><code>v</code><name>Vendor</name><contact><email>v@v.example</email></contact></vendor>"
      "<tool-info><code>p</code><version>2</version></tool-info><tool-instance><base-urls><base-url type='https'>"
      "https://h</base-url></base-urls></tool-instance><required-webservices><tool-login><service name='Context.WS'>"
      "<operation>logout</operation></service></tool-login></required-webservices><http-actions><action type='view' "
      "path='https://elsewhere/'/><action type='ping' path='/p'><param name='a' "
      "fixed='b'/></action></http-actions><links><content-handler><handle value='h'/><can-copy value='true'/>"
      "</content-handler><menu-link><name>Menu</name><category-choice><category>free</category></category-choice>"
      "<icons><icon>/i.gif</icon></icons></menu-link></links></tool-profile>";
  const auto text = world.engine->report(Json{{"report", "descriptor"}, {"xml", xml}}.dump());
  ASSERT_TRUE(text) << text.error().text;
  const Json json = Json::parse(*text);
  EXPECT_EQ(json["vendor_name"], "Vendor");
  EXPECT_EQ(json["vendor_email"], "v@v.example");
  EXPECT_EQ(json["version"], "2");
  EXPECT_EQ(json["tool_login"][0]["operations"][0], "logout");
  EXPECT_EQ(json["unusable_actions"][0], "view");
  EXPECT_EQ(json["content_handlers"][0]["can_copy"], true);
  EXPECT_EQ(json["menu_links"][0]["name"], "Menu");
  EXPECT_EQ(json["menu_links"][0]["categories"][0]["name"], "free");
  EXPECT_EQ(json["menu_links"][0]["icons"][0]["path"], "/i.gif");
  EXPECT_EQ(json["placements"], true);
  const Json request = {
      {"type", "ping"}, {"handle", ""}, {"path", "/p"}, {"fixed", Json::array({Json::array({"a", "b"})})}};
  EXPECT_EQ(json["requests"], Json::array({request}));
}

/// By the store, as another process would change it.
TEST(Engine, WhoOnlyCapturesSeesAnotherPolicyWithinASecond) {
  SmallWorld world;
  world.install(kQuiz, ToolState::unavailable);
  world.options.capture_only = true;
  world.reopen();
  const auto split_of = [&](const std::string& operation) {
    const CaptureAnswer answer = world.capture_one(kQuiz, EventKind::course_imported, operation);
    return world.store->lane(answer.place.lane)->split;
  };
  EXPECT_EQ(split_of("A"), "");
  ASSERT_TRUE(world.store->put_policy(
      kQuiz, R"(<delivery-policy xmlns="urn:ptbridge:delivery-policy:1" name="quiz" order="course"/>)"));
  world.clock.advance(1001);
  EXPECT_EQ(split_of("B"), "course");
  ASSERT_TRUE(world.store->put_policy(kQuiz, ""));
  world.clock.advance(1001);
  EXPECT_EQ(split_of("C"), "");
}

TEST(Engine, AnOrderThatNestsWithoutEndIsRefused) {
  SmallWorld world;
  std::string order = R"({"do":"retry","id":)";
  for (int level = 0; level < 100'000; ++level) order += R"({"a":)";
  order += "1" + std::string(100'001, '}');
  EXPECT_EQ(world.engine->administer(order).error().status, Status::argument);
  EXPECT_EQ(world.engine->report(order).error().status, Status::argument);
}

TEST(Engine, WrongQuestionsAndOrdersAreAnsweredInOneLine) {
  SmallWorld world;
  world.install(kQuiz, ToolState::inactive);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  for (const char* question : {"", "[]", "{}", R"({"report":"weather"})", R"({"report":"event","id":"x"})",
                               R"({"report":"events","state":"lost"})", R"({"report":"events","limit":0})",
                               R"({"report":"events","limit":"many"})", R"({"report":"events","tool":"no-slash"})"}) {
    const auto answer = world.engine->report(question);
    ASSERT_FALSE(answer) << question;
    EXPECT_FALSE(answer.error().text.empty());
    EXPECT_EQ(answer.error().text.find('\n'), std::string::npos);
  }
  for (const char* order : {R"({"do":"dance"})", R"({"do":"hold","lane":"acme/quiz","reason":5})",
                            R"({"do":"discard","id":"00000000-0000-0000-0000-000000000000","reason":"r"})",
                            R"({"do":"replay","tool":"a/b"})", R"({"do":"hold","lane":"a/b"})"})
    EXPECT_FALSE(world.engine->administer(order)) << order;
}

}  // namespace
}  // namespace ptb::test
