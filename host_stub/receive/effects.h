// What the events that the reference tool took have done to it: how many there are, each once however often it came. A
// vendor's own counter, for the vendor check to look at. Knows no requests.
#pragma once

#include <cstdint>
#include <string>

#include "receive/verifier.h"

namespace host {

/// What makes two calls the same event: its event_id, or, where there is none, all that stays the same at a repeat.
std::string identity_of(const Params& params);

class Effects {
 public:
  Effects();
  /// False where it has had its effect before.
  bool add(const Params& params);
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  RecentTexts known_;
  std::uint64_t count_ = 0;
};

}  // namespace host
