// What the web server has answered: a line each in a file or on stdout, and counted. Queries are left away: they may
// hold what a form held.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>

#include "http/web_server.h"
#include "serve/metrics.h"

namespace host {

class AccessLog {
 public:
  /// `file` empty: only counted; "-": stdout. Throws Refusal where it cannot be written.
  explicit AccessLog(const std::string& file);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(const AccessLine& line);
  ResponseCounts counts();

 private:
  std::FILE* stream_ = nullptr;
  std::mutex mutex_;
  ResponseCounts counts_;
};

}  // namespace host
