#include "tests/contract/faulty_disk.h"

#include <gtest/gtest.h>

#include <new>

namespace ptb::test {

namespace {

/// SQLite's interface is C and knows one object a name, so what fails is one state for the process.
struct Faults {
  int writes_left = -1;
  int syncs_left = -1;
  bool failed = false;

  bool strikes(int& left) {
    if (left < 0) return false;
    if (left > 0) {
      --left;
      return false;
    }
    failed = true;
    return true;
  }
} faults;

sqlite3_vfs* real_disk = nullptr;

struct OpenFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real_of(sqlite3_file* file) { return reinterpret_cast<OpenFile*>(file)->real(); }

int close_file(sqlite3_file* file) { return real_of(file)->pMethods->xClose(real_of(file)); }
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real_of(file)->pMethods->xRead(real_of(file), into, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  if (faults.strikes(faults.writes_left)) return SQLITE_FULL;
  return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  if (faults.strikes(faults.syncs_left)) return SQLITE_IOERR_FSYNC;
  return real_of(file)->pMethods->xSync(real_of(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) { return real_of(file)->pMethods->xLock(real_of(file), level); }
int unlock_file(sqlite3_file* file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }
int check_lock(sqlite3_file* file, int* taken) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), taken);
}
int control_file(sqlite3_file* file, int order, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), order, argument);
}
int sector_size(sqlite3_file* file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
int characteristics(sqlite3_file* file) { return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file)); }

sqlite3_io_methods methods_of_file() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;  // no shared memory: the store must do without
  methods.xClose = close_file;
  methods.xRead = read_file;
  methods.xWrite = write_file;
  methods.xTruncate = truncate_file;
  methods.xSync = sync_file;
  methods.xFileSize = file_size;
  methods.xLock = lock_file;
  methods.xUnlock = unlock_file;
  methods.xCheckReservedLock = check_lock;
  methods.xFileControl = control_file;
  methods.xSectorSize = sector_size;
  methods.xDeviceCharacteristics = characteristics;
  return methods;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  static const sqlite3_io_methods methods = methods_of_file();
  auto* const opened = new (file) OpenFile;
  opened->base.pMethods = nullptr;
  const int code = real_disk->xOpen(real_disk, name, opened->real(), flags, flags_out);
  if (opened->real()->pMethods != nullptr) opened->base.pMethods = &methods;
  return code;
}

sqlite3_vfs& faulty_vfs() {
  static sqlite3_vfs vfs;
  return vfs;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  faults = {};
  real_disk = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = faulty_vfs();
  vfs = *real_disk;
  vfs.pNext = nullptr;
  vfs.zName = "faulty";
  vfs.szOsFile = static_cast<int>(sizeof(OpenFile)) + real_disk->szOsFile;
  vfs.xOpen = open_file;
  EXPECT_EQ(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&faulty_vfs());
  sqlite3_vfs_register(real_disk, 1);
}

void FaultyDisk::fill_after(int writes) {
  faults.writes_left = writes;
  faults.failed = false;
}
void FaultyDisk::break_sync_after(int syncs) {
  faults.syncs_left = syncs;
  faults.failed = false;
}
bool FaultyDisk::has_failed() const { return faults.failed; }

}  // namespace ptb::test
