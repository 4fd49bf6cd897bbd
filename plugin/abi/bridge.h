// One open bridge: the only code that names concrete classes, and the bridge's own thread where the host allows one.
#pragma once

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "abi/argument_reading.h"
#include "abi/host_face.h"
#include "abi/system_random.h"
#include "store/postgres_store.h"
#include "store/sqlite_store.h"
#include "transport/curl_transport.h"
#include "wire/lti_notice.h"
#include "wire/proxy_tool.h"
#include "wire/standard_webhooks.h"

/// What the host holds a pointer to.
struct ptb_bridge {
 public:
  static ptb::Result<std::unique_ptr<ptb_bridge>> open(ptb::OpenArguments arguments);
  ~ptb_bridge();
  ptb_bridge(const ptb_bridge&) = delete;
  ptb_bridge& operator=(const ptb_bridge&) = delete;

  /// A call of the host begins. Errors: Status::state inside a callback, in a forked child, while closing.
  ptb::Result<void> enter();
  void leave();

  /// Ends threads and exchanges. Errors: Status::timeout: still open, and refusing new calls; call again.
  ptb::Result<void> close(std::uint32_t timeout_ms);

  [[nodiscard]] ptb::Engine& engine() { return *engine_; }
  /// False where the bridge has a thread of its own for that.
  [[nodiscard]] bool host_pumps() const { return !has_thread_; }

 private:
  explicit ptb_bridge(const ptb_host& host) : host_(host) {}
  ptb::Result<std::unique_ptr<ptb::Store>> open_store(const std::string& uri, bool capture_only);
  [[nodiscard]] const ptb::Wire* find_wire(std::string_view name) const;
  void start_thread();
  void run_thread();

  const pid_t pid_ = getpid();
  ptb::HostFace host_;
  ptb::SystemRandom random_;
  ptb::ProxyToolWire proxy_tool_;
  ptb::StandardWebhooksWire standard_webhooks_;
  ptb::LtiNoticeWire lti_notice_;
  std::unique_ptr<ptb::Store> store_;
  std::unique_ptr<ptb::CurlTransport> transport_;
  std::unique_ptr<ptb::Engine> engine_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t calls_ = 0;
  bool closing_ = false;
  std::uint32_t close_timeout_ms_ = 0;

  bool has_thread_ = false;
  bool thread_ended_ = false;
  std::atomic<bool> stop_thread_ = false;
  std::thread thread_;
};
