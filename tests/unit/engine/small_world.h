// A world for the engine that fits in one thread: a real store in a temporary directory or one in memory, tools that
// are a few lines of model behind a transport without network, a clock that only moves when told or waited on, and a
// crash that takes the engine away.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "policy/policy_document.h"
#include "store/sqlite_store.h"
#include "support/memory_store.h"
#include "wire/proxy_tool.h"

namespace ptb::test {

/// Thrown at a fault point: everything in memory is then dropped, as kill -9 does.
struct Crash {};

class StoppedClock final : public Clock {
 public:
  [[nodiscard]] Moment now() const override { return {wall_ms, monotonic_ms}; }
  void advance(std::int64_t ms) {
    wall_ms += ms;
    monotonic_ms += ms;
  }
  std::int64_t wall_ms = 1'800'000'000'000;
  std::int64_t monotonic_ms = 5'000'000;
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = static_cast<unsigned char>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

/// What a tool got, decoded.
struct Received {
  std::string host;  ///< of the URL
  std::map<std::string, std::string> parameters;
  std::string answer;              ///< what the model did
  std::vector<std::string> batch;  ///< backup_id of each event, on the wire that batches
  std::string url;
  std::int64_t at_ms = 0;  ///< wall clock when it was sent
  std::shared_ptr<const Destination> destination;
};

/// What a tool does with a request: "ok", "error", "drop", "later" (asks not to be tried for a minute), "timeout",
/// "garbage" (success, and something that is no answer), "hang" (asked again at every turn), or an HTTP status with
/// nothing else; each but "hang" also as "after MS WHAT". Where
/// plain http is not allowed none gets any.
using ToolModel = std::function<std::string(const Received&)>;

/// Hears of each request when it goes out and, with its answer, when that is in.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void sent(std::uint64_t ticket, const Received& request) = 0;
  virtual void answered(std::uint64_t ticket, const Received& request) = 0;
};

class ModelTransport final : public Transport {
 public:
  ModelTransport(StoppedClock& clock, std::vector<Received>& log, ToolModel& model, Witness* witness)
      : clock_(clock), log_(log), model_(model), witness_(witness) {}
  void start(std::uint64_t ticket, HttpRequest request) override;
  void poll(std::vector<ExchangeResult>& done, int timeout_ms) override;
  void wake() override {}
  void abandon_all() override { under_way_.clear(); }
  std::size_t most_under_way = 0;
  std::int64_t longest_poll_ms = 0;

 private:
  StoppedClock& clock_;
  std::vector<Received>& log_;
  ToolModel& model_;
  Witness* witness_;
  struct Exchange {
    std::uint64_t ticket = 0;
    Received request;
    std::int64_t due_ms = 0;  ///< monotonic; its answer is known, and is in then
    bool forbidden = false;
  };
  std::deque<Exchange> under_way_;
};

/// The LMS: its settings, which may change at any time, and what it was told.
class ModelHost final : public Host {
 public:
  void log(LogLevel, std::string_view text) override { logged.emplace_back(text); }
  Result<std::string> load_settings(const Locator& tool, std::string_view course, std::string_view) override {
    if (settings_fail) return fail(Status::host, "the settings cannot be loaded");
    return encode_settings(settings_of ? settings_of(tool, course) : settings);
  }
  Result<std::string> load_secret(const Locator&) override { return secret; }
  void outcome(const EventOutcome& outcome) override;
  void progress(const WalkProgress& progress) override { last_progress = progress.done; }
  void watch(const WatchEvent& watch) override {
    watched.push_back((watch.raised ? "raised " : "over ") + std::to_string(watch.waiting));
  }

  Settings settings;
  std::function<Settings(const Locator& tool, std::string_view course)> settings_of;  ///< instead of `settings`
  bool settings_fail = false;
  std::string secret = "s3cret";
  std::vector<std::string> logged;
  struct Told {
    std::string id;
    EventState state;
    std::string deferral;
    std::string text;
  };
  std::vector<Told> told;
  std::uint64_t last_progress = 0;
  std::vector<std::string> watched;  ///< "raised 101", "over 3"
  std::function<void()> on_outcome;  ///< may throw
};

class SmallWorld {
 public:
  enum class StoreKind { sqlite, memory };
  explicit SmallWorld(std::uint64_t seed = 1, StoreKind store_kind = StoreKind::sqlite);
  ~SmallWorld();
  SmallWorld(const SmallWorld&) = delete;
  SmallWorld& operator=(const SmallWorld&) = delete;

  void open();
  void crash();  ///< engine and store are gone; the files stay
  void reopen() {
    crash();
    open();
  }

  /// `policy`: a preset or a document; empty: none is asked for.
  void install(const Locator& tool, ToolState state, bool with_state_change = true, const std::string& policy = {});
  Result<void> install(Tool tool, bool with_state_change, const std::string& policy);
  /// On the wire of the model, which takes up to `max_batch` events a request.
  void install_batching(const Locator& tool, ToolState state, std::uint32_t max_batch);
  /// One event of that kind. Every operation is told apart by its name; the course id comes along as an argument.
  ReportedEvent event(const Locator& tool, EventKind kind, const std::string& operation,
                      const std::string& course = "_1_1");
  std::vector<CaptureAnswer> capture(std::vector<ReportedEvent> events, OperationId* operation = nullptr);
  CaptureAnswer capture_one(const Locator& tool, EventKind kind, const std::string& operation);
  OperationResult save(const Locator& tool, ToolState state);
  OperationResult order(const std::string& json);
  /// The answer to an order that needs no waiting for, or to a question.
  Json done(const std::string& order);
  Json asked(const std::string& question);
  /// Lets so much time pass, with everything done that becomes due meanwhile.
  void pass(std::int64_t ms);
  OperationResult wait(OperationId operation);
  void run() { engine->run_once(0xFFFFFF); }

  /// Requests that carried an event, in the order the tools got them: "operation:answer".
  [[nodiscard]] std::vector<std::string> heard() const;
  [[nodiscard]] StoredEvent stored(const EventId& id);
  [[nodiscard]] Lane lane(const Locator& tool);

  StoppedClock clock;
  SeededRandom random;
  ModelHost host;
  std::vector<Received> received;
  ToolModel model;
  Witness* witness = nullptr;  ///< of transports that are opened from then on
  EngineOptions options;
  std::string directory;
  MemoryDisk disk;
  std::unique_ptr<Store> store;
  std::unique_ptr<ModelTransport> transport;
  std::unique_ptr<Engine> engine;

 private:
  StoreKind store_kind_;
  ProxyToolWire wire_;
  std::unique_ptr<Wire> batching_wire_;
};

inline const Locator kQuiz{"acme", "quiz"};
inline const Locator kWiki{"umbrella", "wiki"};

}  // namespace ptb::test
