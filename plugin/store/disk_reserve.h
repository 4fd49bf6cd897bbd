// Space on the disk that is kept for settling what waits: a file beside the store that takes it, and is given up when
// the disk is full. Knows nothing of what the space is used for.
#pragma once

#include <cstdint>
#include <string>

namespace ptb {

class DiskReserve {
 public:
  DiskReserve(std::string path, std::int64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  /// True: the space is there, taken now if it was not. Also where the file system cannot say; then there is no
  /// reserve.
  bool take();
  /// True: there was something to give up.
  bool give_up();

 private:
  std::string path_;
  std::int64_t bytes_;
  bool taken_ = false;
};

}  // namespace ptb
