// What the vendor check sends, and what it makes of tools that the reference tool cannot play.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/run.h"
#include "loopback_server.h"
#include "subject_of.h"

namespace host::test {
namespace {

using ptb::test::http_answer;
using ptb::test::LoopbackServer;
using ptb::test::Stream;
using ::testing::HasSubstr;

Finding one(Subject subject, const std::string& name) {
  Bench bench(subject);
  return run_cases(in_order(all_cases(), {name}, 1), bench, [](std::size_t, const std::string&) {}).back().finding;
}

/// A server that answers every request with the same.
LoopbackServer::Script always(const std::string& answer) {
  return [answer](Stream& stream) {
    while (!stream.read_request().empty())
      if (!stream.write(answer)) return;
  };
}

TEST(CheckBench, ACallIsWhatTheBridgeSends) {
  const auto subject = subject_at("http://127.0.0.1:1");
  const Bench bench(subject);
  const auto call = bench.signed_call(bench.call_for(subject.actions.front()));
  for (const char* name : {"tcbaseurl", "nonce", "timestamp", "ourguid", "locale", "direction", "event_id", "attempt",
                           "type", "oldCourseId", "newCourseId", "action", "mac"})
    EXPECT_NE(find_param(call, name), nullptr) << name;
  EXPECT_EQ(*find_param(call, "mac"), mac_of(call, subject.secret, Digest::md5));
  const auto repeat = bench.signed_call(Bench::again(call));
  EXPECT_EQ(*find_param(repeat, "event_id"), *find_param(call, "event_id"));
  EXPECT_NE(*find_param(repeat, "nonce"), *find_param(call, "nonce"));
  EXPECT_EQ(*find_param(repeat, "mac"), mac_of(repeat, subject.secret, Digest::md5));
}

TEST(CheckBench, StrictCallsHaveNothingOfTheBridgesOwn) {
  auto subject = subject_at("http://127.0.0.1:1");
  subject.strict = true;
  const Bench bench(subject);
  const auto call = bench.call_for(subject.actions.front());
  for (const char* name : {"event_id", "event_sequence", "event_time", "deferred", "attempt"})
    EXPECT_EQ(find_param(call, name), nullptr) << name;
}

TEST(CheckBench, AToolThatSaysErrorToAllFailsOnceAndTheRestMeansNothing) {
  LoopbackServer server(always(http_answer(200, "<result>ERROR<result>")));
  const auto subject = subject_at(server.url());
  Bench bench(subject);
  const auto outcomes = run_cases(in_order(all_cases(), {}, 3), bench, [](std::size_t, const std::string&) {});
  for (const auto& outcome : outcomes) {
    if (outcome.name == "accepts-right-mac")
      EXPECT_EQ(outcome.finding.result, Result::failed);
    else
      EXPECT_NE(outcome.finding.result, Result::failed) << outcome.name << ": " << outcome.finding.reason;
  }
}

TEST(CheckBench, AToolThatAnswersNothingIsNotAskedForEver) {
  LoopbackServer server([](Stream& stream) {
    for (auto request = stream.read_request(); !request.empty(); request = stream.read_request())
      if (request.starts_with("GET ")) stream.write(http_answer(405, ""));
  });
  auto subject = subject_at(server.url());
  subject.call.timeout_ms = 50;
  for (const char* kind : {"course-imported", "group-copied", "content-copied"})
    subject.actions.push_back({kind, subject.base_url, {}});
  Bench bench(subject);
  const auto outcomes = run_cases(in_order(all_cases(), {}, 3), bench, [](std::size_t, const std::string&) {});
  EXPECT_EQ(outcomes.back().finding.result, Result::skipped);
  EXPECT_THAT(outcomes.back().finding.reason, HasSubstr("does not answer in time any more"));
}

TEST(CheckBench, AConnectionThatIsClosedWithNoticeIsAWarning) {
  LoopbackServer server([](Stream& stream) {
    stream.read_request();
    stream.write(http_answer(200, "<result>SUCCESS<result>", "Connection: close\r\n"));
  });
  const auto finding = one(subject_at(server.url()), "keep-alive");
  EXPECT_EQ(finding.result, Result::warning) << finding.reason;
}

TEST(CheckBench, ARefusalByHttp500IsAWarning) {
  std::atomic<int> calls{0};
  LoopbackServer server([&](Stream& stream) {
    for (auto request = stream.read_request(); !request.empty(); request = stream.read_request())
      stream.write(++calls <= 2 ? http_answer(200, "<result>SUCCESS<result>") : http_answer(500, "stack trace"));
  });
  const auto finding = one(subject_at(server.url()), "refuses-missing-mac");
  EXPECT_EQ(finding.result, Result::warning);
  EXPECT_THAT(finding.came, HasSubstr("stack trace"));
}

TEST(CheckBench, AProbeThatCountsNothingFailsTheCasesThatNeedIt) {
  LoopbackServer server(always(http_answer(200, "<result>SUCCESS<result>")));
  auto subject = subject_at(server.url());
  subject.probe_url = server.url() + "/count";
  const auto finding = one(subject, "same-event-twice-has-effect-of-one");
  EXPECT_EQ(finding.result, Result::failed);
  EXPECT_THAT(finding.reason, HasSubstr("neither a number nor"));
  EXPECT_THAT(finding.fix, HasSubstr("--probe"));
}

TEST(CheckBench, AnAnswerWithoutEndIsCutOff) {
  LoopbackServer server([](Stream& stream) {
    stream.read_request();
    stream.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (stream.write(std::string(65'536, 'x'))) {
    }
  });
  const auto finding = one(subject_at(server.url()), "event-course-copied");
  EXPECT_EQ(finding.result, Result::skipped) << "nobody could be reached";
}

}  // namespace
}  // namespace host::test
