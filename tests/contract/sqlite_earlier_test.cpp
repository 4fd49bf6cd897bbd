// Files that the plugins of earlier schemas really wrote. earlier/schema-N.db.gz is bridge.db as ptb-host left it,
// built from the last commit that had schema N (77091f4, e036c61, 7c37612, fc7a581): a tool was added and saved as
// available, a course restored and delivered; then, the tool being unavailable, three courses were restored, after
// `setting set acme/quiz threshold` to 10, 11 and 12; a save whose fifth request was dropped; two course copies.
// schema-N.events is what its `events list` said: id, state, kind, in order.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/snapshot.h"
#include "tests/contract/sqlite_place.h"

namespace ptb::test {

namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
const Locator kQuiz{"acme", "quiz"};

struct Listed {
  std::string id;
  std::string state;
  std::string kind;
  friend bool operator==(const Listed&, const Listed&) = default;
};

void PrintTo(const Listed& listed, std::ostream* out) {
  *out << listed.id << ' ' << listed.state << ' ' << listed.kind;
}

Listed listed(const StoredEvent& stored) {
  return {to_text(stored.event.id), std::string(to_text(stored.state)), std::string(to_text(stored.event.kind))};
}

class EarlierFile : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const std::string base = fmt::format("{}/schema-{}", PTB_EARLIER_FILES, GetParam());
    ASSERT_EQ(std::system(fmt::format("gzip -dc '{}.db.gz' > '{}'", base, path_).c_str()), 0) << base;
    std::ifstream lines(base + ".events");
    for (Listed one; lines >> one.id >> one.state >> one.kind;) was_.push_back(one);
    ASSERT_GE(was_.size(), 10U);
    for (const Listed& one : was_)
      if (one.state == "pending") waiting_.push_back(one.id);
  }

  std::vector<Listed> list(Store& store) {
    const auto found = store.list({});
    EXPECT_TRUE(found.has_value()) << found.error().text;
    std::vector<Listed> all;
    for (const StoredEvent& stored : found.value()) all.push_back(listed(stored));
    return all;
  }

  /// Ids of what a walk would send, and for each the value of the setting `threshold`.
  std::vector<std::string> read(Store& store, const Walk& walk, std::vector<std::string>& thresholds) {
    std::vector<std::string> ids;
    const auto page = store.read_waiting(walk.lane, walk.first - 1, walk.last, 100);
    EXPECT_TRUE(page.has_value()) << page.error().text;
    for (const StoredEvent& stored : page.value()) {
      ids.push_back(to_text(stored.event.id));
      const auto effective = effective_settings(stored.settings);
      EXPECT_TRUE(effective.has_value()) << effective.error().text;
      std::string threshold;
      for (const auto& [key, value] : effective.value().pairs)
        if (key == "threshold") threshold = value;
      thresholds.push_back(threshold);
    }
    return ids;
  }

  const ScratchDirectory directory_;
  const std::string path_ = directory_.file("bridge.db");
  std::vector<Listed> was_;
  std::vector<std::string> waiting_;
};

}  // namespace

TEST_P(EarlierFile, OpensWalksAndKeepsItsOrderAndSettings) {
  std::vector<std::string> thresholds;
  {
    auto opened = open_store(path_);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    Store& store = **opened;
    EXPECT_EQ(list(store), was_);
    const auto found = store.check();
    ASSERT_TRUE(found.has_value()) << found.error().text;
    EXPECT_TRUE(found->findings.empty()) << found->findings.front();

    // A captured event is still known, and a new one goes behind all that waits.
    CaptureBatch batch;
    batch.items = {event_to("quiz", 1), event_to("quiz", 2)};
    for (CaptureItem& item : batch.items) item.settings = encode_settings({{Scope::system, "threshold", "13"}});
    batch.items[0].event.id = store.list({})->front().event.id;
    CaptureBatch* const batches[] = {&batch};
    ASSERT_TRUE(store
                    .capture(batches,
                             [](const CaptureItem&, const Tool*, const Lane*, bool) {
                               return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::not_available, {}};
                             })
                    .has_value());
    EXPECT_EQ(batch.answers[0].kind, CaptureAnswer::Kind::duplicate);
    EXPECT_EQ(batch.answers[1].place.sequence, static_cast<std::int64_t>(was_.size()) + 1);

    const auto walks = store.save_tool(kQuiz, ToolState::available, kNow);
    ASSERT_TRUE(walks.has_value()) << walks.error().text;
    ASSERT_EQ(walks->size(), 1U);
    const Walk& walk = walks->front();
    std::vector<std::string> sent = read(store, walk, thresholds);
    ASSERT_EQ(sent.size(), waiting_.size() + 1);
    sent.pop_back();
    EXPECT_EQ(sent, waiting_);
    WalkEnd end;
    end.reached = walk.last;
    end.completed = true;
    std::vector<StoredEvent> dropped;
    ASSERT_TRUE(store.end_walk(walk, end, kNow + 1, dropped).has_value());
  }
  EXPECT_TRUE(std::is_sorted(thresholds.begin(), thresholds.end()));
  for (const char* const value : {"10", "11", "12"})
    EXPECT_GE(std::count(thresholds.begin(), thresholds.end(), value), 2) << value;
  EXPECT_EQ(thresholds.back(), "13");
  auto again = open_store(path_);
  ASSERT_TRUE(again.has_value()) << again.error().text;
  for (const Listed& one : list(**again)) EXPECT_EQ(one.state, "delivered") << one.id;
}

TEST_P(EarlierFile, IsLeftAsItWasByWhoeverMayNotUpgradeIt) {
  const auto bytes = [&] {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = bytes();
  expect_error(open_store(path_, false), Status::store, path_);
  EXPECT_EQ(bytes(), before);
}

INSTANTIATE_TEST_SUITE_P(OfSchema, EarlierFile, testing::Values(1, 2, 3, 4));

}  // namespace ptb::test
