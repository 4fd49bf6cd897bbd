// A closed file in which bytes were overwritten: opening or reading says so in one line, nothing crashes or goes round
// in circles, and whatever is still read is in the order of capture. PTB_DISK_SEEDS=N damages N times as many files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "disk/stage.h"
#include "disk/workers.h"

namespace ptb::test {
namespace {

constexpr std::size_t kFiles = 400;
constexpr std::size_t kPage = 16384;
constexpr int kMostPages = 1000;

std::size_t files_to_damage() {
  const char* const text = std::getenv("PTB_DISK_SEEDS");
  return kFiles * (text == nullptr || *text == '\0' ? 1 : std::strtoul(text, nullptr, 10));
}

/// Something that happens to files: a byte, a sector, a page; other bytes, none, or those of another place.
std::string damage(std::string& bytes, std::mt19937& chance) {
  constexpr std::size_t kSizes[] = {1, 8, 512, 4096, kPage};
  const std::size_t size = kSizes[chance() % 5];
  const std::size_t places = bytes.size() / size;
  const std::size_t at = size * (chance() % places);
  const std::size_t from = size * (chance() % places);
  const auto how = static_cast<unsigned>(chance() % 3);
  const std::string other = bytes.substr(from, size);
  for (std::size_t i = at; i < at + size; ++i)
    bytes[i] = how == 0 ? static_cast<char>(chance()) : how == 1 ? '\0' : other[i - at];
  return std::to_string(size) + " bytes at " + std::to_string(at) +
         (how == 0   ? " are noise"
          : how == 1 ? " are zero"
                     : " are those at " + std::to_string(from));
}

struct Reading {
  bool said_so = false;
  std::vector<std::string> wrong;
};

class Reader {
 public:
  explicit Reader(Store& store) : store_(store) {}

  Reading read() {
    const auto lanes = store_.lanes();
    if (fine(lanes))
      for (const Lane& lane : *lanes) read_lane(lane);
    EventFilter filter;
    int pages = 0;
    for (; pages < kMostPages; ++pages) {
      const auto page = store_.list(filter);
      if (!fine(page) || page->empty()) break;
      filter.after = page->back().place;
    }
    if (pages == kMostPages) reading_.wrong.emplace_back("a listing never ends");
    for (int number = 1; number <= 60; ++number) fine(store_.find(item_of(number).event.id));
    if (fine(lanes)) go_on(*lanes);
    return std::move(reading_);
  }

 private:
  template <typename Value>
  bool fine(const Result<Value>& result) {
    if (result) return true;
    reading_.said_so = true;
    const Error& error = result.error();
    const bool clear = !error.text.empty() && error.text.find('\n') == std::string::npos;
    if (!clear || error.status == Status::host) reading_.wrong.push_back("it says: " + error.text);
    return false;
  }

  void read_lane(const Lane& lane) {
    std::int64_t after = 0;
    std::int64_t captured = 0;
    for (int pages = 0; pages < kMostPages; ++pages) {
      const auto page = store_.read_waiting(lane.id, after, 1LL << 40, 16);
      if (!fine(page) || page->empty()) return;
      for (const StoredEvent& event : *page) {
        if (event.place.lane != lane.id || event.place.sequence <= after) {
          reading_.wrong.push_back("lane " + lane.key + " goes from " + std::to_string(after) + " to " +
                                   std::to_string(event.place.sequence));
          return;
        }
        after = event.place.sequence;
        // Content may be anything, but what says whose it is.
        const int number = event.event.id.data[0];
        const bool is_known = number != 0 && event.event.id == item_of(number).event.id;
        if (is_known && number < captured) reading_.wrong.push_back("event " + std::to_string(number) + " is late");
        if (is_known) captured = number;
      }
    }
    reading_.wrong.emplace_back("a lane never ends");
  }

  /// Whatever it still lets be done.
  void go_on(const std::vector<Lane>& lanes) {
    for (const Lane& lane : lanes) {
      const auto walk = store_.begin_walk(lane.id, kMorning + 5'000'000);
      if (!fine(walk) || !*walk) continue;
      WalkEnd end;
      end.reached = (*walk)->last;
      end.completed = true;
      std::vector<StoredEvent> dropped;
      fine(store_.end_walk(**walk, end, kMorning + 6'000'000, dropped));
    }
    for (int round = 0; round < 5; ++round)
      fine(store_.reclaim(
          kMorning + 9'000'000'000, [](const Locator&) { return 0; }, 0, 20));
  }

  Store& store_;
  Reading reading_;
};

/// 60 events, some delivered, some set aside, two tools available.
Files whole_store() {
  Stage stage({"a store", 0, 0,
               [](Player& player) {
                 player.open();
                 for (const char tool : {'a', 'b'}) player.install(tool);
                 player.capture(20);
                 for (const char tool : {'a', 'b'}) player.save(tool, ToolState::available);
                 player.walk();
                 player.capture(40);
                 player.settle_some(EventState::pending, EventState::parked);
                 player.settle_some(EventState::pending, EventState::refused);
               },
               [](Player&) {}},
              1);
  return stage.before();
}

TEST(Damage, IsSaidAndNeverMakesAWrongOrder) {
  const Files whole = whole_store();
  std::vector<std::string> lines = in_workers(files_to_damage(), [&](std::size_t seed) {
    std::mt19937 chance(static_cast<unsigned>(seed));
    const Floor floor;
    Files files = whole;
    const std::string what = damage(files.at("bridge.db"), chance);
    floor.put(files);
    std::vector<std::string> said_of_it;
    auto opened = usual_store()(floor.store());
    Reading reading;
    if (opened) {
      reading = Reader(**opened).read();
    } else {
      reading.said_so = true;
      if (opened.error().text.find('\n') != std::string::npos || opened.error().text.empty())
        reading.wrong.push_back("it says: " + opened.error().text);
    }
    for (const std::string& wrong : reading.wrong)
      said_of_it.push_back("file " + std::to_string(seed) + " (" + what + "): " + wrong);
    said_of_it.emplace_back(reading.said_so ? "# said" : "# unnoticed");
    return said_of_it;
  });
  const auto said = std::erase(lines, "# said");
  const auto unnoticed = std::erase(lines, "# unnoticed");
  std::printf("%zu files were damaged: %zu said so, %zu had no damage that was read or could be told\n",
              said + unnoticed, said, unnoticed);
  EXPECT_THAT(lines, testing::IsEmpty());
  EXPECT_GT(said, unnoticed / 4);
}

}  // namespace
}  // namespace ptb::test
