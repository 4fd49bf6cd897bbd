#include "tests/contract/faulty_disk.h"

#include <cerrno>

namespace ptb::test {

int FaultyDisk::before(const DiskOrder& order) {
  if (order.kind == DiskOrder::Kind::write && strikes(writes_left_)) return ENOSPC;
  if (order.kind == DiskOrder::Kind::sync && strikes(syncs_left_)) return EIO;
  return 0;
}

bool FaultyDisk::strikes(std::atomic<int>& left) {
  if (left < 0) return false;
  if (left > 0) {
    --left;
    return false;
  }
  failed_ = true;
  return true;
}

void FaultyDisk::fill_after(int writes) {
  writes_left_ = writes;
  failed_ = false;
}
void FaultyDisk::break_sync_after(int syncs) {
  syncs_left_ = syncs;
  failed_ = false;
}

}  // namespace ptb::test
