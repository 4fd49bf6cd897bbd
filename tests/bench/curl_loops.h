// What replays are compared with: libcurl alone, sending bodies of the same size and reading the same answers, with
// nothing stored and nothing signed. Know nothing of the plugin.
#pragma once

#include <curl/curl.h>

#include <string>
#include <vector>

#include "measure.h"

namespace bench {

/// One POST: its handle, and the answer as it is read.
struct CurlPost {
  CURL* handle = nullptr;
  std::string answer;
};

/// One easy handle, one connection kept alive, one POST after the other.
class CurlEasyLoop {
 public:
  CurlEasyLoop(const std::string& url, std::size_t body_bytes);
  ~CurlEasyLoop();
  CurlEasyLoop(const CurlEasyLoop&) = delete;
  CurlEasyLoop& operator=(const CurlEasyLoop&) = delete;

  Sample send(int count);

 private:
  std::string body_;
  curl_slist* headers_ = nullptr;
  CurlPost post_;
};

/// One multi handle that keeps `connections` POSTs under way.
class CurlMultiLoop {
 public:
  CurlMultiLoop(const std::string& url, std::size_t body_bytes, int connections);
  ~CurlMultiLoop();
  CurlMultiLoop(const CurlMultiLoop&) = delete;
  CurlMultiLoop& operator=(const CurlMultiLoop&) = delete;

  Sample send(int count);

 private:
  std::string body_;
  curl_slist* headers_ = nullptr;
  CURLM* multi_ = nullptr;
  std::vector<CurlPost> posts_;
};

}  // namespace bench
