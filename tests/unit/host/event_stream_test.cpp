// Server-sent events before they meet a socket: their text, what waits for a client, what a client missed.
#include "http/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace host {
namespace {

using testing::HasSubstr;

TEST(ServerEvent, IsWrittenFieldByField) {
  EXPECT_EQ(to_text({"", "one", ""}), "data: one\n\n");
  EXPECT_EQ(to_text({"walk", "a\nb\r\nc\rd", "7"}), "id: 7\nevent: walk\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(to_text({"", "", ""}), "data: \n\n");
  EXPECT_EQ(to_text({"x\ndata: forged", "d", "1\n\nid: 2"}), "id: 1\nevent: x\ndata: d\n\n");
}

TEST(EventStream, WakesItsReaderOnceUntilItHasTaken) {
  EventStream stream;
  int woken = 0;
  stream.attach([&] { ++woken; });
  EXPECT_TRUE(stream.post({"", "a", ""}));
  EXPECT_TRUE(stream.post({"", "b", ""}));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(stream.take().text, "data: a\n\ndata: b\n\n");
  EXPECT_EQ(stream.take().text, "");
  stream.post({"", "c", ""});
  EXPECT_EQ(woken, 2);
}

TEST(EventStream, DropsAReaderThatDoesNotTake) {
  EventStream stream(100);
  EXPECT_TRUE(stream.post({"", std::string(80, 'x'), ""}));
  EXPECT_FALSE(stream.post({"", std::string(80, 'x'), ""}));
  EXPECT_FALSE(stream.is_open());
  EXPECT_TRUE(stream.is_dropped());
  EXPECT_EQ(stream.take().text, "");
}

TEST(EventStream, WakesAReaderThatIsDroppedAlsoWhereItWasWokenBefore) {
  EventStream stream(10);
  int woken = 0;
  stream.attach([&] { ++woken; });
  stream.post({"", "1", ""});
  stream.post({"", "2", ""});
  EXPECT_EQ(woken, 2);
}

TEST(EventStream, IsWrittenToItsEnd) {
  EventStream stream;
  stream.post({"", "last", ""});
  stream.end();
  EXPECT_FALSE(stream.post({"", "too late", ""}));
  const auto portion = stream.take();
  EXPECT_EQ(portion.text, "data: last\n\n");
  EXPECT_TRUE(portion.is_last);
  EXPECT_FALSE(stream.is_dropped());
}

TEST(EventChannel, TellsAllAndForgetsWhoWent) {
  EventChannel channel;
  const auto one = channel.join("");
  const auto two = channel.join("");
  channel.post("n", "first");
  EXPECT_THAT(one->take().text, HasSubstr("data: first\n"));
  EXPECT_THAT(two->take().text, HasSubstr("data: first\n"));
  one->detach();
  EXPECT_EQ(channel.size(), 1U);
  channel.end();
  EXPECT_TRUE(two->take().is_last);
  EXPECT_FALSE(channel.join("")->is_open());
}

std::string id_in(const std::string& text) {
  const auto at = text.rfind("id: ") + 4;
  return text.substr(at, text.find('\n', at) - at);
}

TEST(EventChannel, TellsWhatAClientMissed) {
  EventChannel channel(3);
  const auto stream = channel.join("");
  channel.post("", "1");
  const auto seen = id_in(stream->take().text);
  channel.post("", "2");
  channel.post("", "3");
  const auto missed = channel.join(seen)->take().text;
  EXPECT_THAT(missed, HasSubstr("data: 2\n"));
  EXPECT_THAT(missed, HasSubstr("data: 3\n"));
  EXPECT_EQ(missed.find("data: 1\n"), std::string::npos);
  EXPECT_EQ(channel.join(id_in(missed))->take().text, "");
  channel.post("", "4");
  channel.post("", "5");
  EXPECT_THAT(channel.join(seen)->take().text, HasSubstr("event: missed\n")) << "2 is not kept any more";
  EXPECT_THAT(channel.join("another life-1")->take().text, HasSubstr("event: missed\n"));
}

}  // namespace
}  // namespace host
