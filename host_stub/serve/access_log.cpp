// See access_log.h.
#include "serve/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lms.h"
#include "output.h"

namespace host {

AccessLog::AccessLog(const std::string& file) {
  if (file.empty()) return;
  if (file == "-") {
    stream_ = stdout;
    return;
  }
  const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (opened < 0) refuse("cannot write the access log {}: {}; check --access-log", file, std::strerror(errno));
  stream_ = ::fdopen(opened, "a");
}

AccessLog::~AccessLog() {
  if (stream_ != nullptr && stream_ != stdout) std::fclose(stream_);
}

void AccessLog::write(const AccessLine& line) {
  {
    const std::lock_guard lock(mutex_);
    ++counts_[line.status == 0 ? "none" : fmt::format("{}xx", line.status / 100)];
  }
  if (stream_ == nullptr) return;
  const auto text = fmt::format("{} {} {} {} {} {} {:.1f} ms{}{}\n", time_text(now_ms()), line.peer,
                                line.method.empty() ? "-" : cut(line.method, 20),
                                line.target.empty() ? "-" : cut(line.target.substr(0, line.target.find('?')), 300),
                                line.status, line.bytes, static_cast<double>(line.duration.count()) / 1000,
                                line.problem.empty() ? "" : "  ", cut(line.problem, 300));
  std::fwrite(text.data(), 1, text.size(), stream_);  // a full disk costs lines of the log, not the service
  std::fflush(stream_);
}

ResponseCounts AccessLog::counts() {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace host
