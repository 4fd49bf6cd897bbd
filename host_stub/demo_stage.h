// What the demo needs around it: a directory of its own with a descriptor, a secret and a course package, and the
// reference tool in a process of its own. Knows nothing of the bridge.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace host {

/// `ptb-host receive`, started from this very program. Ends with its owner.
class ToolProcess {
 public:
  struct Start {
    std::uint16_t port = 0;  ///< 0: a free one
    std::filesystem::path secret_file;
    std::filesystem::path log_file;
    std::string script;
  };
  /// Returns when it listens. Throws Refusal where it does not.
  explicit ToolProcess(const Start& start);
  ~ToolProcess();
  ToolProcess(const ToolProcess&) = delete;
  ToolProcess& operator=(const ToolProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Ends it as an administrator would, and waits.
  void stop();
  /// Waits until it has ended by itself. Returns its exit status.
  int wait();

 private:
  pid_t process_ = -1;
  std::uint16_t port_ = 0;
};

/// A directory that is removed with its owner, unless kept.
class DemoDirectory {
 public:
  explicit DemoDirectory(bool keep);
  ~DemoDirectory();
  DemoDirectory(const DemoDirectory&) = delete;
  DemoDirectory& operator=(const DemoDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it.
  std::filesystem::path write(const std::string& name, const std::string& content) const;
  /// The registration document of the demo's tool, listening on that port of this machine.
  std::filesystem::path write_descriptor(std::uint16_t port) const;
  /// A Common Cartridge with the links A, B and C, each with a custom property `level`.
  std::filesystem::path write_course() const;

 private:
  std::filesystem::path path_;
  bool keep_;
};

}  // namespace host
