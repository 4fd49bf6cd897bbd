// The directory that one ptb-host works in: created privately, refused where others could write to it, and locked for
// as long as this object lives.
#pragma once

#include <filesystem>

#include "refusal.h"

namespace host {

/// Another process works in the directory: the same can be tried again.
class StateHeld : public Refusal {
 public:
  explicit StateHeld(const std::string& text) : Refusal(kExitRefused, text) {}
};

class StateDirectory {
 public:
  /// Waits a moment for another process to end. Throws Refusal: not a directory, not writable, writable by others, or
  /// StateHeld, which names the pid of the other process.
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
