// A store that cannot be written to for a while: nothing is lost, and nobody has to set the lanes going again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/faulty_disk.h"
#include "small_world.h"

namespace ptb::test {
namespace {

using testing::ElementsAre;

class FailingStore : public testing::Test {
 protected:
  FaultyDisk disk;  // first: it watches every connection that is opened later
  SmallWorld world;
};

TEST_F(FailingStore, AWalkThatCouldNotBeginBeginsWhenTheDiskIsBack) {
  world.install(kQuiz, ToolState::available);
  disk.break_sync_after(1);  // the capture's sync still goes well
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  ASSERT_TRUE(disk.has_failed());
  EXPECT_THAT(world.heard(), testing::IsEmpty());
  disk.break_sync_after(-1);
  world.pass(60'000);
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
}

TEST_F(FailingStore, AWalkWhoseEndCouldNotBeWrittenIsOver) {
  world.install(kQuiz, ToolState::available);
  disk.break_sync_after(2);  // the walk can begin, but not end
  const auto captured = world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  ASSERT_TRUE(disk.has_failed());
  EXPECT_THAT(world.heard(), ElementsAre("A:ok"));
  disk.break_sync_after(-1);
  // Its end is found in the log after all, or is written with a second try.
  world.pass(60'000);
  EXPECT_EQ(world.stored(captured.id).state, EventState::delivered);
  EXPECT_TRUE(world.store->begin_new_life(EventId{}, {}).has_value()) << "nothing is being walked";
}

TEST_F(FailingStore, ATakenOffToolsWalkWhoseEndCouldNotBeWrittenStandsInNobodysWay) {
  world.install(kQuiz, ToolState::available);
  disk.break_sync_after(2);
  world.capture_one(kQuiz, EventKind::course_imported, "A");
  world.run();
  ASSERT_TRUE(disk.has_failed());
  disk.break_sync_after(-1);
  ASSERT_TRUE(world.engine->tool_removed(kQuiz));
  EXPECT_TRUE(world.store->begin_new_life(EventId{}, {}).has_value()) << "nothing is being walked";
}

}  // namespace
}  // namespace ptb::test
