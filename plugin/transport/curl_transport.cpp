#include "transport/curl_transport.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "transport/connection_end.h"
#include "transport/curl_exchange.h"
#include "transport/curl_process.h"
#include "transport/destination_guard.h"

namespace ptb {

namespace {

int local_port_of(curl_socket_t socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(name).sin_port);
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(name).sin6_port);
  return 0;
}

}  // namespace

class CurlTransport::Loop final : public CurlExchange::SocketWatcher {
 public:
  Loop(CURLM* multi, std::size_t max_exchanges)
      : multi_(multi), max_exchanges_(std::max<std::size_t>(max_exchanges, 1)) {
    // Room for idle connections of tools whose turn it is not just now.
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(2 * max_exchanges_));
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  }
  ~Loop() {
    abandon_all();
    const SignalsBlocked blocked;
    std::exchange(idle_, {}).clear();
    curl_multi_cleanup(multi_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start(std::uint64_t ticket, HttpRequest request);
  void flush() {
    if (!active_.empty()) move_on();
  }
  void poll(std::vector<ExchangeResult>& done, int timeout_ms);
  void abandon_all();
  void wake() {
    woken_.store(true);
    curl_multi_wakeup(multi_);
  }
  void watch(int descriptor) { watched_ = descriptor; }
  void opened(curl_socket_t socket) override { sockets_.push_back(socket); }
  void closing(curl_socket_t socket) override;
  [[nodiscard]] curl_socket_t socket_at(int local_port) const override;

 private:
  using ExchangePointer = std::unique_ptr<CurlExchange>;
  struct Waiting {
    std::uint64_t ticket;
    HttpRequest request;
  };

  void launch(std::uint64_t ticket, HttpRequest request);
  ExchangePointer take_exchange(const HttpRequest& request);
  ExchangePointer take_active(CURL* easy);
  void collect();
  void move_on();

  CURLM* multi_;
  std::size_t max_exchanges_;
  std::atomic<bool> woken_{false};
  int watched_ = -1;
  std::vector<curl_socket_t> sockets_;  ///< open ones
  std::vector<ExchangePointer> active_;
  std::vector<ExchangePointer> idle_;
  std::deque<Waiting> waiting_;
  std::vector<ExchangeResult> ready_;  ///< of exchanges that have ended, for the next poll
  bool moved_on_ = false;              ///< by flush, and nothing was started since
};

void CurlTransport::Loop::start(std::uint64_t ticket, HttpRequest request) {
  if (auto problem = url_problem(request.url, *request.destination); !problem.empty()) {
    ExchangeResult result;
    result.ticket = ticket;
    result.fault = ExchangeResult::Fault::forbidden;
    result.fault_text = std::move(problem);
    ready_.push_back(std::move(result));
  } else if (active_.size() >= max_exchanges_) {
    waiting_.push_back({ticket, std::move(request)});
  } else {
    launch(ticket, std::move(request));
  }
}

/// The idle place that needs the least setting up, else a new one, else the one unused for longest.
CurlTransport::Loop::ExchangePointer CurlTransport::Loop::take_exchange(const HttpRequest& request) {
  auto chosen = std::find_if(idle_.rbegin(), idle_.rend(), [&](const ExchangePointer& exchange) {
    return exchange->request().url == request.url && exchange->is_set_up_for(*request.destination);
  });
  if (chosen == idle_.rend())
    chosen = std::find_if(idle_.rbegin(), idle_.rend(), [&](const ExchangePointer& exchange) {
      return exchange->is_set_up_for(*request.destination);
    });
  const bool room_for_more = active_.size() + idle_.size() < max_exchanges_;
  if (chosen == idle_.rend() && (room_for_more || idle_.empty())) return CurlExchange::create(*this);
  const auto at = chosen == idle_.rend() ? idle_.begin() : std::prev(chosen.base());
  ExchangePointer exchange = std::move(*at);
  idle_.erase(at);
  return exchange;
}

void CurlTransport::Loop::launch(std::uint64_t ticket, HttpRequest request) {
  moved_on_ = false;
  ExchangePointer exchange = take_exchange(request);
  if (exchange == nullptr) {
    ExchangeResult result;
    result.ticket = ticket;
    result.fault_text = "out of memory for another exchange";
    ready_.push_back(std::move(result));
    return;
  }
  CURLcode problem = CURLE_OK;
  if (exchange->prepare(ticket, std::move(request), problem) &&
      curl_multi_add_handle(multi_, exchange->handle()) == CURLM_OK) {
    active_.push_back(std::move(exchange));
    return;
  }
  ready_.push_back(exchange->finish(problem == CURLE_OK ? CURLE_FAILED_INIT : problem));
}

CurlTransport::Loop::ExchangePointer CurlTransport::Loop::take_active(CURL* easy) {
  const auto at = std::find_if(active_.begin(), active_.end(),
                               [&](const ExchangePointer& exchange) { return exchange->handle() == easy; });
  std::swap(*at, active_.back());
  ExchangePointer exchange = std::move(active_.back());
  active_.pop_back();
  return exchange;
}

void CurlTransport::Loop::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    CURL* const easy = message->easy_handle;
    curl_multi_remove_handle(multi_, easy);  // may close a connection, and so ask who is active
    ExchangePointer exchange = take_active(easy);
    if (exchange->prepare_again_on_new_connection(code) && curl_multi_add_handle(multi_, easy) == CURLM_OK) {
      active_.push_back(std::move(exchange));
      continue;
    }
    ready_.push_back(exchange->finish(code));
    idle_.push_back(std::move(exchange));
  }
  while (!waiting_.empty() && active_.size() < max_exchanges_) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    launch(next.ticket, std::move(next.request));
  }
}

void CurlTransport::Loop::move_on() {
  const bool quiet =
      waiting_.empty() && std::all_of(active_.begin(), active_.end(),
                                      [](const ExchangePointer& exchange) { return exchange->raises_no_signal(); });
  std::optional<SignalsBlocked> blocked;
  if (!quiet) blocked.emplace();
  if (!active_.empty()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
  }
  moved_on_ = true;
  collect();
}

void CurlTransport::Loop::poll(std::vector<ExchangeResult>& done, int timeout_ms) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + milliseconds(std::max(timeout_ms, 0));
  for (;;) {
    if (!std::exchange(moved_on_, false)) move_on();
    if (woken_.exchange(false) || !ready_.empty()) break;
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) break;
    curl_waitfd also{watched_, CURL_WAIT_POLLIN, 0};
    if (curl_multi_poll(multi_, &also, watched_ >= 0 ? 1 : 0, static_cast<int>(left.count()), nullptr) != CURLM_OK)
      std::this_thread::sleep_for(std::min(left, milliseconds(10)));  // out of memory: must not become a busy loop
    if (also.revents != 0) break;
    moved_on_ = false;
  }
  std::move(ready_.begin(), ready_.end(), std::back_inserter(done));
  ready_.clear();
  moved_on_ = false;
}

void CurlTransport::Loop::abandon_all() {
  const SignalsBlocked blocked;
  waiting_.clear();
  ready_.clear();
  while (!active_.empty()) {
    curl_multi_remove_handle(multi_, active_.back()->handle());
    idle_.push_back(std::move(active_.back()));
    active_.pop_back();
  }
}

curl_socket_t CurlTransport::Loop::socket_at(int local_port) const {
  const auto at = std::find_if(sockets_.begin(), sockets_.end(),
                               [&](curl_socket_t socket) { return local_port_of(socket) == local_port; });
  return at == sockets_.end() ? CURL_SOCKET_BAD : *at;
}

void CurlTransport::Loop::closing(curl_socket_t socket) {
  std::erase(sockets_, socket);
  const int port = local_port_of(socket);
  if (port == 0) return;
  const ConnectionEnd end = examine_end(socket);
  for (auto& exchange : active_) exchange->note_closing(port, end);
  for (auto& exchange : idle_) exchange->note_closing(port, end);
}

CurlTransport::CurlTransport(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
CurlTransport::~CurlTransport() = default;

Result<std::unique_ptr<CurlTransport>> CurlTransport::create(const CurlTransportOptions& options) {
  if (auto prepared = prepare_curl(); !prepared) return fail(prepared.error());
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) return fail(Status::internal, "libcurl cannot make a multi handle: out of memory");
  close_wake_sockets_on_exec(multi);
  return std::unique_ptr<CurlTransport>(new CurlTransport(std::make_unique<Loop>(multi, options.max_connections)));
}

void CurlTransport::start(std::uint64_t ticket, HttpRequest request) { loop_->start(ticket, std::move(request)); }
void CurlTransport::flush() { loop_->flush(); }
void CurlTransport::poll(std::vector<ExchangeResult>& done, int timeout_ms) { loop_->poll(done, timeout_ms); }
void CurlTransport::watch(int descriptor) { loop_->watch(descriptor); }
void CurlTransport::wake() { loop_->wake(); }
void CurlTransport::abandon_all() { loop_->abandon_all(); }

}  // namespace ptb
