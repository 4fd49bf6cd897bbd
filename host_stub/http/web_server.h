// The HTTP server of ptb-host, for all that it serves: pages, event streams, uploads, and answers that are wrong on
// purpose. One thread reads and writes, a few work; hostile and slow clients cost bounded memory and time. Knows
// nothing of what is served.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "http/event_stream.h"
#include "http/message.h"

namespace host {

struct WebOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  std::string tls_cert;    ///< PEM file with the chain, with tls_key; empty: no TLS
  std::string tls_key;
  std::string upload_directory;  ///< where bodies go that are kept as files; what a killed process left is removed
  bool ends_on_signals = false;  ///< SIGINT and SIGTERM stop it; a second one at once

  /// Handlers at once. 1: they need no locks among themselves. 0: likewise, on the thread that reads and writes, which
  /// is quickest; then they must never wait.
  std::size_t threads = 8;
  std::size_t max_waiting = 256;               ///< requests that wait for a thread; beyond: 503
  std::size_t max_connections = 512;           ///< without event streams; beyond: 503
  std::size_t max_streams = 128;               ///< beyond: 503
  std::uint32_t max_header_bytes = 16 * 1024;  ///< beyond: 431

  std::chrono::milliseconds header_time{10'000};  ///< for the whole header, a TLS handshake before it as well
  std::chrono::milliseconds idle_time{60'000};    ///< between two requests
  std::chrono::milliseconds body_time{10'000};    ///< for a body, and one second more for each min_bytes_per_second
  std::chrono::milliseconds write_time{30'000};   ///< for an answer likewise; also the longest that none of it is taken
  std::uint64_t min_bytes_per_second = 16 * 1024;  ///< slower clients are cut
  std::chrono::milliseconds comment_time{15'000};  ///< an event stream that is silent so long gets a comment
  std::chrono::milliseconds stop_time{10'000};     ///< for what is under way when it is stopped
};

/// What is done with a request.
struct Answer {
  enum class Act {
    page,
    events,   ///< `events`, with the headers of `page`
    close,    ///< the connection, without an answer
    reset,    ///< likewise, with RST
    endless,  ///< `page` with a body that never ends
  };
  Answer() = default;
  Answer(Page the_page) : page(std::move(the_page)) {}  // NOLINT(google-explicit-constructor)
  Answer(std::shared_ptr<EventStream> stream) : act(Act::events), events(std::move(stream)) {}  // NOLINT
  explicit Answer(Act the_act) : act(the_act) {}

  Act act = Act::page;
  Page page;
  std::shared_ptr<EventStream> events;
  std::chrono::milliseconds delay{0};  ///< before anything of it happens; holds no thread
  std::optional<int> exit_status;      ///< the process ends when it has been written
  std::string end;                     ///< not empty: no answer, and run() ends with this error
};

/// How a request is to be read. Asked when its header is there.
struct RequestPlan {
  std::uint64_t max_body_bytes = 1'048'576;  ///< beyond: 413, where possible before anything of it is read
  bool to_file = false;                      ///< Request::body_file instead of Request::body
  bool is_quick = false;                     ///< answered on the thread that reads and writes: must never wait
  std::optional<Page> refusal = {};          ///< answered at once, without the body
};

/// One request, after its answer.
struct AccessLine {
  std::string peer;
  std::string method;
  std::string target;
  std::uint32_t status = 0;               ///< 0: no answer
  std::uint64_t bytes = 0;                ///< of the answer, with its header
  std::chrono::microseconds duration{0};  ///< from the end of the header to the end of the answer
  std::string problem;                    ///< what a handler threw, or why the request could not be read
  std::uint64_t lost = 0;                 ///< lines before this one that were not written, because too many waited
};

struct WebHandlers {
  /// On one of the threads, several at once. May wait. What it throws is answered 500.
  std::function<Answer(const Request&)> answer;
  /// None: every request by the default plan. Must not wait; gets the request without its body.
  std::function<RequestPlan(const Request&)> plan;
  /// On one of the threads: a request with http_problem and http_status. None: a line of text with that status.
  std::function<Answer(const Request&)> unreadable;
  /// On a thread of its own, one at a time.
  std::function<void(const AccessLine&)> access;
  /// Each time it is told to stop: by then a handler that waits long should come to its end. Must not wait.
  std::function<void()> stopping = {};
};

struct WebCounts {
  std::size_t connections = 0;
  std::size_t streams = 0;
  std::uint64_t requests = 0;  ///< that were read whole
  std::uint64_t refused = 0;   ///< connections, streams and requests beyond a limit
};

class WebServer {
 public:
  /// Listens; clients can connect, and signals are waited for, from then on. The error is one line.
  static tl::expected<std::unique_ptr<WebServer>, std::string> open(WebOptions options, WebHandlers handlers);
  /// Waits for handlers that are still at work.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Serves on this thread until it is stopped: then what is under way gets `stop_time`, requests that no thread has
  /// begun by its end are forgotten, event streams end. The error is that of an Answer::end.
  tl::expected<void, std::string> run();
  /// From any thread, any number of times, also before run().
  void stop();
  [[nodiscard]] bool is_stopping() const;
  [[nodiscard]] WebCounts counts() const;

 private:
  struct Parts;
  explicit WebServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace host
