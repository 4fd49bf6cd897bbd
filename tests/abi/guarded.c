#include "guarded.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

enum { kRoomBytes = 64 * 1024 };

void* guarded_copy(const void* source, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* room = mmap(NULL, kRoomBytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(room != MAP_FAILED && size <= kRoomBytes);
  REQUIRE(mprotect(room + kRoomBytes, page, PROT_NONE) == 0);
  char* copy = room + kRoomBytes - size;
  memcpy(copy, source, size);
  return copy;
}
