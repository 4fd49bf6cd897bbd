// Server-sent events on their way to a browser: any thread posts, one connection takes. Knows no sockets.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace host {

struct ServerEvent {
  std::string name;  ///< empty: "message"
  std::string data;  ///< may have several lines
  std::string id;    ///< comes back as Last-Event-ID; empty: none
};

/// As it is written: fields, then an empty line. A line end in name or id would begin another field, so it is cut
/// there.
std::string to_text(const ServerEvent& event);

/// What one client is told. A client that does not read is dropped; whoever posts never waits.
class EventStream {
 public:
  static constexpr std::size_t kMaxWaitingBytes = 256 * 1024;

  explicit EventStream(std::size_t max_waiting_bytes = kMaxWaitingBytes) : max_waiting_bytes_(max_waiting_bytes) {}

  /// False where nobody will read it: the client went, was dropped, or the stream has ended.
  bool post(const ServerEvent& event) { return post_text(to_text(event)); }
  bool post_text(std::string_view text);
  /// What was posted is still written, then the connection is closed.
  void end();
  [[nodiscard]] bool is_open() const;

  // For the server. `wake` is called on any thread, under a lock, when there is something to take.
  struct Portion {
    std::string text;
    bool is_last = false;
  };
  void attach(std::function<void()> wake);
  void detach();
  Portion take();
  [[nodiscard]] bool is_dropped() const;  ///< it did not read: close without writing on

 private:
  void wake();  // under mutex_

  mutable std::mutex mutex_;
  std::size_t max_waiting_bytes_;
  std::string waiting_;
  std::function<void()> wake_;
  bool is_woken_ = false;
  bool is_open_ = true;
  bool is_dropped_ = false;
};

/// Tells every client the same, and a client that comes back what it missed.
class EventChannel {
 public:
  explicit EventChannel(std::size_t kept_events = 256);

  /// A stream for a client that has seen `last_event_id` (empty: it is new). Where what it missed is not kept any more
  /// it gets one event "missed": it has to load its page again.
  std::shared_ptr<EventStream> join(std::string_view last_event_id);
  void post(std::string_view name, std::string_view data);
  /// Ends all streams; later ones end at once.
  void end();
  [[nodiscard]] std::size_t size();

 private:
  std::mutex mutex_;
  std::size_t kept_events_;
  std::string life_;  // so that numbers of an earlier process are not taken for ours
  std::uint64_t last_ = 0;
  std::deque<std::string> kept_;
  std::vector<std::shared_ptr<EventStream>> streams_;
  bool has_ended_ = false;
};

}  // namespace host
