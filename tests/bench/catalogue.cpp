// See catalogue.h.
#include "catalogue.h"

#include <stdexcept>
#include <string>

namespace bench {
namespace {

constexpr Goal at_least(double bound) { return {true, bound}; }
constexpr Goal at_most(double bound) { return {false, bound}; }

constexpr Figure kFigures[] = {
    {"capture.1_caller_vs_fdatasync", "events/s", "syncs/s", Judged::ratio, at_least(0.48),
     "one caller, one event a call, against overwriting 4 KiB and fdatasync"},
    {"capture.1_caller_vs_bare_sqlite", "events/s", "rows/s", Judged::ratio, at_least(0.9),
     "the same against one 2 KiB row a commit in bare SQLite with the store's own pragmas"},
    {"capture.16_callers_vs_1", "events/s", "", Judged::ratio, at_least(4), "16 threads capturing, against one"},
    {"capture.64_callers_vs_1", "events/s", "", Judged::ratio, at_least(7), "64 threads capturing, against one"},
    {"capture.array_1000_vs_fdatasync", "events/s", "syncs/s", Judged::ratio, at_least(10),
     "1,000 events a call, in events a second, against raw syncs a second"},
    {"replay.1_lane_restart_first_vs_curl", "events/s", "posts/s", Judged::ratio, at_least(0.80),
     "a saved tool's backlog, against a bare libcurl easy loop with bodies of that size"},
    {"replay.1_lane_restart_next_vs_curl", "events/s", "posts/s", Judged::ratio, at_least(0.75),
     "the same under a policy that goes on behind the last answer, its mark moved as often as is usual"},
    {"replay.cpu_per_event_vs_curl", "us", "", Judged::ratio, at_most(1.7),
     "CPU time of the client for one event of that replay, against that loop (less is better)"},
    {"replay.16_lanes_vs_multi", "events/s", "posts/s", Judged::ratio, at_least(0.70),
     "16 tools saved at once, against bare curl_multi with 16 connections"},
    {"replay.256_lanes_vs_multi", "events/s", "posts/s", Judged::ratio, at_least(0.70),
     "256 tools saved at once, against bare curl_multi with 64 connections, as many as the bridge uses"},
    {"replay.1_lane_1ms_server_vs_curl", "events/s", "posts/s", Judged::ratio, at_least(0.98),
     "one lane and a tool that takes 1 ms for each answer, against the libcurl easy loop"},
    {"hostile.other_lanes_vs_alone", "events/s", "", Judged::ratio, at_least(0.9),
     "8 tools saved at once while 8 others drip, stall in the handshake and flood, against those 8 alone"},
    {"backlog.1m_rss_mib", "MiB", "", Judged::value, at_most(24),
     "peak resident memory of a process that opens a store with a million waiting events and walks them (baseline: "
     "before the walk)"},
    {"backlog.1m_rate_vs_10k", "events/s", "", Judged::ratio, at_least(0.95),
     "the replay of a backlog of a million events, against one of 10,000"},
    {"backlog.rss_growth_mib", "MiB", "", Judged::value, at_most(1),
     "that peak, less the one of a process that does the same with 20,000 waiting events (the baseline)"},
    {"backlog.open_ms", "ms", "", Judged::value, at_most(50),
     "opening a store in which a million events wait, against an empty one"},
    {"backlog.bytes_per_payload_byte", "bytes", "", Judged::value, at_most(1.2),
     "size of that store's files against the arguments and settings handed over (the baseline)"},
    {"save.first_byte_ms", "ms", "", Judged::value, at_most(5),
     "from the call of tool saved, a million events waiting, to the first byte of state-change at the tool, against a "
     "libcurl POST"},
    {"batch.webhooks_100_vs_1", "events/s", "", Judged::ratio, at_least(8),
     "a lane of standard-webhooks in requests of 100 events, against one by one"},
    {"batch.lti_vs_rsa_signing", "events/s", "signatures/s", Judged::ratio, at_least(0.9),
     "a lane of lti-notice, against OpenSSL signing as many texts with a key of 2,048 bits"},
    {"lanes.idle_turn_us", "us", "", Judged::ratio, std::nullopt,
     "one turn of the scheduler with 100,000 lanes at rest, an event waiting in each, against 20 such lanes"},
    {"lanes.100k_trigger_ms", "ms", "", Judged::ratio, std::nullopt,
     "capturing one more event for one of those lanes until both of its events are answered, against 20 such lanes"},
    {"lanes.100k_idle_mib", "MiB", "", Judged::value, std::nullopt,
     "resident memory of a bridge with 100,000 lanes at rest, against 20 such lanes"},
    {"lanes.open_ms", "ms", "", Judged::value, std::nullopt, "opening that store, against one with 20 such lanes"},
    {"php.open_capture_close_ms", "ms", "", Judged::value, std::nullopt,
     "a PHP process that opens the store, captures one event and closes, all three, against the same in C++"},
    {"php.open_capture_close_postgres_ms", "ms", "", Judged::value, std::nullopt,
     "the same with the store in PostgreSQL on this machine, connecting each time"},
    {"peer.bullmq_1", "events/s", "", Judged::ratio, at_least(10),
     "20,000 events stored before, delivered to one endpoint in order, against BullMQ on Redis"},
    {"peer.bullmq_16", "events/s", "", Judged::ratio, at_least(12), "the same to 16 endpoints"},
    {"peer.pgboss_1", "events/s", "", Judged::ratio, at_least(20),
     "20,000 events stored before, delivered to one endpoint in order, against pg-boss on PostgreSQL"},
    {"peer.pgboss_16", "events/s", "", Judged::ratio, at_least(25), "the same to 16 endpoints"},
    {"peer.graphile_1", "events/s", "", Judged::ratio, at_least(20),
     "20,000 events stored before, delivered to one endpoint in order, against graphile-worker on PostgreSQL"},
    {"peer.graphile_16", "events/s", "", Judged::ratio, at_least(25), "the same to 16 endpoints"},
    {"postgres.capture_vs_fdatasync", "events/s", "syncs/s", Judged::ratio, at_least(0.45),
     "one client of a store in PostgreSQL, one event a call, against overwriting 4 KiB and fdatasync"},
    {"postgres.16_lanes_vs_1", "events/s", "", Judged::ratio, at_least(3.5),
     "16 such clients, each with a connection and a lane of its own, against one"},
    {"postgres.16_on_one_lane_vs_1", "events/s", "", Judged::ratio, std::nullopt,
     "16 such clients that all capture for one lane, against one"},
    {"postgres.replay_vs_pgboss_1", "events/s", "", Judged::ratio, at_least(5),
     "20,000 events stored in PostgreSQL, delivered to one endpoint in order, against pg-boss"},
    {"serve.replay_under_load_vs_alone", "events/s", "events/s", Judged::ratio, at_least(0.9),
     "a replay in `ptb-host serve` with 64 event streams open and 200 reports a second read, against it alone"},
};

}  // namespace

std::span<const Figure> catalogue() { return kFigures; }

const Figure& figure_named(std::string_view name) {
  for (const Figure& figure : kFigures) {
    if (figure.name == name) return figure;
  }
  throw std::logic_error("no figure is called " + std::string(name));
}

}  // namespace bench
