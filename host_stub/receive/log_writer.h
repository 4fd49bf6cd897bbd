// Appends to a log of the reference tool so that a line is on stable storage before anything is answered. Knows nothing
// of what the lines mean.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace host {

class LogWriter {
 public:
  /// Opens or creates the file, takes a lock on it against a second writer, and cuts off a last line that a crash left
  /// without its newline. The error is one line.
  static tl::expected<LogWriter, std::string> open(const std::string& path);

  LogWriter(LogWriter&& other) noexcept;
  LogWriter& operator=(LogWriter&&) = delete;
  ~LogWriter();

  /// Writes `line` and a newline and waits until both are on stable storage.
  tl::expected<void, std::string> append(std::string_view line);

 private:
  LogWriter(int descriptor, std::string path);

  int descriptor_;
  std::string path_;
};

}  // namespace host
