// HTTP exchanges of ptb-host itself, with libcurl: for key sets, for the notice that greets a new handler, and for the
// questions that the vendor check asks a tool. Events that happened go through the bridge and never through here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace host {

struct HttpCall {
  std::string url;
  std::string content_type;  ///< empty: GET
  std::string body;
  bool allow_http = false;     ///< plain http
  bool allow_private = false;  ///< loopback and private addresses
  std::string allow_cidrs;     ///< address ranges that are allowed though private, between spaces
  std::string ca_file;         ///< PEM; empty: the system's
  std::string client_cert_file;
  std::string client_key_file;
  std::uint32_t timeout_ms = 10'000;      ///< in all
  std::vector<std::string> headers = {};  ///< besides Content-Type: "Name: value"
  bool old_tls_only = false;              ///< offer TLS 1.0 and 1.1 and nothing newer
  std::function<void()> half_way = {};    ///< called when half of the body has been handed to the connection
};

struct HttpAnswer {
  long status = 0;
  std::string body;            ///< at most 1 MiB
  std::int64_t took_ms = 0;    ///< from the first byte sent to the last one read; connecting included
  bool new_connection = true;  ///< false: the one of the exchange before was used again
  bool says_close = false;     ///< the peer said that it closes the connection, or speaks HTTP/1.0
  std::int64_t certificate_ends_s =
      0;  ///< TLS: when the peer's certificate expires, seconds since the epoch; 0: unknown
};

struct HttpFault {
  enum class Kind { not_sent, unreachable, tls, timed_out, broken };
  Kind kind = Kind::broken;
  std::string text;  ///< one line
};

/// Exchanges one after the other, on one connection where the peer keeps it. Not copied, not shared between threads.
class HttpConnection {
 public:
  HttpConnection();
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  /// Follows no redirect and uses no proxy. TLS 1.2 or later. Ends early when `stop` is requested.
  tl::expected<HttpAnswer, HttpFault> exchange(const HttpCall& call, const std::stop_token& stop = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

/// One exchange on a connection of its own. The error is one line.
tl::expected<HttpAnswer, std::string> http_exchange(const HttpCall& call, const std::stop_token& stop = {});

}  // namespace host
