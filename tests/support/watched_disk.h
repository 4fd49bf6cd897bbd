// The disk under a store, watched: an SQLite VFS over the default one, and the few file calls that the plugin makes
// itself (those are caught by the linker, see CMakeLists.txt). Whoever watches is asked before each order and may fail
// it. Knows nothing of what a store is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ptb::test {

struct DiskOrder {
  enum class Kind : std::uint8_t { read, create, write, truncate, reserve, sync, sync_directory, rename, remove };
  Kind kind{};
  std::string_view path;    ///< of the file; of sync_directory: of the directory
  std::int64_t at = 0;      ///< of write: its offset; of truncate and reserve: the size
  std::string_view bytes;   ///< of write
  std::string_view target;  ///< of rename

  [[nodiscard]] bool changes() const { return kind != Kind::read; }
};

const char* to_text(DiskOrder::Kind kind);

class DiskWatcher {
 public:
  virtual ~DiskWatcher() = default;
  /// An errno with which the order fails; 0: it is carried out.
  virtual int before(const DiskOrder& order) = 0;
};

/// While it lives, the watcher sees every order for a file in `directory`, of every connection opened meanwhile.
class WatchedDisk {
 public:
  WatchedDisk(DiskWatcher& watcher, std::string directory);
  WatchedDisk(const WatchedDisk&) = delete;
  WatchedDisk& operator=(const WatchedDisk&) = delete;
  ~WatchedDisk();
};

}  // namespace ptb::test
