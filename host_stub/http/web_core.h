// What the connections of one server share. Everything but the pools and the numbers belongs to the thread in run().
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "http/web_server.h"
#include "http/worker_pool.h"

namespace host {

class WebConnection;

struct WebCore {
  WebCore(WebOptions the_options, WebHandlers the_handlers)
      : options(std::move(the_options)),
        handlers(std::move(the_handlers)),
        workers(options.threads, options.max_waiting) {}

  const WebOptions options;
  const WebHandlers handlers;
  std::unordered_set<WebConnection*> connections;
  std::size_t refusals = 0;  // connections that are only told 503
  std::string end;           // why it ended, where nobody asked for it
  std::atomic<bool> is_stopping = false;
  std::atomic<std::size_t> plain = 0;
  std::atomic<std::size_t> streams = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::optional<boost::asio::ssl::context> tls;
  boost::asio::io_context io{1};
  WorkerPool workers;
  std::unique_ptr<WorkerPool> log_writer;  // none: nobody reads the access log
  std::uint64_t lost_lines = 0;

  /// Ends run() at once.
  void fail(std::string why) {
    end = std::move(why);
    io.stop();
  }
  void log(AccessLine line) {
    if (!log_writer) return;
    line.lost = lost_lines;
    const bool taken = log_writer->post([this, one = std::move(line)] { handlers.access(one); });
    lost_lines = taken ? 0 : lost_lines + 1;
  }
  /// When the last connection has gone nothing is under way.
  void connection_ended() {
    if (is_stopping && connections.empty()) io.stop();
  }
};

}  // namespace host
