// The benchmark runs whole, with a few events of each: every figure is there under its name, or it is said why not, and
// the JSON has the shape that programs read. What the figures are means nothing here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#ifndef PTB_BENCH_PROGRAM
#define PTB_BENCH_PROGRAM "ptb-bench"
#endif
#ifndef PTB_BENCH_PEERS
#define PTB_BENCH_PEERS ""
#endif

namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

/// Names stay once given: programs and people compare figures by them.
const std::vector<std::string> kNames = {"capture.1_caller_vs_fdatasync",
                                         "capture.1_caller_vs_bare_sqlite",
                                         "capture.16_callers_vs_1",
                                         "capture.64_callers_vs_1",
                                         "capture.array_1000_vs_fdatasync",
                                         "replay.1_lane_restart_first_vs_curl",
                                         "replay.1_lane_restart_next_vs_curl",
                                         "replay.16_lanes_vs_multi",
                                         "replay.256_lanes_vs_multi",
                                         "replay.1_lane_1ms_server_vs_curl",
                                         "replay.cpu_per_event_vs_curl",
                                         "backlog.1m_rss_mib",
                                         "backlog.1m_rate_vs_10k",
                                         "backlog.bytes_per_payload_byte",
                                         "save.first_byte_ms",
                                         "backlog.open_ms",
                                         "backlog.rss_growth_mib",
                                         "batch.webhooks_100_vs_1",
                                         "batch.lti_vs_rsa_signing",
                                         "hostile.other_lanes_vs_alone",
                                         "serve.replay_under_load_vs_alone",
                                         "lanes.100k_idle_mib",
                                         "lanes.100k_trigger_ms",
                                         "php.open_capture_close_ms",
                                         "peer.bullmq_1",
                                         "peer.bullmq_16",
                                         "peer.pgboss_1",
                                         "peer.pgboss_16",
                                         "peer.graphile_1",
                                         "peer.graphile_16",
                                         "postgres.capture_vs_fdatasync",
                                         "postgres.16_lanes_vs_1",
                                         "postgres.16_on_one_lane_vs_1",
                                         "postgres.replay_vs_pgboss_1"};

std::string scratch(const std::string& name) { return testing::TempDir() + "ptb-small-" + name; }

/// Exit status, and what was printed.
std::pair<int, std::string> bench(const std::string& arguments) {
  const std::string printed = scratch("printed");
  const std::string command = std::string(PTB_BENCH_PROGRAM) + " " + arguments + " >" + printed + " 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream file(printed);
  return {status, {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()}};
}

/// "NAME: skipped: why", where NAME may end in * for all that begin so.
bool is_skipped(const std::string& name, const Json& notes) {
  return std::any_of(notes.begin(), notes.end(), [&](const Json& note) {
    const auto text = note.get<std::string>();
    const auto end = text.find(": skipped: ");
    if (end == std::string::npos) return false;
    const std::string whose = text.substr(0, end);
    return whose == name || (whose.back() == '*' && name.starts_with(whose.substr(0, whose.size() - 1)));
  });
}

TEST(Bench, RunsWholeInSmallAndTellsEveryFigure) {
  const std::string file = scratch("figures.json");
  const std::string peers = PTB_BENCH_PEERS;
  const auto [status, printed] =
      bench("--small --rounds 1 --json " + file + (std::ifstream(peers + "/installed") ? " --peers " + peers : ""));
  ASSERT_EQ(status, 0) << printed;
  std::ifstream in(file);
  const Json told = Json::parse(in);
  EXPECT_TRUE(told.at("machine").at("cpu").is_string());
  EXPECT_TRUE(told.at("machine").at("disk_syncs_per_s").is_number());
  std::set<std::string> names;
  for (const Json& result : told.at("results")) {
    names.insert(result.at("name"));
    for (const char* const number : {"value", "baseline", "ratio", "min", "median", "max", "rounds"})
      EXPECT_TRUE(result.at(number).is_number()) << result;
    EXPECT_TRUE(result.at("unit").is_string()) << result;
    EXPECT_GE(result.at("rounds").get<int>(), 1);
    EXPECT_LE(result.at("min").get<double>(), result.at("max").get<double>());
    EXPECT_THAT(printed, HasSubstr(result.at("name").get<std::string>()));
  }
  for (const std::string& name : kNames)
    EXPECT_TRUE(names.count(name) == 1 || is_skipped(name, told.at("notes"))) << name << " is missing\n" << printed;
}

TEST(Bench, SelectsByTheBeginningOfAName) {
  const std::string file = scratch("one.json");
  const auto [status, printed] = bench("--small --rounds 2 --only batch.lti --json " + file);
  ASSERT_EQ(status, 0) << printed;
  std::ifstream in(file);
  const Json told = Json::parse(in);
  ASSERT_EQ(told.at("results").size(), 1U);
  EXPECT_EQ(told.at("results")[0].at("name"), "batch.lti_vs_rsa_signing");
  EXPECT_EQ(told.at("results")[0].at("rounds"), 2);
}

TEST(Bench, SaysWhatIsWrongInOneLine) {
  const auto [status, printed] = bench("--only nothing");
  EXPECT_NE(status, 0);
  EXPECT_EQ(printed, "ptb-bench: no figure starts with 'nothing'; see --list\n");
}

TEST(Bench, ListsEveryFigure) {
  const auto [status, printed] = bench("--list");
  ASSERT_EQ(status, 0);
  for (const std::string& name : kNames) EXPECT_THAT(printed, HasSubstr(name));
}

}  // namespace
