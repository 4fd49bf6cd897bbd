// What the reference tool believes: MAC, timestamp window, nonce, repeats.
#include "receive/verifier.h"

#include <gtest/gtest.h>

namespace host {
namespace {

constexpr std::int64_t kNowMs = 1'700'000'000'000;
constexpr std::int64_t kWindowMs = 120'000;

Params call(std::int64_t at_ms, const std::string& nonce, const std::string& event_id, Digest digest = Digest::md5) {
  Params params = {{"timestamp", std::to_string(at_ms)}, {"nonce", nonce}, {"event_id", event_id}, {"b", "\u00e4"}};
  params.emplace_back("mac", mac_of(params, "secret", digest));
  return params;
}

Verifier careful() { return Verifier("secret", Digest::md5, kWindowMs); }

TEST(Mac, MatchesTheVectorsOfTheProtocol) {
  const Params params = {{"timestamp", "1235"}, {"returnurl", "xxx"}};
  EXPECT_EQ(mac_of(params, "secret", Digest::md5), "UYoQHl/CvzZCsWoNhRQISw==");
  EXPECT_EQ(mac_of(params, "secret", Digest::sha1), "2vr4eM6hXL01I8W7w4rsczrMyIg=");
}

TEST(Mac, LeavesOutItselfAndTheNamesOfFrames) {
  const Params params = {{"top_x", "1"}, {"timestamp", "1235"}, {"mac", "2"}, {"bottom_y", "3"}, {"returnurl", "xxx"}};
  EXPECT_EQ(mac_of(params, "secret", Digest::md5), "UYoQHl/CvzZCsWoNhRQISw==");
}

TEST(Verifier, TakesAGoodCall) {
  auto verifier = careful();
  const auto verdict = verifier.check(call(kNowMs, "n1", "e1"), kNowMs);
  EXPECT_EQ(verdict.mac_ok, true);
  EXPECT_FALSE(verdict.repeat);
  EXPECT_EQ(verdict.problem, "");
  Verifier sha("secret", Digest::sha1, kWindowMs);
  EXPECT_EQ(sha.check(call(kNowMs, "n1", "e1", Digest::sha1), kNowMs).mac_ok, true);
  EXPECT_EQ(sha.check(call(kNowMs, "n2", "e1", Digest::md5), kNowMs).mac_ok, false);
}

TEST(Verifier, RefusesAWrongMacAndRemembersNothingOfIt) {
  auto verifier = careful();
  auto forged = call(kNowMs, "n1", "e1");
  forged[3].second = "other";
  const auto verdict = verifier.check(forged, kNowMs);
  EXPECT_EQ(verdict.mac_ok, false);
  EXPECT_EQ(verdict.problem, "wrong mac");
  const auto good = verifier.check(call(kNowMs, "n1", "e1"), kNowMs);
  EXPECT_EQ(good.problem, "");
  EXPECT_FALSE(good.repeat);
}

TEST(Verifier, WantsMacTimestampAndNonce) {
  auto verifier = careful();
  auto params = call(kNowMs, "n", "e");
  params.pop_back();
  EXPECT_EQ(verifier.check(params, kNowMs).problem, "no mac");
  for (const auto* missing : {"timestamp", "nonce"}) {
    Params less;
    for (const auto& param : call(kNowMs, "n", "e"))
      if (param.first != missing && param.first != "mac") less.push_back(param);
    less.emplace_back("mac", mac_of(less, "secret", Digest::md5));
    EXPECT_EQ(verifier.check(less, kNowMs).problem, std::string("no ") + missing);
  }
}

TEST(Verifier, KeepsTheWindow) {
  const struct {
    std::int64_t at_ms;
    bool taken;
  } cases[] = {{kNowMs - kWindowMs, true},
               {kNowMs - kWindowMs - 1, false},
               {kNowMs + kWindowMs, true},
               {kNowMs + kWindowMs + 1, false},
               {0, false},
               {-1, false},
               {std::numeric_limits<std::int64_t>::max(), false}};
  for (const auto& one : cases) {
    auto verifier = careful();
    const auto verdict = verifier.check(call(one.at_ms, "n", "e"), kNowMs);
    EXPECT_EQ(verdict.problem.empty(), one.taken) << one.at_ms << ": " << verdict.problem;
    EXPECT_EQ(verdict.mac_ok, true);
  }
}

TEST(Verifier, RefusesAUsedNonceAsLongAsItsTimestampCouldPass) {
  auto verifier = careful();
  const auto early = call(kNowMs + kWindowMs, "n1", "e1");
  EXPECT_EQ(verifier.check(early, kNowMs).problem, "");
  EXPECT_EQ(verifier.check(early, kNowMs + 2 * kWindowMs).problem, "nonce was used before");
  EXPECT_EQ(verifier.check(call(kNowMs, "n1", "e2"), kNowMs).problem, "nonce was used before");
}

TEST(Verifier, TellsARepeatByItsEventId) {
  auto verifier = careful();
  EXPECT_FALSE(verifier.check(call(kNowMs, "n1", "e1"), kNowMs).repeat);
  EXPECT_FALSE(verifier.check(call(kNowMs, "n2", "e2"), kNowMs).repeat);
  EXPECT_TRUE(verifier.check(call(kNowMs, "n3", "e1"), kNowMs).repeat);
  EXPECT_FALSE(verifier.check({{"a", "1"}}, kNowMs).repeat);
}

TEST(Verifier, RecallsAnEarlierLife) {
  auto verifier = careful();
  verifier.recall(call(kNowMs, "n1", "e1"));
  EXPECT_EQ(verifier.check(call(kNowMs, "n1", "e2"), kNowMs).problem, "nonce was used before");
  EXPECT_TRUE(verifier.check(call(kNowMs, "n2", "e1"), kNowMs).repeat);
}

TEST(Verifier, WithoutASecretChecksWhatIsThere) {
  Verifier verifier(std::nullopt, Digest::md5, kWindowMs);
  const auto plain = verifier.check({{"action", "ping"}}, kNowMs);
  EXPECT_EQ(plain.mac_ok, std::nullopt);
  EXPECT_EQ(plain.problem, "");
  EXPECT_NE(verifier.check({{"timestamp", "soon"}}, kNowMs).problem, "");
  EXPECT_EQ(verifier.check({{"nonce", "n"}}, kNowMs).problem, "");
  EXPECT_NE(verifier.check({{"nonce", "n"}}, kNowMs).problem, "");
}

TEST(RecentTexts, StayWithinTheirLimitAndForgetInTime) {
  RecentTexts texts(3);
  for (const char* text : {"a", "b", "c", "d"}) EXPECT_TRUE(texts.add(text, 10));
  EXPECT_EQ(texts.size(), 3U);
  EXPECT_TRUE(texts.add("a", 20));
  EXPECT_FALSE(texts.add("d", 20));
  texts.forget_before(11);
  EXPECT_EQ(texts.size(), 1U);
  EXPECT_FALSE(texts.add("a", 20));
  EXPECT_TRUE(texts.add("d", 20));
}

}  // namespace
}  // namespace host
