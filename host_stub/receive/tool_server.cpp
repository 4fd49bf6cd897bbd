#include "receive/tool_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace host {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;
constexpr std::chrono::minutes kIdleTimeout{10};
constexpr std::chrono::seconds kLingerTimeout{2};
constexpr std::size_t kHugePieceBytes = 64 * 1024;
constexpr int kDeathStatus = 42;
constexpr std::string_view kSuccess = "<result>SUCCESS<result>";
constexpr std::string_view kError = "<result>ERROR<result>";
constexpr std::string_view kGarbage = "\x01\x02 <resu lt>]]> SUCCESS? {\"result\": 7\xff\xfe";

/// What all connections share.
struct Server {
  Server(const Desk& the_desk, std::uint64_t the_limit) : desk(the_desk), max_body_bytes(the_limit) {}

  asio::io_context io{1};
  const Desk& desk;
  const std::uint64_t max_body_bytes;
  std::string end;  // why it ended, where no signal did it

  void stop(std::string why) {
    end = std::move(why);
    io.stop();
  }
};

Request to_request(const http::request<http::string_body>& message) {
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.body = message.body();
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    auto& value = request.headers[name];
    if (!value.empty()) value += ", ";
    value += std::string(field.value());
  }
  return request;
}

std::uint32_t status_of(error_code code) {
  if (code == http::error::body_limit) return 413;
  if (code == http::error::header_limit) return 431;
  return 400;
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)), timer_(stream_.get_executor()) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(server_.max_body_bytes);
    stream_.expires_after(kIdleTimeout);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code code, std::size_t) {
      if (code) return self->read_failed(code);
      self->read_body();
    });
  }

 private:
  void read_body() {
    const bool expected = beast::iequals(parser_->get()[http::field::expect], "100-continue");
    auto go_on = [self = shared_from_this()](error_code code, std::size_t) {
      if (code) return;
      http::async_read(self->stream_, self->buffer_, *self->parser_, [self](error_code failed, std::size_t) {
        if (failed) return self->read_failed(failed);
        self->keep_alive_ = self->parser_->get().keep_alive();
        self->act(self->server_.desk(to_request(self->parser_->get())));
      });
    };
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (expected && !parser_->is_done())
      asio::async_write(stream_, asio::buffer(kContinue), go_on);
    else
      go_on({}, 0);
  }

  /// A peer that went away between two requests, or in the middle of one, has asked for nothing.
  void read_failed(error_code code) {
    if (code.category() != make_error_code(http::error::bad_method).category() || code == http::error::end_of_stream ||
        code == http::error::partial_message)
      return;
    auto request = to_request(parser_->get());
    request.http_status = status_of(code);
    request.http_problem = fmt::format("HTTP request cannot be read: {}", code.message());
    keep_alive_ = false;
    act(server_.desk(request));
  }

  void act(Reply reply) {
    if (!reply.end.empty()) return server_.stop(std::move(reply.end));
    if (reply.page) return answer(reply.page->status, std::move(reply.page->body), reply.page->content_type);
    const auto& step = reply.step;
    switch (step.act) {
      case Act::ok: return answer(200, std::string(kSuccess));
      case Act::error: return answer(200, std::string(kError));
      case Act::garbage: return answer(200, std::string(kGarbage));
      case Act::status: return answer(step.number, "");
      case Act::drop: return close();
      case Act::reset: return reset();
      case Act::slow: return answer_later(std::chrono::milliseconds(step.number));
      case Act::huge: return answer_without_end();
      case Act::die_before: ::_exit(kDeathStatus);
      case Act::die_after: dies_ = true; return answer(200, std::string(kSuccess));
    }
  }

  void answer(std::uint32_t status, std::string body, std::string_view type = "text/plain; charset=utf-8") {
    response_ = {};
    response_.version(11);
    response_.result(status);
    response_.set(http::field::content_type, beast::string_view(type.data(), type.size()));
    response_.keep_alive(keep_alive_ && !dies_);
    response_.body() = std::move(body);
    response_.prepare_payload();
    stream_.expires_after(kIdleTimeout);
    http::async_write(stream_, response_, [self = shared_from_this()](error_code code, std::size_t) {
      if (self->dies_) {
        self->end_of_answers();
        ::_exit(kDeathStatus);
      }
      if (code) return;
      if (self->keep_alive_) return self->read_head();
      self->end_of_answers();
      self->stream_.expires_after(kLingerTimeout);
      self->read_away();
    });
  }

  void answer_later(std::chrono::milliseconds delay) {
    timer_.expires_after(delay);
    timer_.async_wait([self = shared_from_this()](error_code code) {
      if (!code) self->answer(200, std::string(kSuccess));
    });
  }

  void answer_without_end() {
    huge_ = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n<result>";
    huge_.resize(kHugePieceBytes, 'x');
    write_huge_piece();
  }
  void write_huge_piece() {
    stream_.expires_after(kIdleTimeout);
    asio::async_write(stream_, asio::buffer(huge_), [self = shared_from_this()](error_code code, std::size_t) {
      if (code) return;
      self->huge_.assign(kHugePieceBytes, 'x');
      self->write_huge_piece();
    });
  }

  void close() {
    error_code ignored;
    stream_.socket().close(ignored);
  }

  void reset() {
    error_code ignored;
    stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
    stream_.socket().close(ignored);
  }

  void end_of_answers() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  /// Closing with unread bytes would reset the connection and could take the answer away from the peer.
  void read_away() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kHugePieceBytes),
                            [self = shared_from_this()](error_code code, std::size_t) {
                              if (!code) self->read_away();
                            });
  }

  Server& server_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::string huge_;
  bool keep_alive_ = false;
  bool dies_ = false;
};

void accept_next(Server& server, tcp::acceptor& acceptor, asio::steady_timer& pause) {
  acceptor.async_accept([&](error_code code, tcp::socket socket) {
    if (!code) {
      std::make_shared<Connection>(server, std::move(socket))->read_head();
      return accept_next(server, acceptor, pause);
    }
    // Out of descriptors: others have to end first.
    pause.expires_after(std::chrono::milliseconds(50));
    pause.async_wait([&](error_code failed) {
      if (!failed) accept_next(server, acceptor, pause);
    });
  });
}

tl::expected<void, std::string> listen(tcp::acceptor& acceptor, std::uint16_t port) {
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  error_code code;
  acceptor.open(endpoint.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (!code) return {};
  if (code == asio::error::address_in_use)
    return tl::make_unexpected(
        fmt::format("port {} of 127.0.0.1 is in use: end what uses it or choose another --port (0: a free one)", port));
  return tl::make_unexpected(
      fmt::format("cannot listen on 127.0.0.1:{}: {}: choose another --port", port, code.message()));
}

}  // namespace

tl::expected<void, std::string> serve(std::uint16_t port, const Desk& desk,
                                      const std::function<tl::expected<void, std::string>(std::uint16_t)>& ready,
                                      std::uint64_t max_body_bytes) {
  Server server(desk, max_body_bytes);
  tcp::acceptor acceptor(server.io);
  asio::steady_timer pause(server.io);
  if (auto listening = listen(acceptor, port); !listening) return listening;
  asio::signal_set signals(server.io, SIGINT, SIGTERM);
  signals.async_wait([&](error_code code, int) {
    if (!code) server.stop({});
  });
  accept_next(server, acceptor, pause);
  if (auto told = ready(acceptor.local_endpoint().port()); !told) return told;
  server.io.run();
  if (!server.end.empty()) return tl::make_unexpected(server.end);
  return {};
}

}  // namespace host
