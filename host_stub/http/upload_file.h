// The body of a large request on its way to a file that only we may read and that is gone afterwards. Knows no HTTP.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace host {

class UploadFile {
 public:
  /// A new file in the directory, mode 0600. The error is one line.
  static tl::expected<std::unique_ptr<UploadFile>, std::string> create(const std::string& directory);
  /// Removes what a process that was killed has left in the directory.
  static void remove_leftovers(const std::string& directory);

  ~UploadFile();
  UploadFile(const UploadFile&) = delete;
  UploadFile& operator=(const UploadFile&) = delete;

  tl::expected<void, std::string> append(std::string_view piece);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  UploadFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_;
  std::string path_;
};

}  // namespace host
