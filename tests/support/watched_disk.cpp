#include "support/watched_disk.h"

#include <sqlite3.h>

#include <cerrno>
#include <new>
#include <stdexcept>

#include "support/watched_calls.h"

namespace ptb::test {

namespace {

using Kind = DiskOrder::Kind;

/// SQLite's interface is C and knows one object a name, so what watches is one state for the process.
struct Watch {
  DiskWatcher* watcher = nullptr;
  std::string directory;
} watch;

sqlite3_vfs* real_disk = nullptr;

struct OpenFile {
  sqlite3_file base;
  std::string* path;
  bool directory_to_sync;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

OpenFile& opened(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return opened(file).real(); }

/// What SQLite's own VFS says when the system fails so.
int sqlite_code(Kind kind, int error) {
  if (error == 0) return SQLITE_OK;
  switch (kind) {
    case Kind::read: return SQLITE_IOERR_READ;
    case Kind::write: return error == ENOSPC || error == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    case Kind::truncate: return SQLITE_IOERR_TRUNCATE;
    case Kind::sync: return SQLITE_IOERR_FSYNC;
    case Kind::remove: return SQLITE_IOERR_DELETE;
    default: return SQLITE_CANTOPEN;
  }
}

int ask_sqlite(const DiskOrder& order) { return sqlite_code(order.kind, ask_watcher(order)); }

int close_file(sqlite3_file* file) {
  delete opened(file).path;
  return real_of(file)->pMethods->xClose(real_of(file));
}
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  if (const int code = ask_sqlite({Kind::read, *opened(file).path, at, {}, {}}); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xRead(real_of(file), into, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
  if (const int code = ask_sqlite({Kind::write, *opened(file).path, at, bytes, {}}); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = ask_sqlite({Kind::truncate, *opened(file).path, size, {}, {}}); code != SQLITE_OK) return code;
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/')); }

/// SQLite's own VFS syncs the directory together with the first sync of a log that it has made.
int sync_file(sqlite3_file* file, int flags) {
  OpenFile& mine = opened(file);
  if (const int code = ask_sqlite({Kind::sync, *mine.path, 0, {}, {}}); code != SQLITE_OK) return code;
  if (mine.directory_to_sync) {
    const int error = ask_watcher({Kind::sync_directory, directory_of(*mine.path), 0, {}, {}});
    if (error != 0) return SQLITE_IOERR_DIR_FSYNC;
    mine.directory_to_sync = false;
  }
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

bool exists(const char* name) {
  int found = 0;
  real_disk->xAccess(real_disk, name, SQLITE_ACCESS_EXISTS, &found);
  return found != 0;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  static const sqlite3_io_methods methods = methods_of_file();
  auto* const mine = new (file) OpenFile;
  mine->base.pMethods = nullptr;
  mine->directory_to_sync = false;
  const bool makes = name != nullptr && (flags & SQLITE_OPEN_CREATE) != 0 && !exists(name);
  if (makes && ask_watcher({Kind::create, name, 0, {}, {}}) != 0) return SQLITE_CANTOPEN;
  const int code = real_disk->xOpen(real_disk, name, mine->real(), flags, flags_out);
  if (mine->real()->pMethods == nullptr) return code;
  mine->path = new std::string(name == nullptr ? "" : name);
  mine->directory_to_sync = makes && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  mine->base.pMethods = &methods;
  return code;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_directory) {
  if (!exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  if (const int code = ask_sqlite({Kind::remove, name, 0, {}, {}}); code != SQLITE_OK) return code;
  const int code = real_disk->xDelete(real_disk, name, 0);
  if (code != SQLITE_OK || sync_directory == 0) return code;
  return ask_watcher({Kind::sync_directory, directory_of(name), 0, {}, {}}) == 0 ? code : SQLITE_IOERR_DIR_FSYNC;
}

sqlite3_vfs& watched_vfs() {
  static sqlite3_vfs vfs;
  return vfs;
}

}  // namespace

int ask_watcher(const DiskOrder& order) {
  if (watch.watcher == nullptr || !order.path.starts_with(watch.directory)) return 0;
  return watch.watcher->before(order);
}

const char* to_text(Kind kind) {
  constexpr const char* kNames[] = {"read", "create",         "write",  "truncate", "reserve",
                                    "sync", "sync_directory", "rename", "remove"};
  return kNames[static_cast<int>(kind)];
}

WatchedDisk::WatchedDisk(DiskWatcher& watcher, std::string directory) {
  if (watch.watcher != nullptr) throw std::logic_error("the disk is watched already");
  watch = {&watcher, std::move(directory)};
  real_disk = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = watched_vfs();
  vfs = *real_disk;
  vfs.pNext = nullptr;
  vfs.zName = "watched";
  vfs.szOsFile = static_cast<int>(sizeof(OpenFile)) + real_disk->szOsFile;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK) throw std::runtime_error("SQLite takes no further VFS");
}

WatchedDisk::~WatchedDisk() {
  sqlite3_vfs_unregister(&watched_vfs());
  sqlite3_vfs_register(real_disk, 1);
  watch = {};
}

}  // namespace ptb::test
