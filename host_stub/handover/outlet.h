// stdio on a descriptor that belongs to somebody else's terminal: as long as nobody reads there it waits, but not for
// ever.
#pragma once

#include <cstdio>
#include <functional>

#include "handover/line_message.h"

namespace host {

class Outlet {
 public:
  /// `gives_up` is asked now and then while nothing can be written; true: what is printed is lost from then on.
  Outlet(Descriptor descriptor, std::function<bool()> gives_up);
  ~Outlet();
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  /// Null where there was no memory for it.
  [[nodiscard]] std::FILE* stream() const { return stream_; }
  [[nodiscard]] int number() const { return descriptor_.number(); }

 private:
  static ssize_t write(void* outlet, const char* bytes, std::size_t size);
  bool write_piece(const char*& bytes, std::size_t& size) const;

  Descriptor descriptor_;
  std::function<bool()> gives_up_;
  std::FILE* stream_;
};

}  // namespace host
