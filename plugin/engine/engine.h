// The bridge without its C face: capture, triggers, pumping, waiting. Puts the parts of this folder together; decides
// nothing itself that core or the pump could.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/host.h"
#include "core/store.h"
#include "core/transport.h"
#include "engine/commit_queue.h"
#include "engine/json.h"
#include "engine/operations.h"
#include "engine/pump.h"
#include "engine/reports.h"
#include "engine/tool_table.h"
#include "engine/turn.h"

namespace ptb {

struct EngineOptions {
  HostIdentity host;
  std::string generation;
  std::uint64_t high_water = 0;
  std::uint32_t exchange_timeout_ms = 120'000;
  std::uint32_t connect_timeout_ms = 10'000;
  PumpOptions pump;
  bool capture_only = false;
};

/// Opens the store at a URI, and makes it where there is none.
using OpenStore = std::function<Result<std::unique_ptr<Store>>(const std::string& uri)>;

/// What the engine drives. All of it outlives the engine.
struct EngineParts {
  Store& store;
  Transport& transport;
  Clock& clock;
  Random& random;
  Host& host;
  ReadDescriptor read_descriptor;
  FindWire find_wire;
  ReadPolicy read_policy;
  std::vector<std::string> presets = {};  ///< names that read_policy knows
  OpenStore open_store = {};              ///< another one, for what moves there
};

/// An event as the host reports it.
struct ReportedEvent {
  EventKind kind{};
  Locator locator;
  std::string operation;
  std::uint32_t ordinal = 0;
  std::string course_id;
  std::string content_id;
  Pairs arguments;
  Pairs context;
  std::int64_t occurred_at_ms = 0;  ///< 0: now
  std::int64_t not_before_ms = 0;   ///< 0: at once
};

/// What an order came to: JSON, and the operation it started, or 0.
struct OrderAnswer {
  std::string json;
  OperationId operation = 0;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(EngineParts parts, EngineOptions options);

  /// All or none, one commit; `answers` gets one for each event. With `want_operation` the operation that ends when all
  /// have been answered or deferred, else 0. Errors: Status::host (the settings callback), Status::store.
  Result<OperationId> capture(std::vector<ReportedEvent> events, std::vector<CaptureAnswer>& answers,
                              bool want_operation);

  /// `keep_state`: a tool known already stays in the state it has. `policy`: a preset's name or a document; empty: the
  /// one in force stays.
  Result<void> tool_installed(Tool tool, bool keep_state, const std::string& policy);
  Result<OperationId> tool_saved(const Locator& locator, ToolState state);
  Result<void> tool_removed(const Locator& locator);
  Result<OperationId> tool_contacted(const Locator& locator);
  /// What was delayed until that value is known goes on.
  Result<void> value_known(const KnownValue& known);

  /// Works for at most timeout_ms on this thread, or not at all where another thread is doing so. Returns in how many
  /// milliseconds something is due.
  std::uint32_t run_once(std::uint32_t timeout_ms);
  /// Waits for an operation, or with 0 until nothing is under way; `may_pump`: working meanwhile, where no other thread
  /// does.
  Result<OperationResult> wait(OperationId operation, std::uint32_t timeout_ms, bool may_pump);
  /// The bridge thread: works until `stop` says so. After stop becomes true, call wake.
  void run_until(const std::function<bool()>& stop);
  void wake() { transport_.wake(); }

  /// The bridge is closing: calls of wait and run_once that other threads are in return soon, with what is so far.
  void interrupt();
  /// Ends exchanges; nothing may be called afterwards.
  void wind_down(std::uint32_t timeout_ms);

  /// JSON in, JSON out: see docs/abi.md. Errors: Status::argument, Status::not_found.
  Result<std::string> report(std::string_view question);
  Result<OrderAnswer> administer(std::string_view order);

 private:
  Engine(EngineParts parts, EngineOptions options);

  Result<void> take_up_generation();
  Result<void> take_up_policies();
  Result<void> take_up_tools();
  Result<void> take_up_lanes();
  Result<void> keep_distance(const Lane& lane, const Moment& now);
  Result<void> take_up_tool(const Tool& tool);
  Result<void> take_up_policy(const Locator& locator, const std::string& document);
  void take_in(const StoreNews& news);
  [[nodiscard]] bool goes_on_by_itself(const Lane& lane) const;
  Result<void> commit(std::span<CaptureBatch* const> batches);
  std::set<std::int64_t> announce(const CaptureBatch& batch);
  void prepare(ReportedEvent& reported, std::int64_t now_ms, CaptureItem& item);
  Result<void> load_settings(CaptureBatch& batch);
  void keep_policies(const Moment& now);
  Result<void> require_pumping(std::string_view what) const;
  Result<OperationId> contact_lanes(const Locator& locator, bool by_person);
  Result<std::shared_ptr<const ReadyTool>> installed_tool(const Json& order) const;
  Result<OrderAnswer> ping(const Json& order);
  Result<OrderAnswer> reregister(const Json& order);
  Result<OrderAnswer> send_again(const Json& order, bool only_parked);
  Result<std::string> forget(const Json& order, std::int64_t now_ms);
  Result<std::string> carry_out(const std::string& what, const Json& order);
  Result<OrderAnswer> order(const std::string& what, const Json& order);
  Result<void> set_policy(const Locator& locator, std::shared_ptr<const Policy> policy);
  Result<std::string> set_policy(const Json& order);
  Result<std::string> hold(const Json& order, bool hold);
  Result<OrderAnswer> replay(const Json& order);
  Result<Json> replay_report(const Json& question);
  Result<std::vector<ReplayRange>> waiting_ranges(const Json& question);
  Result<Json> settings_changed(const StoredEvent& stored, const Locator& tool);
  Result<Json> policy_report(const Json& question) const;
  [[nodiscard]] Viewer viewer() const {
    return {store_, tools_, clock_.now().wall_ms, options_.pump.contact_interval_ms};
  }
  Result<std::string> pull_take(const Json& order);
  Result<std::string> pull_end(const Json& order, bool acknowledged);
  Result<OrderAnswer> pull_redeliver(const Json& order);
  Result<std::string> import_events(const Json& order);
  Result<Json> check_report();
  Result<Json> nodes_report();
  Result<std::string> back_up(const Json& order);
  Result<std::string> put_back_store(const Json& order);
  Result<std::string> move_store(const Json& order);
  void note(const std::string& what, const Json& order, const std::string& came_to);

  EngineOptions options_;
  Store& store_;
  Transport& transport_;
  Clock& clock_;
  Random& random_;
  Host& host_;
  ReadDescriptor read_descriptor_;
  ReadPolicy read_policy_;
  std::vector<std::string> presets_;
  OpenStore open_store_;
  EventId bridge_id_;
  ToolTable tools_;
  SendContext context_;
  Operations operations_;
  Pump pump_;
  CommitQueue commits_;
  Turn pumping_;
  std::atomic<bool> interrupted_ = false;
  std::mutex policies_mutex_;
  std::int64_t policies_due_ms_ = 0;  ///< monotonic
  std::string put_back_;              ///< why capture is refused; empty: it is not
};

}  // namespace ptb
