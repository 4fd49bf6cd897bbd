// Kinds, states, locators and the identity of an event.
#include "core/event.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace ptb::test {
namespace {

const EventId kBridge = *event_id_from("00112233-4455-6677-8899-aabbccddeeff");
const Locator kTool = {"vendor", "program"};
const Pairs kArguments = {{"type", "exact"}, {"course_id", "_5_1"}, {"backup_id", "_9_1"}};

EventId id_of(const EventId& bridge = kBridge, std::string_view generation = "g1", std::string_view operation = "op-7",
              const Locator& locator = kTool, EventKind kind = EventKind::course_imported, std::uint32_t ordinal = 0,
              Pairs arguments = kArguments) {
  return event_id_v5(bridge, generation, operation, locator, kind, ordinal, std::move(arguments));
}

TEST(EventId, IsTheSameForTheSameEventInEveryRelease) {
  EXPECT_EQ(to_text(id_of()), "51b1564a-4354-549b-8e73-53c5857c0264");
}

TEST(EventId, IsAVersion5Uuid) {
  EXPECT_EQ(id_of().version(), boost::uuids::uuid::version_name_based_sha1);
  EXPECT_EQ(id_of().variant(), boost::uuids::uuid::variant_rfc_4122);
}

TEST(EventId, DoesNotDependOnTheOrderOfArguments) {
  Pairs arguments = kArguments;
  std::sort(arguments.begin(), arguments.end());
  do {
    EXPECT_EQ(id_of(kBridge, "g1", "op-7", kTool, EventKind::course_imported, 0, arguments), id_of());
  } while (std::next_permutation(arguments.begin(), arguments.end()));
}

TEST(EventId, DependsOnEverythingElse) {
  const auto other_bridge = *event_id_from("00112233-4455-6677-8899-aabbccddeef0");
  std::set<EventId> ids = {
      id_of(),
      id_of(other_bridge),
      id_of(kBridge, "g2"),
      id_of(kBridge, "g1", "op-8"),
      id_of(kBridge, "g1o", "p-7"),  // the same letters, divided otherwise
      id_of(kBridge, "g1", "op-7", {"vendor", "program2"}),
      id_of(kBridge, "g1", "op-7", {"vendorp", "rogram"}),
      id_of(kBridge, "g1", "op-7", kTool, EventKind::content_imported),
      id_of(kBridge, "g1", "op-7", kTool, EventKind::course_imported, 1),
      id_of(kBridge, "g1", "op-7", kTool, EventKind::course_imported, 0, {}),
      id_of(kBridge, "g1", "op-7", kTool, EventKind::course_imported, 0, {{"type", "exact"}}),
      id_of(kBridge, "g1", "op-7", kTool, EventKind::course_imported, 0, {{"typ", "eexact"}}),
  };
  EXPECT_EQ(ids.size(), 12u);
}

RC_GTEST_PROP(EventId, TwoSetsOfArgumentsAreOneEventOnlyWhereTheyAreEqual, (Pairs a, Pairs b)) {
  const bool same_id = id_of(kBridge, "g", "o", kTool, EventKind::course_copied, 0, a) ==
                       id_of(kBridge, "g", "o", kTool, EventKind::course_copied, 0, b);
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  RC_ASSERT(same_id == (a == b));
}

TEST(EventId, IsReadFromItsText) {
  EXPECT_EQ(event_id_from(to_text(id_of())), id_of());
  EXPECT_EQ(to_text(*event_id_from("00112233-4455-6677-8899-AABBCCDDEEFF")), to_text(kBridge));
  for (const auto text : {"", "00112233445566778899aabbccddeeff", "{00112233-4455-6677-8899-aabbccddeeff}",
                          "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899-aabbccddeef",
                          "001122334-455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff0"})
    EXPECT_FALSE(event_id_from(text).has_value()) << text;
}

TEST(EventKind, HasItsWireSpelling) {
  const std::pair<EventKind, const char*> rows[] = {
      {EventKind::course_copied, "course-copied"},
      {EventKind::course_imported, "course-imported"},
      {EventKind::group_copied, "group-copied"},
      {EventKind::group_imported, "group-imported"},
      {EventKind::content_copied, "content-copied"},
      {EventKind::content_imported, "content-imported"},
      {EventKind::content_deleted, "content-deleted"},
      {EventKind::course_exported, "course-exported"},
      {EventKind::content_exported, "content-exported"},
      {EventKind::group_exported, "group-exported"},
      {EventKind::course_deleted, "course-deleted"},
      {EventKind::state_change, "state-change"},
      {EventKind::remove, "remove"},
      {EventKind::reregister, "reregister"},
      {EventKind::ping, "ping"},
  };
  for (const auto& [kind, text] : rows) {
    EXPECT_EQ(to_text(kind), text);
    EXPECT_EQ(event_kind_from(text), kind);
  }
  for (const auto text : {"", "course_copied", "Course-Copied", "bundle", "config"})
    EXPECT_FALSE(event_kind_from(text).has_value()) << text;
}

TEST(EventState, HasItsWords) {
  for (const auto text : {"pending", "delivered", "refused", "parked", "discarded"})
    EXPECT_EQ(to_text(*event_state_from(text)), text);
  EXPECT_FALSE(event_state_from("").has_value());
  EXPECT_FALSE(event_state_from("lost").has_value());
}

TEST(Deferral, HasItsWords) {
  const std::pair<Deferral, const char*> rows[] = {
      {Deferral::first_attempt, "first_attempt"},
      {Deferral::not_installed, "not_installed"},
      {Deferral::not_available, "not_available"},
      {Deferral::not_responding, "not_responding"},
      {Deferral::behind_backlog, "behind_backlog"},
      {Deferral::delayed, "delayed"},
      {Deferral::held, "held"},
      {Deferral::suspended, "suspended"},
      {Deferral::maintenance, "maintenance"},
      {Deferral::queued_for_pull, "queued_for_pull"},
  };
  for (const auto& [deferral, text] : rows) EXPECT_EQ(to_text(deferral), text);
}

TEST(Locator, IsTwoCodesAroundASlash) {
  const auto locator = locator_from("tool.example.org/lti");
  ASSERT_TRUE(locator.has_value());
  EXPECT_EQ(*locator, (Locator{"tool.example.org", "lti"}));
  EXPECT_EQ(to_text(*locator), "tool.example.org/lti");
  EXPECT_TRUE(locator_from("a program with/spaces and \xC3\xA9").has_value());
  EXPECT_TRUE(locator_from(std::string(200, 'v') + "/" + std::string(200, 'p')).has_value());
}

TEST(Locator, AnythingElseIsRefusedInOneLine) {
  using namespace std::string_literals;
  for (const auto& text : {""s, "vendor"s, "/"s, "vendor/"s, "/program"s, "a/b/c"s, "a//b"s, "a\xFF/b"s, "a\0b/c"s,
                           std::string(201, 'v') + "/p", "v/" + std::string(201, 'p')}) {
    const auto locator = locator_from(text);
    ASSERT_FALSE(locator.has_value()) << text;
    EXPECT_EQ(locator.error().status, Status::argument);
    EXPECT_NE(locator.error().text.find("VENDOR/PROGRAM"), std::string::npos);
    EXPECT_EQ(locator.error().text.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace ptb::test
