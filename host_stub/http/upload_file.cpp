#include "http/upload_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace host {

namespace {

constexpr std::string_view kPrefix = ".ptb-upload-";

}  // namespace

tl::expected<std::unique_ptr<UploadFile>, std::string> UploadFile::create(const std::string& directory) {
  auto path = fmt::format("{}/{}XXXXXX", directory, kPrefix);
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0)
    return tl::make_unexpected(fmt::format("cannot write an upload to '{}': {}", directory, std::strerror(errno)));
  return std::unique_ptr<UploadFile>(new UploadFile(descriptor, std::move(path)));
}

void UploadFile::remove_leftovers(const std::string& directory) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(directory, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code kept;
    if (at->path().filename().string().starts_with(kPrefix)) std::filesystem::remove(at->path(), kept);
  }
}

UploadFile::~UploadFile() {
  ::close(descriptor_);
  ::unlink(path_.c_str());
}

tl::expected<void, std::string> UploadFile::append(std::string_view piece) {
  while (!piece.empty()) {
    const auto written = ::write(descriptor_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return tl::make_unexpected(fmt::format("cannot keep the upload: {}", std::strerror(errno)));
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace host
