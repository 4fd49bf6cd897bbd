#include "abi/system_random.h"

#include <sys/random.h>

#include <algorithm>
#include <system_error>

namespace ptb {

void SystemRandom::fill(std::span<unsigned char> bytes) {
  const std::lock_guard lock(mutex_);
  while (!bytes.empty()) {
    if (used_ == block_.size()) {
      // Up to 256 bytes are given whole and at once, never interrupted: getrandom(2).
      for (std::size_t at = 0; at < block_.size(); at += 256)
        if (getrandom(block_.data() + at, 256, 0) != 256)
          throw std::system_error(errno, std::system_category(), "getrandom");
      used_ = 0;
    }
    const std::size_t take = std::min(bytes.size(), block_.size() - used_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), take, bytes.begin());
    std::fill_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), take, 0);
    used_ += take;
    bytes = bytes.subspan(take);
  }
}

}  // namespace ptb
