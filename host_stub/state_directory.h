// The directory that one ptb-host works in: created privately, refused where others could write to it, and locked for
// as long as this object lives.
#pragma once

#include <filesystem>

namespace host {

class StateDirectory {
 public:
  /// Throws Refusal: not a directory, not writable, writable by others, or held by another process (names its pid).
  explicit StateDirectory(std::filesystem::path path);
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void check() const;
  void lock();

  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace host
