#include "engine/operations.h"

namespace ptb {

Tally& Tally::operator+=(const Tally& other) {
  sent += other.sent;
  acknowledged += other.acknowledged;
  refused += other.refused;
  failed += other.failed;
  discarded += other.discarded;
  repeated += other.repeated;
  left += other.left;
  return *this;
}

OperationId Operations::open(std::size_t parts, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const OperationId id = ++last_;
  entries_[id] = Entry{parts, now_ms, {}};
  if (parts == 0) end(id);
  return id;
}

void Operations::add_parts(OperationId id, std::size_t parts) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at != entries_.end()) at->second.parts += parts;
}

void Operations::finish_part(OperationId id, const OperationResult& part, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end() || at->second.parts == 0) return;
  OperationResult& result = at->second.result;
  result.ok = result.ok && part.ok;
  result.tally += part.tally;
  if (part.tool_state) result.tool_state = part.tool_state;
  if (result.stopped_by.empty()) result.stopped_by = part.stopped_by;
  if (result.text.empty()) result.text = part.text;
  result.duration_ms = static_cast<std::uint64_t>(now_ms - at->second.started_ms);
  if (--at->second.parts == 0) end(id);
}

void Operations::end(OperationId id) {
  ended_.push_back(id);
  if (ended_.size() > kMaxEnded) {
    entries_.erase(ended_.front());
    ended_.pop_front();
  }
  changed_.notify_all();
}

bool Operations::ended(OperationId id) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  return at == entries_.end() || at->second.parts == 0;
}

bool Operations::wait_ended(OperationId id, std::chrono::milliseconds at_most, const std::atomic<bool>& interrupted) {
  std::unique_lock lock(mutex_);
  const auto has_ended = [&] {
    const auto at = entries_.find(id);
    return at == entries_.end() || at->second.parts == 0;
  };
  changed_.wait_for(lock, at_most, [&] { return has_ended() || interrupted; });
  return has_ended();
}

void Operations::wake_waiters() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

Result<OperationResult> Operations::take(OperationId id) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(id);
  if (at == entries_.end())
    return fail(Status::not_found, "there is no operation " + std::to_string(id) +
                                       " to wait for: it is unknown or has been waited for already");
  if (at->second.parts > 0) return fail(Status::timeout, "the operation goes on: wait for it again");
  OperationResult result = std::move(at->second.result);
  entries_.erase(at);
  std::erase(ended_, id);
  return result;
}

}  // namespace ptb
