// Acts on a tool that it hears of at once (ping, reregister, remove), and every action of the protocol against every
// condition, as proxy-tool-protocol §4 has it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_world.h"

namespace ptb::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

ToolModel answering(const char* answer) {
  return [answer](const Received&) { return answer; };
}

std::string ping(const Locator& tool) { return R"({"do":"ping","tool":")" + to_text(tool) + "\"}"; }
std::string reregister(const Locator& tool) {
  return R"({"do":"reregister","tool":")" + to_text(tool) + R"(","regpass":"open","tcprofileurl":"https://lms/p"})";
}

std::vector<std::string> actions_of(const SmallWorld& world) {
  std::vector<std::string> actions;
  for (const auto& one : world.received)
    if (const auto at = one.parameters.find("action"); at != one.parameters.end()) actions.push_back(at->second);
  return actions;
}

TEST(Acts, APingSaysWhetherTheToolAnswers) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  EXPECT_TRUE(world.order(ping(kQuiz)).ok);
  EXPECT_THAT(actions_of(world), testing::ElementsAre("ping"));
  EXPECT_FALSE(world.received.back().parameters.contains("event_id"));
  for (const char* const answer : {"error", "drop"}) {
    world.model = answering(answer);
    const OperationResult result = world.order(ping(kQuiz));
    EXPECT_FALSE(result.ok);
    EXPECT_THAT(result.text, HasSubstr("the server of acme/quiz is unavailable"));
  }
  EXPECT_THAT(world.host.told, IsEmpty()) << "who waits for the operation is told by it";
}

TEST(Acts, APingThatIsAnsweredStartsAWalkAndOneThatIsNotDoesNot) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  world.model = answering("drop");
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  world.clock.advance(60'000);
  world.received.clear();
  world.order(ping(kQuiz));
  world.run();
  EXPECT_THAT(world.heard(), IsEmpty());
  world.model = answering("ok");
  world.order(ping(kQuiz));
  world.run();
  EXPECT_THAT(world.heard(), testing::ElementsAre("A:ok"));
}

TEST(Acts, AToolThatIsNotAvailableIsNotPinged) {
  SmallWorld world;
  for (const ToolState state : {ToolState::inactive, ToolState::unavailable}) {
    world.install(kQuiz, state);
    const auto answer = world.engine->administer(ping(kQuiz));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().status, Status::refused);
  }
  EXPECT_EQ(world.engine->administer(ping(kWiki)).error().status, Status::not_found);
  EXPECT_THAT(world.received, IsEmpty());
}

TEST(Acts, AToolThatIsToRegisterAgainIsUnavailableUntilItIsSaved) {
  SmallWorld world;
  world.install(kQuiz, ToolState::available);
  const OperationResult result = world.order(reregister(kQuiz));
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.tool_state, ToolState::unavailable);
  EXPECT_EQ(world.received.back().parameters.at("regpass"), "open");
  EXPECT_EQ(world.received.back().parameters.at("tcprofileurl"), "https://lms/p");
  EXPECT_EQ(world.capture_one(kQuiz, EventKind::course_imported, "A").deferral, Deferral::not_available);
  world.run();
  EXPECT_THAT(world.heard(), IsEmpty());
  EXPECT_TRUE(world.save(kQuiz, ToolState::available).ok);
  EXPECT_THAT(world.heard(), testing::ElementsAre("A:ok"));
  world.model = answering("error");
  const OperationResult refused = world.order(reregister(kQuiz));
  EXPECT_FALSE(refused.ok);
  EXPECT_THAT(refused.text, HasSubstr("stays unavailable"));
}

TEST(Acts, AToolThatCannotBeAskedToRegisterAgainStaysAsItIs) {
  SmallWorld world;
  world.install_batching(kQuiz, ToolState::available, 1);
  EXPECT_EQ(world.engine->administer(reregister(kQuiz)).error().status, Status::refused);
  EXPECT_EQ(world.store->tool(kQuiz).value()->state, ToolState::available);
}

TEST(Acts, AToolHearsOfItsRemovalAndTheHostHearsWhatItSaid) {
  for (const char* const answer : {"ok", "error", "drop"}) {
    SmallWorld world;
    world.install(kQuiz, ToolState::available);
    world.model = answering(answer);
    ASSERT_TRUE(world.engine->tool_removed(kQuiz));
    world.wait(0);
    EXPECT_THAT(actions_of(world), testing::ElementsAre("remove"));
    ASSERT_EQ(world.host.told.size(), 1U);
    const bool heard = answer == std::string("ok");
    EXPECT_EQ(world.host.told[0].state, heard ? EventState::delivered : EventState::discarded);
    EXPECT_EQ(world.host.told[0].text.empty(), heard) << world.host.told[0].text;
    EXPECT_TRUE(world.store->tools()->empty());
  }
}

// ---- every action against every condition

enum class When : std::uint8_t { heard, refused, unreachable, not_available, not_installed };

struct Expected {
  const char* sent;     ///< how often: "1" or "0"
  const char* becomes;  ///< state, or "ignored:REASON"
};

struct ActionRow {
  EventKind kind;
  Expected refused;
  Expected unreachable;
  Expected not_available;
  Expected not_installed;
};

constexpr Expected kRefused{"1", "refused"};
constexpr Expected kWaits{"1", "pending"};
constexpr Expected kWaitsUnsent{"0", "pending"};
constexpr Expected kDropped{"1", "discarded"};
constexpr Expected kNotAvailable{"0", "ignored:tool_not_available"};
constexpr Expected kNotInstalled{"0", "ignored:tool_not_installed"};

const ActionRow kActions[] = {
    {EventKind::course_copied, kRefused, kWaits, kWaitsUnsent, kNotInstalled},
    {EventKind::course_imported, kRefused, kWaits, kWaitsUnsent, kWaitsUnsent},
    {EventKind::group_copied, kRefused, kWaits, kWaitsUnsent, kNotInstalled},
    {EventKind::group_imported, kRefused, kWaits, kWaitsUnsent, kWaitsUnsent},
    {EventKind::content_copied, kRefused, kWaits, kWaitsUnsent, kNotInstalled},
    {EventKind::content_imported, kRefused, kWaits, kWaitsUnsent, kWaitsUnsent},
    {EventKind::content_deleted, kRefused, kWaits, kWaitsUnsent, kNotInstalled},
    {EventKind::course_exported, kRefused, kDropped, kNotAvailable, kNotInstalled},
    {EventKind::content_exported, kRefused, kDropped, kNotAvailable, kNotInstalled},
    {EventKind::group_exported, kRefused, kDropped, kNotAvailable, kNotInstalled},
    {EventKind::course_deleted, kRefused, kDropped, kNotAvailable, kNotInstalled},
};

class EveryAction : public testing::TestWithParam<ActionRow> {
 protected:
  void expect(When when, const Expected& expected) {
    SmallWorld world;
    if (when != When::not_installed)
      world.install(kQuiz, when == When::not_available ? ToolState::inactive : ToolState::available);
    world.model = answering(when == When::refused ? "error" : when == When::unreachable ? "drop" : "ok");
    OperationId operation = 0;
    const CaptureAnswer answer = world.capture({world.event(kQuiz, GetParam().kind, "A")}, &operation).at(0);
    world.wait(operation);
    EXPECT_EQ(std::to_string(world.heard().size()), expected.sent);
    if (answer.kind == CaptureAnswer::Kind::ignored) {
      EXPECT_EQ("ignored:" + std::string(answer.ignored_as), expected.becomes);
      EXPECT_TRUE(world.store->list({})->empty()) << "nothing is stored";
      EXPECT_THAT(world.host.told, IsEmpty()) << "the answer of capture says it";
      return;
    }
    const StoredEvent stored = world.stored(answer.id);
    EXPECT_EQ(to_text(stored.state), expected.becomes);
    if (when == When::not_available || when == When::not_installed) {
      EXPECT_THAT(world.host.told, IsEmpty()) << "the answer of capture says why it waits";
      return;
    }
    ASSERT_FALSE(world.host.told.empty());
    const ModelHost::Told& last = world.host.told.back();
    EXPECT_EQ(to_text(last.state), expected.becomes);
    if (when == When::refused) {
      EXPECT_THAT(last.text, HasSubstr("answered ERROR"));
    }
    if (when == When::unreachable) {
      EXPECT_THAT(last.text, HasSubstr("connection refused"));
    }
    if (stored.state == EventState::pending) {
      EXPECT_EQ(last.deferral, "not_responding");
    }
    if (stored.state == EventState::discarded) {
      EXPECT_EQ(stored.reason, "not_responding");
    }
  }
};

TEST_P(EveryAction, Heard) { expect(When::heard, {"1", "delivered"}); }
TEST_P(EveryAction, Refused) { expect(When::refused, GetParam().refused); }
TEST_P(EveryAction, Unreachable) { expect(When::unreachable, GetParam().unreachable); }
TEST_P(EveryAction, NotAvailable) { expect(When::not_available, GetParam().not_available); }
TEST_P(EveryAction, NotInstalled) { expect(When::not_installed, GetParam().not_installed); }

INSTANTIATE_TEST_SUITE_P(Protocol4, EveryAction, testing::ValuesIn(kActions), [](const auto& tested) {
  std::string name(to_text(tested.param.kind));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace ptb::test
