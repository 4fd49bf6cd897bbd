// How a connection answers; see web_connection.h.
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>

#include "http/web_connection.h"

namespace host {

namespace {

namespace asio = boost::asio;

constexpr std::size_t kEndlessPieceBytes = 64 * 1024;
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::uint64_t kMostReadAway = 8 * 1024 * 1024;
constexpr std::size_t kMostFromListener = 4096;
constexpr std::string_view kPlain = "text/plain; charset=utf-8";

}  // namespace

void WebConnection::turn_away() {
  become(Kind::turned_away);
  ++core_.refused;
  head_read_at_ = Clock::now();
  is_waiting_ = false;
  is_body_unread_ = true;
  if (stream_.has_tls()) return close();  // a handshake is what costs
  problem_ = "too many connections";
  act(Answer(Page{503, std::string(kPlain), "too many connections: try again\n", {{"Retry-After", "1"}}}));
}

void WebConnection::become(Kind kind) {
  if (kind_ == Kind::plain) --core_.plain;
  if (kind == Kind::stream) ++core_.streams;
  if (kind == Kind::turned_away) ++core_.refusals;
  kind_ = kind;
}

void WebConnection::act(Answer answer) {
  answer_ = std::move(answer);
  written_bytes_ = 0;
  if (!answer_.end.empty()) return core_.fail(std::move(answer_.end));
  if (answer_.delay <= std::chrono::milliseconds(0)) return perform();
  timer_.expires_after(answer_.delay);
  timer_.async_wait([self = shared_from_this()](ErrorCode code) {
    if (!code) self->perform();
  });
}

void WebConnection::perform() {
  step_began_at_ = Clock::now();
  if (core_.is_stopping) keep_alive_ = false;
  switch (answer_.act) {
    case Answer::Act::page: return write_page();
    case Answer::Act::events: return begin_stream();
    case Answer::Act::close: logged_as(0); return close();
    case Answer::Act::reset: logged_as(0); return reset();
    case Answer::Act::endless: return write_endless();
  }
}

void WebConnection::write_page() {
  if (answer_.exit_status) keep_alive_ = false;
  const bool is_old = parser_ && parser_->get().version() == 10;
  const auto after = !keep_alive_ ? AfterAnswer::close
                     : is_old     ? AfterAnswer::keep_alive_of_http_1_0
                                  : AfterAnswer::keep_alive;
  const bool has_body = !request_.head_only && answer_.page.status != 204 && answer_.page.status != 304;
  out_ = head_of(answer_.page, answer_.page.body.size(), after, std::chrono::system_clock::now());
  rest_ = {out_, has_body ? std::string_view(answer_.page.body) : std::string_view()};
  write_out();
}

void WebConnection::write_endless() {
  if (written_bytes_ == 0) {
    keep_alive_ = false;
    out_ = head_of(answer_.page, std::nullopt, AfterAnswer::close, std::chrono::system_clock::now());
    out_ += answer_.page.body;
    out_.resize(std::max(out_.size(), kEndlessPieceBytes), 'x');
  } else {
    out_.assign(kEndlessPieceBytes, 'x');
  }
  rest_ = {out_, {}};
  write_out();
}

/// A peer that takes nothing for `write_time`, or too little over all, is cut.
void WebConnection::write_out() {
  const auto time = core_.options.write_time;
  stream_.tcp().expires_at(std::min(Clock::now() + time, deadline(time, written_bytes_)));
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(rest_[0]), asio::buffer(rest_[1])};
  stream_.async_write_some(buffers, [self = shared_from_this()](ErrorCode code, std::size_t size) {
    self->written_bytes_ += size;
    auto& rest = self->rest_;
    const auto of_first = std::min(size, rest[0].size());
    rest[0].remove_prefix(of_first);
    rest[1].remove_prefix(std::min(size - of_first, rest[1].size()));
    if (code) {
      if (self->problem_.empty()) self->problem_ = code.message();
      self->logged_as(self->answer_.page.status);
      return self->close();
    }
    if (!rest[0].empty() || !rest[1].empty()) return self->write_out();
    if (self->answer_.act == Answer::Act::endless) return self->write_endless();
    self->written();
  });
}

void WebConnection::written() {
  logged_as(answer_.page.status);
  if (answer_.exit_status) {
    ErrorCode ignored;
    stream_.tcp().socket().shutdown(Socket::shutdown_send, ignored);
    ::_exit(*answer_.exit_status);
  }
  if (keep_alive_) return wait_for_request();
  close_gently();
}

void WebConnection::begin_stream() {
  auto page = std::move(answer_.page);
  if (core_.streams >= core_.options.max_streams) {
    ++core_.refused;
    answer_.events->detach();
    answer_ = Answer(Page{503, std::string(kPlain), "too many event streams: try again\n", {{"Retry-After", "5"}}});
    return write_page();
  }
  page.status = 200;
  page.content_type = "text/event-stream; charset=utf-8";
  page.headers.emplace_back("Cache-Control", "no-store");
  keep_alive_ = false;
  answer_.page = std::move(page);
  out_ = head_of(answer_.page, std::nullopt, AfterAnswer::close, std::chrono::system_clock::now());
  rest_ = {out_, {}};
  if (request_.head_only) {
    answer_.events->detach();
    answer_.act = Answer::Act::page;
    return write_out();
  }
  become(Kind::stream);
  out_ += ": connected\n\n";
  answer_.events->attach([weak = weak_from_this(), &io = core_.io] {
    asio::post(io, [weak] {
      if (const auto self = weak.lock()) self->write_events();
    });
  });
  stream_.tcp().expires_never();
  watch_for_end_of_stream();
  write_events();
}

/// That a client went is seen by reading; it has nothing more to say.
void WebConnection::watch_for_end_of_stream() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kMostFromListener),
                          [self = shared_from_this()](ErrorCode code, std::size_t size) {
                            self->read_away_bytes_ += size;
                            if (!code && self->read_away_bytes_ < kMostFromListener)
                              return self->watch_for_end_of_stream();
                            self->end_stream();
                            self->close();
                          });
}

void WebConnection::write_events() {
  if (!answer_.events) return;
  if (answer_.events->is_dropped()) {
    problem_ = "did not read its events";
    end_stream();
    return close();
  }
  if (is_writing_events_) return;
  auto portion = answer_.events->take();
  out_ += portion.text;
  if (out_.empty()) {
    if (!portion.is_last) return wait_for_silence();
    end_stream();
    return close();  // nothing of the client is unread, so nothing of ours is lost
  }
  is_writing_events_ = true;
  expire_after(core_.options.write_time);
  asio::async_write(stream_, asio::buffer(out_), [self = shared_from_this()](ErrorCode code, std::size_t size) {
    self->is_writing_events_ = false;
    self->written_bytes_ += size;
    self->out_.clear();
    if (!code) return self->write_events();
    self->end_stream();
    self->close();
  });
}

void WebConnection::wait_for_silence() {
  timer_.expires_after(core_.options.comment_time);
  timer_.async_wait([self = shared_from_this()](ErrorCode code) {
    if (code || self->is_writing_events_) return;
    self->out_ = ":\n\n";
    self->write_events();
  });
}

void WebConnection::end_stream() {
  if (!answer_.events) return;
  answer_.events->detach();
  answer_.events.reset();
  timer_.cancel();
  logged_as(answer_.page.status);
}

void WebConnection::logged_as(std::uint32_t status) {
  if (!core_.log_writer) return;
  AccessLine line;
  line.peer = peer_;
  line.method = method_;
  line.target = request_.target;
  line.status = status;
  line.bytes = written_bytes_;
  line.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - head_read_at_);
  line.problem = problem_;
  core_.log(std::move(line));
}

void WebConnection::close() {
  ErrorCode ignored;
  timer_.cancel();
  stream_.tcp().socket().close(ignored);
}

void WebConnection::reset() {
  ErrorCode ignored;
  stream_.tcp().socket().set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

/// Closing with unread bytes would reset the connection and could take the answer away from the peer.
void WebConnection::close_gently() {
  is_waiting_ = false;
  expire_after(kLingerTime);
  if (stream_.has_tls() && !is_body_unread_)
    return stream_.async_shutdown([self = shared_from_this()](ErrorCode) { self->close(); });
  ErrorCode ignored;
  if (!stream_.has_tls()) stream_.tcp().socket().shutdown(Socket::shutdown_send, ignored);
  read_away();
}

void WebConnection::read_away() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kEndlessPieceBytes),
                          [self = shared_from_this()](ErrorCode code, std::size_t size) {
                            self->read_away_bytes_ += size;
                            if (!code && self->read_away_bytes_ < kMostReadAway) return self->read_away();
                            self->close();
                          });
}

}  // namespace host
