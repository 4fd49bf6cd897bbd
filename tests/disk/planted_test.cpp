// The judge of these tests is judged: bugs are planted in the disk, in the store's settings, in whoever uses the store
// and in the file itself, and each must be found, under its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <functional>

#include "disk/crash_points.h"
#include "disk/judge.h"

namespace ptb::test {
namespace {

Story story_called(const std::string& name) {
  for (Story& story : stories_of_the_disk(0))
    if (story.name == name) return story;
  ADD_FAILURE() << "there is no story " << name;
  return {};
}

bool ends_in(const std::string& name, const std::string& end) { return name.ends_with(end); }

/// The story whose disk lies so, and what it must be found out by.
struct Lie {
  const char* name;
  const char* story;
  bool (*lies)(const DiskStep& step);
};

class DiskThatLies : public testing::TestWithParam<Lie> {};

TEST_P(DiskThatLies, IsFoundOut) {
  const Lie& lie = GetParam();
  Stage stage(story_called(lie.story), 0);
  const Performance performance = stage.perform();
  EXPECT_THAT(lose_power_everywhere(stage, performance, 1, 1, lie.lies).broken, testing::Not(testing::IsEmpty()));
}

using Kind = DiskOrder::Kind;
const Lie kLies[] = {
    {"about_every_sync", "capture", [](const DiskStep& step) { return step.kind == Kind::sync; }},
    {"about_the_log", "walk and settle",
     [](const DiskStep& step) { return step.kind == Kind::sync && ends_in(step.name, "-wal"); }},
    {"about_the_file", "the log goes into the file again and again",
     [](const DiskStep& step) { return step.kind == Kind::sync && ends_in(step.name, ".db"); }},
    {"about_a_new_file", "a new store",
     [](const DiskStep& step) { return step.kind == Kind::sync && ends_in(step.name, ".new"); }},
    {"about_names", "a new store", [](const DiskStep& step) { return step.kind == Kind::sync_directory; }}};
INSTANTIATE_TEST_SUITE_P(Syncs, DiskThatLies, testing::ValuesIn(kLies),
                         [](const auto& lie) { return std::string(lie.param.name); });

TEST(PlantedBugs, AStoreThatDoesNotSyncIsFound) {
  Stage stage(story_called("capture"), 0);
  const Performance performance = stage.perform({.sql = "PRAGMA synchronous = OFF"});
  EXPECT_THAT(lose_power_everywhere(stage, performance, 1, 1).broken, testing::Contains(testing::HasSubstr("kept: ")));
}

TEST(PlantedBugs, AStoreThatSyncsAtCheckpointsOnlyIsFound) {
  Stage stage(story_called("walk and settle"), 0);
  const Performance performance = stage.perform({.sql = "PRAGMA synchronous = NORMAL"});
  EXPECT_THAT(lose_power_everywhere(stage, performance, 1, 1).broken,
              testing::Contains(testing::HasSubstr("settled: ")));
}

struct Slipped {
  const char* name;
  const char* story;
  Slip slip;
  const char* found_as;
};

class Slips : public testing::TestWithParam<Slipped> {};

TEST_P(Slips, AreFoundWhereTheProcessIsKilled) {
  Stage stage(story_called(GetParam().story), 0);
  const Performance performance = stage.perform({.slip = GetParam().slip});
  EXPECT_THAT(lose_power_everywhere(stage, performance, 0, 1).broken,
              testing::Contains(testing::HasSubstr(GetParam().found_as)));
}

const Slipped kSlips[] = {
    {"mark_before_answer", "walk and settle", Slip::mark_before_answer, "answered: "},
    {"capture_said_too_early", "capture", Slip::capture_said_too_early, "kept: "},
    {"settled_said_too_early", "refuse, park, unpark, discard", Slip::settled_said_too_early, "settled: "}};
INSTANTIATE_TEST_SUITE_P(OfTheEngine, Slips, testing::ValuesIn(kSlips),
                         [](const auto& slipped) { return std::string(slipped.param.name); });

/// Something that no plugin of ours does to its file.
struct Tampering {
  const char* found_as;
  const char* sql;
  std::function<void(Account&)> account = {};
};

/// Runs SQL without the guards of the schema, which are there again afterwards.
void tamper(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  std::vector<std::pair<std::string, std::string>> guards;
  const auto note = [](void* into, int, char** values, char**) {
    static_cast<std::vector<std::pair<std::string, std::string>>*>(into)->emplace_back(values[0], values[1]);
    return 0;
  };
  sqlite3_exec(handle, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'", note, &guards, nullptr);
  std::string all = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; BEGIN;";
  for (const auto& [name, text] : guards) all += "DROP TRIGGER " + name + ";";
  all += sql + ";";
  for (const auto& [name, text] : guards) all += text + ";";
  char* problem = nullptr;
  EXPECT_EQ(sqlite3_exec(handle, (all + "COMMIT").c_str(), nullptr, nullptr, &problem), SQLITE_OK) << problem;
  sqlite3_free(problem);
  EXPECT_EQ(sqlite3_close(handle), SQLITE_OK);
}

class Judged : public testing::TestWithParam<Tampering> {};

/// The fifth to eighth event wait, in lanes that are half walked.
Story tale() {
  return {"a tale", 0, 0, [](Player&) {},
          [](Player& player) {
            player.open();
            for (const char tool : {'a', 'b'}) player.install(tool);
            player.capture(6);
            for (const char tool : {'a', 'b'}) player.save(tool, ToolState::available);
            player.walk();
            player.capture(12);
            player.settle_some(EventState::pending, EventState::parked);
            player.close();
          }};
}

TEST_P(Judged, FindsWhatWasDoneToTheFile) {
  Stage stage(tale(), 0);
  const Performance performance = stage.perform();
  ASSERT_TRUE(performance.errors.empty()) << performance.errors.front().text;
  const Floor& floor = stage.floor();
  const Files whole = floor.take();
  Account account = performance.ledger.at(performance.steps.size());
  ASSERT_THAT(broken_invariants(floor.store(), account), testing::IsEmpty());
  floor.put(whole);
  tamper(floor.store(), GetParam().sql);
  if (GetParam().account) GetParam().account(account);
  EXPECT_THAT(broken_invariants(floor.store(), account),
              testing::Contains(testing::StartsWith(std::string(GetParam().found_as) + ": ")));
}

#define PTB_FIRST_WAITING \
  "(SELECT min(place) FROM event, lane WHERE lane.id = place >> 40 AND place & 0xFFFFFFFFFF > mark AND state = 0)"
const Tampering kTamperings[] = {
    {"kept", "DELETE FROM event WHERE place = " PTB_FIRST_WAITING},
    {"once",
     "INSERT OR IGNORE INTO event_key (event_id, place) SELECT event_id, place FROM event;"
     "UPDATE lane SET keyed = 1000;"
     "UPDATE event SET event_id = (SELECT event_id FROM event WHERE place = (2 << 40) + 3) "
     "WHERE place = (2 << 40) + 4"},
    {"nothing else",
     "UPDATE event SET event_id = x'10270000000000008000000000000000' WHERE place = " PTB_FIRST_WAITING},
    {"order",
     "UPDATE event SET place = (2 << 40) + 99 WHERE place = (2 << 40) + 3;"
     "UPDATE event SET place = (2 << 40) + 3, snapshot = NULL, settings = '' WHERE place = (2 << 40) + 4;"
     "UPDATE event SET place = (2 << 40) + 4, snapshot = NULL, settings = '' WHERE place = (2 << 40) + 99"},
    {"as it was", "UPDATE event SET arguments = '1:a,1:b,' WHERE place = " PTB_FIRST_WAITING},
    {"as it was", "UPDATE event SET settings = '6:system,1:a,1:b,' WHERE settings <> ''"},
    {"whole", "DELETE FROM event WHERE place = " PTB_FIRST_WAITING,
     [](Account& account) {
       for (auto& [number, event] : account.events) event.must_be_there = false;
     }},
    {"answered", "UPDATE lane SET mark = mark + 1 WHERE id = 2"},
    {"settled", "UPDATE lane SET mark = 0"},
    {"settled", "UPDATE event SET state = 4, settled_at = 7, reason = 'x' WHERE place = " PTB_FIRST_WAITING},
    {"settled", "UPDATE tool SET state = 'inactive'"},
    {"settled", "DELETE FROM tool"},
    {"identity", "UPDATE meta SET bridge = zeroblob(16)"},
    {"duplicate", "UPDATE lane SET keyed = 1000"},
    {"delivered", "UPDATE lane SET hold = 'held', hold_reason = 'x'"},
    {"forgotten", "",
     [](Account& account) {
       for (auto& [number, event] : account.events) event.content_gone = true;
     }},
    {"answers", "UPDATE lane SET keyed = 1000; DROP TABLE event_key"},
    {"opens", "DROP TABLE walk"},
    {"sound", "UPDATE walk SET completed = 7 WHERE ordinal = 1"},
};
INSTANTIATE_TEST_SUITE_P(Invariants, Judged, testing::ValuesIn(kTamperings), [](const auto& one) {
  std::string name = one.param.found_as;
  for (char& letter : name)
    if (letter == ' ') letter = '_';
  return name + "_" + std::to_string(one.index);
});

}  // namespace
}  // namespace ptb::test
