// The operations that callers can wait for: their results add up as the walks that they caused end. Knows nothing of
// walks.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/tool.h"

namespace ptb {

using OperationId = std::uint64_t;

/// What walks and single sendings have come to.
struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;
  std::uint64_t discarded = 0;
  std::uint64_t repeated = 0;
  std::uint64_t left = 0;

  Tally& operator+=(const Tally& other);
};

struct OperationResult {
  bool ok = true;
  Tally tally;
  std::uint64_t duration_ms = 0;
  std::optional<ToolState> tool_state;  ///< of a save: the state the tool has now
  std::string stopped_by;               ///< event id
  std::string text;
};

/// Any thread.
class Operations {
 public:
  /// An operation that ends after `parts` calls of finish_part; with 0 it has ended.
  OperationId open(std::size_t parts, std::int64_t now_ms);
  /// More has to end before the operation does. Only while it has not ended.
  void add_parts(OperationId id, std::size_t parts);
  /// One part has ended. `ok` false, a stop and a text are kept; the first of each wins.
  void finish_part(OperationId id, const OperationResult& part, std::int64_t now_ms);

  [[nodiscard]] bool ended(OperationId id);
  /// Waits on a condition, not pumping; true when the operation has ended (or is unknown). Returns early when
  /// `interrupted` has become true and wake_waiters was called.
  bool wait_ended(OperationId id, std::chrono::milliseconds at_most, const std::atomic<bool>& interrupted);
  void wake_waiters();
  /// The result, which is forgotten by this. Errors: Status::timeout while it goes on, Status::not_found.
  Result<OperationResult> take(OperationId id);

 private:
  struct Entry {
    std::size_t parts = 0;
    std::int64_t started_ms = 0;
    OperationResult result;
  };
  /// Results that nobody fetches are forgotten, oldest first, beyond this many.
  static constexpr std::size_t kMaxEnded = 4096;

  void end(OperationId id);

  std::mutex mutex_;
  std::condition_variable changed_;
  OperationId last_ = 0;
  std::map<OperationId, Entry> entries_;
  std::deque<OperationId> ended_;
};

}  // namespace ptb
