// The file calls of the plugin itself, as the linker hands them over (--wrap): asked about, then carried out.
#include "support/watched_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <string>

using ptb::test::ask_watcher;
using ptb::test::DiskOrder;
using Kind = DiskOrder::Kind;

extern "C" {

int __real_open(const char* path, int flags, mode_t mode);
int __real_rename(const char* from, const char* to);
int __real_unlink(const char* path);
int __real_fsync(int descriptor);
int __real_ftruncate(int descriptor, off_t size);
int __real_posix_fallocate(int descriptor, off_t at, off_t size);
ssize_t __real_pwrite(int descriptor, const void* from, std::size_t size, off_t at);
ssize_t __real_pread(int descriptor, void* into, std::size_t size, off_t at);

namespace {

std::string path_of(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  return {path, size > 0 ? static_cast<std::size_t>(size) : 0};
}

bool fails(const DiskOrder& order) {
  const int before = errno;
  const int error = ask_watcher(order);
  errno = error == 0 ? before : error;
  return error != 0;
}

bool is_directory(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_DIRECTORY) != 0; }

}  // namespace

int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  const bool makes = (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  if (makes && fails({Kind::create, path, 0, {}, {}})) return -1;
  return __real_open(path, flags, mode);
}

int __wrap_rename(const char* from, const char* to) {
  return fails({Kind::rename, from, 0, {}, to}) ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char* path) {
  if (::access(path, F_OK) == 0 && fails({Kind::remove, path, 0, {}, {}})) return -1;
  return __real_unlink(path);
}

int __wrap_fsync(int descriptor) {
  const Kind kind = is_directory(descriptor) ? Kind::sync_directory : Kind::sync;
  return fails({kind, path_of(descriptor), 0, {}, {}}) ? -1 : __real_fsync(descriptor);
}

int __wrap_ftruncate(int descriptor, off_t size) {
  return fails({Kind::truncate, path_of(descriptor), size, {}, {}}) ? -1 : __real_ftruncate(descriptor, size);
}

/// Says what went wrong, and not through errno.
int __wrap_posix_fallocate(int descriptor, off_t at, off_t size) {
  const int error = ask_watcher({Kind::reserve, path_of(descriptor), at + size, {}, {}});
  return error != 0 ? error : __real_posix_fallocate(descriptor, at, size);
}

ssize_t __wrap_pwrite(int descriptor, const void* from, std::size_t size, off_t at) {
  const std::string path = path_of(descriptor);
  const std::string_view bytes(static_cast<const char*>(from), size);
  return fails({Kind::write, path, at, bytes, {}}) ? -1 : __real_pwrite(descriptor, from, size, at);
}

ssize_t __wrap_pread(int descriptor, void* into, std::size_t size, off_t at) {
  return fails({Kind::read, path_of(descriptor), at, {}, {}}) ? -1 : __real_pread(descriptor, into, size, at);
}

}  // extern "C"
