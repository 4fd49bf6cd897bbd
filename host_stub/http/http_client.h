// One HTTP exchange of ptb-host itself, with libcurl: for key sets, and for the notice that greets a new handler. What
// tools are told goes through the bridge and never through here.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>

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
  std::uint32_t timeout_ms = 10'000;  ///< in all
};

struct HttpAnswer {
  long status = 0;
  std::string body;  ///< at most 1 MiB
};

/// Follows no redirect and uses no proxy. Ends early when `stop` is requested. The error is one line.
tl::expected<HttpAnswer, std::string> http_exchange(const HttpCall& call, const std::stop_token& stop = {});

}  // namespace host
