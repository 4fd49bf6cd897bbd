// Tool states, and which action of a descriptor an event goes to.
#include "core/tool.h"

#include <gtest/gtest.h>

namespace ptb::test {
namespace {

TEST(ToolState, HasTheWordsOfTheWire) {
  for (const auto text : {"available", "inactive", "unavailable"}) EXPECT_EQ(to_text(*tool_state_from(text)), text);
  for (const auto text : {"", "Available", "on"}) EXPECT_FALSE(tool_state_from(text).has_value()) << text;
}

TEST(Descriptor, FindsAnActionAtTopLevelFirstThenInContentHandlersInTheirOrder) {
  Descriptor descriptor;
  descriptor.actions["course-copied"].path = "top";
  descriptor.content_handlers.resize(2);
  descriptor.content_handlers[0].actions["content-copied"].path = "first";
  descriptor.content_handlers[1].actions["content-copied"].path = "second";
  descriptor.content_handlers[1].actions["content-deleted"].path = "second";
  descriptor.content_handlers[1].actions["course-copied"].path = "hidden";
  EXPECT_EQ(descriptor.action_for(EventKind::course_copied, "")->path, "top");
  EXPECT_EQ(descriptor.action_for(EventKind::content_copied, "")->path, "first");
  EXPECT_EQ(descriptor.action_for(EventKind::content_deleted, "")->path, "second");
  EXPECT_EQ(descriptor.action_for(EventKind::group_copied, ""), nullptr);
}

TEST(Descriptor, GivesAnItemsEventsToTheHandlerWithItsHandle) {
  Descriptor descriptor;
  descriptor.content_handlers.resize(2);
  descriptor.content_handlers[0].handle = "resource/x-acme-quiz";
  descriptor.content_handlers[0].actions["content-copied"].path = "quiz";
  descriptor.content_handlers[1].handle = "resource/x-acme-wiki";
  descriptor.content_handlers[1].actions["content-copied"].path = "wiki";
  descriptor.content_handlers[1].actions["content-deleted"].path = "wiki";
  EXPECT_EQ(descriptor.action_for(EventKind::content_copied, "resource/x-acme-wiki")->path, "wiki");
  EXPECT_EQ(descriptor.action_for(EventKind::content_copied, "resource/x-acme-quiz")->path, "quiz");
  EXPECT_EQ(descriptor.action_for(EventKind::content_deleted, "resource/x-acme-quiz"), nullptr);
  EXPECT_EQ(descriptor.action_for(EventKind::content_copied, "resource/x-acme-poll"), nullptr);
}

}  // namespace
}  // namespace ptb::test
