// A disk that fills up or loses its connection on demand, for every store opened while it lives.
#pragma once

#include <atomic>

#include "support/watched_disk.h"

namespace ptb::test {

class FaultyDisk final : public DiskWatcher {
 public:
  FaultyDisk() : watched_(*this, "") {}

  /// Every write after the next `writes` ones finds the disk full. -1: never.
  void fill_after(int writes);
  /// Every sync after the next `syncs` ones fails. -1: never.
  void break_sync_after(int syncs);
  [[nodiscard]] bool has_failed() const { return failed_; }

  int before(const DiskOrder& order) override;

 private:
  bool strikes(std::atomic<int>& left);

  std::atomic<int> writes_left_ = -1;
  std::atomic<int> syncs_left_ = -1;
  std::atomic<bool> failed_ = false;
  WatchedDisk watched_;  // last: it asks all others
};

}  // namespace ptb::test
