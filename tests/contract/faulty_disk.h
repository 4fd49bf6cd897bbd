// A disk that fills up or loses its connection on demand: an SQLite VFS over the real one, used by every connection
// opened while it lives.
#pragma once

#include <sqlite3.h>

namespace ptb::test {

class FaultyDisk {
 public:
  FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;
  ~FaultyDisk();

  /// Every write after the next `writes` ones finds the disk full. -1: never.
  void fill_after(int writes);
  /// Every sync after the next `syncs` ones fails. -1: never.
  void break_sync_after(int syncs);
  [[nodiscard]] bool has_failed() const;
};

}  // namespace ptb::test
