#include "http/web_server.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "http/upload_file.h"
#include "http/web_connection.h"
#include "http/web_tls.h"

namespace host {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMaxLogLines = 20'000;
constexpr std::size_t kMaxTurnedAway = 64;
constexpr std::chrono::milliseconds kAcceptPause{50};

tl::expected<void, std::string> listen(tcp::acceptor& acceptor, const WebOptions& options) {
  error_code code;
  const auto address = asio::ip::make_address(options.address, code);
  if (code) return tl::make_unexpected(fmt::format("'{}' is no address: use one such as 127.0.0.1", options.address));
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (!code) return {};
  if (code == asio::error::address_in_use)
    return tl::make_unexpected(
        fmt::format("port {} of {} is in use: end what uses it or choose another --port (0: a free one)", options.port,
                    options.address));
  return tl::make_unexpected(
      fmt::format("cannot listen on {}:{}: {}: choose another --port", options.address, options.port, code.message()));
}

}  // namespace

struct WebServer::Parts {
  Parts(WebOptions options, WebHandlers handlers) : core(std::move(options), std::move(handlers)) {}

  void accept_next() {
    acceptor.async_accept([this](error_code code, tcp::socket socket) {
      if (core.is_stopping) return;
      if (!code) {
        admit(std::move(socket));
        return accept_next();
      }
      // Out of descriptors: others have to end first.
      pause.expires_after(kAcceptPause);
      pause.async_wait([this](error_code failed) {
        if (!failed) accept_next();
      });
    });
  }

  void admit(tcp::socket socket) {
    const bool is_full = core.plain >= core.options.max_connections;
    if (is_full && core.refusals >= kMaxTurnedAway) {
      ++core.refused;
      return;
    }
    const auto connection = std::make_shared<WebConnection>(core, std::move(socket));
    is_full ? connection->turn_away() : connection->start();
  }

  void wait_for_signal() {
    signals.async_wait([this](error_code code, int) {
      if (code) return;
      if (core.is_stopping) {
        if (core.handlers.stopping) core.handlers.stopping();
        return core.io.stop();
      }
      begin_stop();
      wait_for_signal();
    });
  }

  void begin_stop() {
    if (core.is_stopping.exchange(true)) return;
    if (core.handlers.stopping) core.handlers.stopping();
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    // Who goes at once is taken out of the set while it is read.
    std::vector<std::shared_ptr<WebConnection>> all;
    for (auto* connection : core.connections) all.push_back(connection->shared_from_this());
    for (const auto& connection : all) connection->stop();
    grace.expires_after(core.options.stop_time);
    grace.async_wait([this](error_code code) {
      if (!code) core.io.stop();
    });
    if (core.connections.empty()) core.io.stop();
  }

  WebCore core;
  tcp::acceptor acceptor{core.io};
  asio::steady_timer pause{core.io};
  asio::steady_timer grace{core.io};
  asio::signal_set signals{core.io};
  std::uint16_t port = 0;
};

WebServer::WebServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
WebServer::~WebServer() = default;

tl::expected<std::unique_ptr<WebServer>, std::string> WebServer::open(WebOptions options, WebHandlers handlers) {
  auto parts = std::make_unique<Parts>(std::move(options), std::move(handlers));
  auto& core = parts->core;
  if (!core.options.tls_cert.empty() || !core.options.tls_key.empty()) {
    auto tls = server_tls(core.options.tls_cert, core.options.tls_key);
    if (!tls) return tl::make_unexpected(std::move(tls.error()));
    core.tls.emplace(std::move(*tls));
  }
  if (auto listening = listen(parts->acceptor, core.options); !listening)
    return tl::make_unexpected(std::move(listening.error()));
  parts->port = parts->acceptor.local_endpoint().port();
  if (!core.options.upload_directory.empty()) UploadFile::remove_leftovers(core.options.upload_directory);
  if (core.handlers.access) core.log_writer = std::make_unique<WorkerPool>(1, kMaxLogLines);
  if (core.options.ends_on_signals) {
    for (const int number : {SIGINT, SIGTERM}) parts->signals.add(number);
    parts->wait_for_signal();
  }
  parts->accept_next();
  return std::unique_ptr<WebServer>(new WebServer(std::move(parts)));
}

std::uint16_t WebServer::port() const { return parts_->port; }

tl::expected<void, std::string> WebServer::run() {
  auto& core = parts_->core;
  core.io.run();
  core.is_stopping = true;
  core.workers.forget_waiting();
  core.log_writer.reset();  // writes what waits
  if (!core.end.empty()) return tl::make_unexpected(core.end);
  return {};
}

void WebServer::stop() {
  asio::post(parts_->core.io, [parts = parts_.get()] { parts->begin_stop(); });
}

bool WebServer::is_stopping() const { return parts_->core.is_stopping; }

WebCounts WebServer::counts() const {
  const auto& core = parts_->core;
  return {core.plain, core.streams, core.requests, core.refused};
}

}  // namespace host
