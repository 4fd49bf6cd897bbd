// One connection of the server: reads request after request, has each handled, writes what came of it. Belongs to the
// thread in run(). Includes Beast: for the server's own files only.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/upload_file.h"
#include "http/web_core.h"
#include "http/web_head.h"
#include "http/web_stream.h"

namespace host {

class WebConnection : public std::enable_shared_from_this<WebConnection> {
 public:
  using Clock = std::chrono::steady_clock;
  using ErrorCode = boost::system::error_code;
  using Socket = boost::asio::ip::tcp::socket;

  WebConnection(WebCore& core, Socket socket);
  ~WebConnection();
  WebConnection(const WebConnection&) = delete;
  WebConnection& operator=(const WebConnection&) = delete;

  void start();
  /// There are too many: says so and goes.
  void turn_away();
  /// Goes as soon as what is under way has been answered.
  void stop();

 private:
  // Counted as, from first to last.
  enum class Kind { plain, turned_away, stream };

  // web_connection.cpp: reading
  void wait_for_request();
  void read_head();
  void judge_head();
  void describe_head();
  void begin_body();
  void read_body();
  void take_piece(std::string_view piece);
  void read_failed(ErrorCode code);
  void unreadable(std::uint32_t status, std::string problem);
  void handle();
  Answer ask(const std::function<Answer(const Request&)>& handler);
  void have_it_answered(const std::function<Answer(const Request&)>& handler, bool is_quick);

  // web_connection_answer.cpp: writing
  void act(Answer answer);
  void perform();
  void write_page();
  void write_endless();
  void write_out();
  void written();
  void begin_stream();
  void watch_for_end_of_stream();
  void write_events();
  void wait_for_silence();
  void end_stream();
  void logged_as(std::uint32_t status);
  void close();
  void reset();
  void close_gently();
  void read_away();
  void become(Kind kind);
  void expire_after(std::chrono::milliseconds time) { stream_.tcp().expires_after(time); }
  Clock::time_point deadline(std::chrono::milliseconds time, std::uint64_t bytes) const;

  WebCore& core_;
  WebStream stream_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::buffer_body>> parser_;
  std::string peer_;
  Kind kind_ = Kind::plain;
  bool is_waiting_ = true;  // for a request
  bool keep_alive_ = false;
  bool is_body_unread_ = false;

  Request request_;
  std::string method_;  // as sent
  RequestPlan plan_;
  std::unique_ptr<UploadFile> upload_;
  std::string piece_;  // where the parser puts the body
  std::uint64_t body_bytes_ = 0;
  Clock::time_point head_read_at_;
  Clock::time_point step_began_at_;  // reading the body, writing the answer

  Answer answer_;
  std::string problem_;  // for the access log
  std::string out_;      // what is being written: the head and a small body, or events
  std::array<std::string_view, 2> rest_;
  std::uint64_t written_bytes_ = 0;
  std::uint64_t read_away_bytes_ = 0;
  bool is_writing_events_ = false;
};

}  // namespace host
