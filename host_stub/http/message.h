// A request that one of ptb-host's HTTP servers has read whole, and a plain answer to it. Knows no sockets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace host {

struct Request {
  std::string method;
  std::string target;                          ///< as sent: path and query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  std::string body_file;     ///< instead of `body` where it was asked for: gone once the handler has returned
  std::string peer;          ///< address and port of who asks
  bool head_only = false;    ///< a HEAD: `method` is GET, and the server leaves the body of the answer away
  std::string http_problem;  ///< not empty: the request could not be read; http_status says what is answered
  std::uint32_t http_status = 0;
};

/// What is answered with a status, a body and its type.
struct Page {
  std::uint32_t status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< besides Content-Type and Content-Length
};

}  // namespace host
