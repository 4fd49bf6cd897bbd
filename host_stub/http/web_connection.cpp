// How a connection reads; see web_connection.h.
#include "http/web_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <limits>

namespace host {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kFirstReadBytes = 4096;

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string text_of(const asio::ip::tcp::socket& socket) {
  boost::system::error_code code;
  const auto endpoint = socket.remote_endpoint(code);
  return code ? std::string() : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

bool is_http_error(boost::system::error_code code) {
  return code.category() == make_error_code(http::error::bad_method).category();
}

}  // namespace

WebConnection::WebConnection(WebCore& core, Socket socket)
    : core_(core),
      stream_(std::move(socket), core.tls ? &*core.tls : nullptr),
      timer_(core.io),
      peer_(text_of(stream_.tcp().socket())) {
  ErrorCode ignored;
  stream_.tcp().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  core_.connections.insert(this);
  ++core_.plain;
}

WebConnection::~WebConnection() {
  if (answer_.events) answer_.events->detach();
  core_.connections.erase(this);
  if (kind_ == Kind::plain) --core_.plain;
  if (kind_ == Kind::stream) --core_.streams;
  if (kind_ == Kind::turned_away) --core_.refusals;
  core_.connection_ended();
}

void WebConnection::start() {
  expire_after(core_.options.header_time);
  if (!stream_.has_tls()) return read_head();
  stream_.async_handshake([self = shared_from_this()](ErrorCode code) {
    if (!code) self->read_head();
  });
}

void WebConnection::stop() {
  if (is_waiting_) return close();
  keep_alive_ = false;
  if (answer_.events) answer_.events->end();
}

void WebConnection::wait_for_request() {
  is_waiting_ = true;
  if (core_.is_stopping) return close_gently();
  request_ = {};
  answer_ = {};
  problem_.clear();
  if (buffer_.capacity() > kPieceBytes / 4) buffer_.shrink_to_fit();
  if (buffer_.size() > 0) {
    expire_after(core_.options.header_time);
    return read_head();
  }
  expire_after(core_.options.idle_time);
  stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                          [self = shared_from_this()](ErrorCode code, std::size_t size) {
                            if (code) return;
                            self->buffer_.commit(size);
                            self->expire_after(self->core_.options.header_time);
                            self->read_head();
                          });
}

void WebConnection::read_head() {
  parser_.emplace();
  parser_->header_limit(core_.options.max_header_bytes);
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());  // ours is known when the header is
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode code, std::size_t) {
    self->head_read_at_ = Clock::now();
    if (code) return self->read_failed(code);
    self->judge_head();
  });
}

void WebConnection::describe_head() {
  const auto& message = parser_->get();
  method_ = view_of(message.method_string());
  request_.method = method_ == "HEAD" ? "GET" : method_;
  request_.head_only = method_ == "HEAD";
  request_.target = view_of(message.target());
  request_.peer = peer_;
  for (const auto& field : message) {
    auto& value = request_.headers[lower(view_of(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += view_of(field.value());
  }
}

/// Refuses what is ambiguous: what another program before us may have read in another way.
void WebConnection::judge_head() {
  is_waiting_ = false;
  describe_head();
  const auto& message = parser_->get();
  const auto hosts = message.count(http::field::host);
  const auto expects = message[http::field::expect];
  keep_alive_ = message.keep_alive() && !core_.is_stopping;
  is_body_unread_ = !parser_->is_done();
  if (message.version() != 10 && message.version() != 11)
    return unreadable(505, "only HTTP/1.0 and HTTP/1.1 are spoken");
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) return unreadable(400, "the request needs one Host header");
  if (!request_.target.starts_with('/') && request_.target != "*")
    return unreadable(400, "the request's target is no path");
  if (message.count(http::field::transfer_encoding) > 0 && !parser_->chunked())
    return unreadable(501, "of the transfer encodings only chunked is known");
  if (!expects.empty() && !beast::iequals(expects, "100-continue"))
    return unreadable(417, "of the expectations only 100-continue is known");
  try {
    plan_ = core_.handlers.plan ? core_.handlers.plan(request_) : RequestPlan{};
  } catch (const std::exception& error) {
    return unreadable(500, error.what());
  }
  if (plan_.refusal) {
    if (is_body_unread_) keep_alive_ = false;
    return act(Answer(std::move(*plan_.refusal)));
  }
  if (const auto length = parser_->content_length(); length && *length > plan_.max_body_bytes)
    return unreadable(413, fmt::format("the body has {} bytes, {} are allowed", *length, plan_.max_body_bytes));
  begin_body();
}

void WebConnection::begin_body() {
  body_bytes_ = 0;
  step_began_at_ = Clock::now();
  if (plan_.to_file) {
    auto file = UploadFile::create(core_.options.upload_directory);
    if (!file) return unreadable(507, std::move(file.error()));
    upload_ = std::move(*file);
    request_.body_file = upload_->path();
  }
  const bool is_asked_to_go_on = !parser_->get()[http::field::expect].empty() && parser_->get().version() == 11;
  if (!is_asked_to_go_on || parser_->is_done() || buffer_.size() > 0) return read_body();
  expire_after(core_.options.write_time);
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](ErrorCode code, std::size_t) {
    if (!code) self->read_body();
  });
}

WebConnection::Clock::time_point WebConnection::deadline(std::chrono::milliseconds time, std::uint64_t bytes) const {
  const auto rate = std::max<std::uint64_t>(core_.options.min_bytes_per_second, 1);
  return step_began_at_ + time + std::chrono::milliseconds(bytes * 1000 / rate);
}

void WebConnection::read_body() {
  if (parser_->is_done()) {
    is_body_unread_ = false;
    piece_ = {};
    return handle();
  }
  if (piece_.empty())
    piece_.resize(std::min<std::size_t>(parser_->content_length().value_or(kPieceBytes), kPieceBytes));
  auto& body = parser_->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  stream_.tcp().expires_at(deadline(core_.options.body_time, body_bytes_));
  http::async_read_some(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode code, std::size_t) {
    if (code && code != http::error::need_buffer) return self->read_failed(code);
    const auto size = self->piece_.size() - self->parser_->get().body().size;
    self->take_piece(std::string_view(self->piece_).substr(0, size));
  });
}

void WebConnection::take_piece(std::string_view piece) {
  body_bytes_ += piece.size();
  if (body_bytes_ > plan_.max_body_bytes)
    return unreadable(413, fmt::format("the body has more than the {} bytes allowed", plan_.max_body_bytes));
  if (!upload_) {
    request_.body += piece;
  } else if (auto kept = upload_->append(piece); !kept) {
    return unreadable(507, std::move(kept.error()));
  }
  read_body();
}

/// A peer that went away, or is too slow, between two requests or in the middle of one has asked for nothing.
void WebConnection::read_failed(ErrorCode code) {
  if (!is_http_error(code) || code == http::error::end_of_stream || code == http::error::partial_message) return;
  is_waiting_ = false;
  is_body_unread_ = true;
  if (request_.headers.empty()) describe_head();
  unreadable(code == http::error::header_limit ? 431 : 400,
             fmt::format("HTTP request cannot be read: {}", code.message()));
}

void WebConnection::unreadable(std::uint32_t status, std::string problem) {
  keep_alive_ = false;
  upload_.reset();
  piece_ = {};
  request_.body.clear();
  request_.body_file.clear();
  request_.http_status = status;
  request_.http_problem = problem;
  problem_ = std::move(problem);
  if (core_.handlers.unreadable) return have_it_answered(core_.handlers.unreadable, false);
  act(Answer(Page{status, "text/plain; charset=utf-8", problem_ + "\n"}));
}

void WebConnection::handle() {
  ++core_.requests;
  have_it_answered(core_.handlers.answer, plan_.is_quick);
}

Answer WebConnection::ask(const std::function<Answer(const Request&)>& handler) {
  try {
    return handler(request_);
  } catch (const std::exception& error) {
    problem_ = error.what();
  } catch (...) {
    problem_ = "a handler threw something that is no exception";
  }
  return Answer(Page{500, "text/plain; charset=utf-8", "something went wrong here; the server's log says what\n"});
}

void WebConnection::have_it_answered(const std::function<Answer(const Request&)>& handler, bool is_quick) {
  if (is_quick || core_.options.threads == 0) {
    auto answer = ask(handler);
    upload_.reset();
    return act(std::move(answer));
  }
  // The connection ends on the thread in run() only, so the job keeps nothing of it when it is done.
  const bool taken = core_.workers.post([self = shared_from_this(), &handler]() mutable {
    auto answer = self->ask(handler);
    self->upload_.reset();
    auto& io = self->core_.io;
    asio::post(
        io, [connection = std::move(self), given = std::move(answer)]() mutable { connection->act(std::move(given)); });
  });
  if (taken) return;
  upload_.reset();
  ++core_.refused;
  act(Answer(Page{503, "text/plain; charset=utf-8", "too many requests at once: try again\n", {{"Retry-After", "1"}}}));
}

}  // namespace host
