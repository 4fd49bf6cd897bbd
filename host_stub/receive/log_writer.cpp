#include "receive/log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace host {

namespace {

tl::unexpected<std::string> failed(std::string_view what, const std::string& path, int code, std::string_view advice) {
  return tl::make_unexpected(fmt::format("{} the log '{}': {}: {}", what, path, std::strerror(code), advice));
}

/// Where the last whole line ends: 0 where there is none; -1 where the file cannot be read.
off_t end_of_whole_lines(int descriptor) {
  std::array<char, 65536> piece{};
  for (off_t end = ::lseek(descriptor, 0, SEEK_END); end > 0;) {
    const off_t start = end > static_cast<off_t>(piece.size()) ? end - static_cast<off_t>(piece.size()) : 0;
    const auto got = ::pread(descriptor, piece.data(), static_cast<std::size_t>(end - start), start);
    if (got != end - start) return -1;
    const auto newline = std::string_view(piece.data(), static_cast<std::size_t>(got)).rfind('\n');
    if (newline != std::string_view::npos) return start + static_cast<off_t>(newline) + 1;
    end = start;
  }
  return 0;
}

}  // namespace

LogWriter::LogWriter(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
LogWriter::LogWriter(LogWriter&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
LogWriter::~LogWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

tl::expected<LogWriter, std::string> LogWriter::open(const std::string& path) {
  LogWriter log(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), path);
  if (log.descriptor_ < 0) return failed("cannot open", path, errno, "check --log");
  if (::flock(log.descriptor_, LOCK_EX | LOCK_NB) != 0)
    return failed("cannot lock", path, errno,
                  "another receive may be writing it; end that one or choose another --log");
  const off_t end = end_of_whole_lines(log.descriptor_);
  if (end < 0) return failed("cannot read", path, errno, "choose another --log");
  if (::ftruncate(log.descriptor_, end) != 0) return failed("cannot cut", path, errno, "choose another --log");
  return log;
}

tl::expected<void, std::string> LogWriter::append(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (std::string_view rest = text; !rest.empty();) {
    const auto written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write", path_, errno, "make room or choose another --log");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fdatasync(descriptor_) != 0) return failed("cannot sync", path_, errno, "check the disk of --log");
  return {};
}

}  // namespace host
