// What batches bring on the two other wires: standard webhooks a hundred at a time against one by one, and signed
// notices against the signing alone. All on one CPU, like the replays.
#include <fmt/format.h>

#include <stdexcept>

#include "groups.h"
#include "measure.h"
#include "rsa_loop.h"

namespace bench {
namespace {

constexpr int kBatch = 100;
constexpr int kChunks = 5;
constexpr std::size_t kNoticeBytes = 900;  // header and claims of a notice, in base64

/// A bridge with one tool on one wire.
class BatchedLane {
 public:
  BatchedLane(Run& run, const std::string& wire, int max_batch, const std::string& secret, int events,
              std::string_view kind)
      : server_(*run.server),
        bridge_(*run.plugin, StoreUri{"sqlite:" + (run.workspace->fresh("batches") / "bridge.db").string()},
                run.replay_pump, secret),
        events_(static_cast<std::size_t>(events), true, kind),
        max_batch_(max_batch) {
    Installation installation;
    installation.url = server_.url();
    installation.wire = wire;
    installation.endpoint = server_.url() + "/tool";
    installation.max_batch = static_cast<std::uint32_t>(max_batch);
    installation.asks_state_change = false;
    bridge_.install(0, installation);
  }

  /// Captures them, then the time from the save to the end of the walk.
  Sample walk() {
    events_.renew(0);
    bridge_.capture(events_);
    const std::uint64_t requests_before = server_.requests();
    const std::uint64_t bytes_before = server_.body_bytes();
    const std::int64_t start = monotonic_ns();
    const ptb_operation_result result = bridge_.wait(bridge_.save(0, PTB_TOOL_AVAILABLE));
    const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
    const std::uint64_t requests = server_.requests() - requests_before;
    bridge_.wait(bridge_.save(0, PTB_TOOL_UNAVAILABLE));
    const std::uint64_t needed =
        (events_.count() + static_cast<std::size_t>(max_batch_) - 1) / static_cast<std::size_t>(max_batch_);
    if (result.acknowledged != events_.count() || requests < needed || requests > needed + needed / 2 + 2)
      throw std::runtime_error(fmt::format("{} of {} events acknowledged in {} requests of {}", result.acknowledged,
                                           events_.count(), requests, max_batch_));
    bytes_an_event_ = (server_.body_bytes() - bytes_before) / events_.count();
    requests_ = requests;
    return {static_cast<double>(events_.count()), seconds};
  }

  [[nodiscard]] std::uint64_t bytes_an_event() const { return bytes_an_event_; }
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  const ToolServer& server_;
  Bridge bridge_;
  EventArray events_;
  int max_batch_;
  std::uint64_t bytes_an_event_ = 0;
  std::uint64_t requests_ = 0;
};

void measure_webhooks(Run& run) {
  const std::string secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
  const int events = run.size(2000, 200);
  BatchedLane one(run, "standard-webhooks", 1, secret, events, "content-imported");
  BatchedLane hundred(run, "standard-webhooks", kBatch, secret, events, "content-imported");
  one.walk();
  hundred.walk();
  for (int at = 0; at < run.rounds; ++at) {
    const std::vector<Sample> sums = interleave(kChunks, {[&] { return one.walk(); }, [&] { return hundred.walk(); }});
    run.report->add("batch.webhooks_100_vs_1", {sums[1].rate(), sums[0].rate()});
  }
  run.report->note(fmt::format("Webhooks: {} events in {} requests against {}; {} bytes of a body for each event.",
                               events, hundred.requests(), one.requests(), hundred.bytes_an_event()));
}

void measure_notices(Run& run) {
  const int events = run.size(400, 100);
  RsaLoop rsa(kNoticeBytes);
  BatchedLane notices(run, "lti-notice", kBatch, rsa.pem(), events, "course-imported");
  notices.walk();
  for (int at = 0; at < run.rounds; ++at) {
    const std::vector<Sample> sums =
        interleave(kChunks, {[&] { return rsa.sign(events); }, [&] { return notices.walk(); }});
    run.report->add("batch.lti_vs_rsa_signing", {sums[1].rate(), sums[0].rate()});
  }
  run.report->note(fmt::format("Notices: {} events in {} requests; {} bytes of a body for each event.", events,
                               notices.requests(), notices.bytes_an_event()));
}

}  // namespace

void measure_batches(Run& run) {
  const Pinned pinned(run.server->cpu());
  if (run.report->wants("batch.webhooks_100_vs_1")) measure_webhooks(run);
  if (run.report->wants("batch.lti_vs_rsa_signing")) measure_notices(run);
}

}  // namespace bench
