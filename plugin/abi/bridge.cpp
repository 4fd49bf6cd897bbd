#include "abi/bridge.h"

#include <pthread.h>

#include <chrono>

#include "abi/signals.h"
#include "policy/policy_document.h"
#include "wire/descriptor.h"

using ptb::fail;
using ptb::Result;
using ptb::Status;

namespace {

/// Beyond the time that close was given the bridge's thread abandons its exchanges, which takes this long at most,
/// unless a callback of the host keeps it.
constexpr std::chrono::milliseconds kThreadGrace(1000);

constexpr std::string_view kDefaultPolicy = "blackboard";

Result<ptb::Policy> read_policy(std::string_view name_or_document) {
  return ptb::read_policy(name_or_document.empty() ? kDefaultPolicy : name_or_document);
}

}  // namespace

Result<std::unique_ptr<ptb_bridge>> ptb_bridge::open(ptb::OpenArguments arguments) {
  if (ptb::inside_callback())
    return fail(Status::state, "open was called from inside a callback: call it from outside");
  std::unique_ptr<ptb_bridge> bridge(new ptb_bridge(arguments.host));
  const bool capture_only = arguments.engine.capture_only;
  auto store = bridge->open_store(arguments.store, capture_only);
  if (!store) return fail(store.error());
  bridge->store_ = std::move(*store);
  ptb::CurlTransportOptions transport_options;
  transport_options.max_connections = arguments.engine.pump.max_exchanges;
  auto transport = ptb::CurlTransport::create(transport_options);
  if (!transport) return fail(transport.error());
  bridge->transport_ = std::move(*transport);
  const auto find_wire = [opened = bridge.get()](std::string_view name) { return opened->find_wire(name); };
  const auto names = ptb::preset_names();
  auto engine =
      ptb::Engine::open({*bridge->store_,
                         *bridge->transport_,
                         bridge->host_,
                         bridge->random_,
                         bridge->host_,
                         ptb::read_descriptor,
                         find_wire,
                         read_policy,
                         {names.begin(), names.end()},
                         [opened = bridge.get()](const std::string& uri) { return opened->open_store(uri, false); }},
                        std::move(arguments.engine));
  if (!engine) return fail(engine.error());
  bridge->engine_ = std::move(*engine);
  if ((arguments.flags & PTB_ALLOW_BRIDGE_CALLBACKS) != 0 && !capture_only) bridge->start_thread();
  return bridge;
}

Result<std::unique_ptr<ptb::Store>> ptb_bridge::open_store(const std::string& uri, bool capture_only) {
  if (!ptb::is_postgres_uri(uri) && !uri.starts_with(ptb::kSqliteScheme))
    return fail(Status::argument, "that is no store: write sqlite:PATH or postgresql://USER@HOST/DATABASE");
  std::vector<std::string> warnings;
  auto store = ptb::is_postgres_uri(uri)
                   ? ptb::open_postgres_store({uri, !capture_only}, warnings)
                   : ptb::open_sqlite_store({uri.substr(ptb::kSqliteScheme.size()), !capture_only}, random_);
  if (!store) return fail(store.error());
  for (const std::string& warning : warnings) host_.log(ptb::LogLevel::warning, warning);
  return std::unique_ptr<ptb::Store>(std::move(*store));
}

const ptb::Wire* ptb_bridge::find_wire(std::string_view name) const {
  if (name == "proxy-tool") return &proxy_tool_;
  if (name == "standard-webhooks") return &standard_webhooks_;
  if (name == "lti-notice") return &lti_notice_;
  return nullptr;
}

ptb_bridge::~ptb_bridge() {
  stop_thread_ = true;
  if (transport_ != nullptr) transport_->wake();
  if (thread_.joinable()) thread_.join();
}

void ptb_bridge::start_thread() {
  const ptb::BlockSignals blocked;
  thread_ = std::thread([this] { run_thread(); });
  pthread_setname_np(thread_.native_handle(), "ptbridge");
  has_thread_ = true;
}

void ptb_bridge::run_thread() {
  while (!stop_thread_) {
    try {
      engine_->run_until([this] { return stop_thread_.load(); });
    } catch (...) {
      // Literals: there may be no memory.
      host_.log(ptb::LogLevel::error, "the bridge's thread met a fault of the plugin, or of a callback, and goes on");
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_thread_.load(); });
    }
  }
  std::uint32_t timeout_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    timeout_ms = close_timeout_ms_;
  }
  try {
    engine_->wind_down(timeout_ms);
  } catch (...) {
    host_.log(ptb::LogLevel::error, "ending the bridge's exchanges met a fault of the plugin or of a callback");
  }
  const std::lock_guard lock(mutex_);
  thread_ended_ = true;
  changed_.notify_all();
}

Result<void> ptb_bridge::enter() {
  if (getpid() != pid_)
    return fail(Status::state, "this process was forked from the one that opened the bridge: open one of its own here");
  if (ptb::inside_callback())
    return fail(Status::state, "the bridge was called from inside one of its callbacks: call it afterwards");
  const std::lock_guard lock(mutex_);
  if (closing_) return fail(Status::state, "the bridge is closing");
  ++calls_;
  return {};
}

void ptb_bridge::leave() {
  const std::lock_guard lock(mutex_);
  --calls_;
  if (closing_) changed_.notify_all();
}

Result<void> ptb_bridge::close(std::uint32_t timeout_ms) {
  if (getpid() != pid_)
    return fail(Status::state, "this process was forked from the one that opened the bridge: close it there");
  if (ptb::inside_callback()) return fail(Status::state, "close was called from inside a callback: call it afterwards");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    close_timeout_ms_ = timeout_ms;
    stop_thread_ = true;
    engine_->interrupt();
    changed_.notify_all();
    if (!changed_.wait_until(lock, deadline, [this] { return calls_ == 0; }))
      return fail(Status::timeout,
                  "another thread is still inside a call of this bridge: let it return, then close again");
    const auto thread_deadline = deadline + kThreadGrace;
    if (!changed_.wait_until(lock, thread_deadline, [this] { return !has_thread_ || thread_ended_; }))
      return fail(Status::timeout, "the bridge's thread has not returned from a callback yet: close again");
  }
  if (thread_.joinable()) thread_.join();
  if (!has_thread_) {
    const ptb::KeepSigpipeAway away;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    engine_->wind_down(static_cast<std::uint32_t>(std::max<std::int64_t>(left.count(), 0)));
  }
  return {};
}
