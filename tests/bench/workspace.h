// A directory of the run's own, removed at its end. Knows nothing of what is put there.
#pragma once

#include <filesystem>
#include <string_view>

namespace bench {

class Workspace {
 public:
  /// Makes a new directory below `parent`. Throws where that cannot be.
  explicit Workspace(const std::filesystem::path& parent);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// A fresh directory in it, for one measurement.
  [[nodiscard]] std::filesystem::path fresh(std::string_view name);

 private:
  std::filesystem::path path_;
  int made_ = 0;
};

/// The directory of the running program.
std::filesystem::path program_directory();

}  // namespace bench
