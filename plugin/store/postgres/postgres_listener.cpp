#include "store/postgres/postgres_listener.h"

#include <algorithm>

#include "store/connection.h"

namespace ptb {

namespace {

constexpr std::int64_t kFirstPauseMs = 1'000;
constexpr std::int64_t kLongestPauseMs = 30'000;  // a try may take a while, and nothing depends on it

struct FreeNotify {
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
};

}  // namespace

void PostgresListener::ensure_link(std::int64_t now_ms) {
  if (link_ != nullptr || now_ms < next_try_ms_) return;
  pause_ms_ = std::clamp(2 * pause_ms_, kFirstPauseMs, kLongestPauseMs);
  next_try_ms_ = now_ms + pause_ms_;
  try {
    bool passing = false;
    auto link = PostgresLink::connect(place_, options_.connect_timeout_ms, options_.answer_timeout_ms, passing);
    link->ask_simple("LISTEN ptbridge");
    link_ = std::move(link);
    pause_ms_ = 0;
  } catch (const StoreFailure&) {  // the connection that matters says what is wrong
  } catch (const LinkLost&) {
  } catch (const ServerError&) {
  }
}

std::vector<std::string> PostgresListener::heard(int own, std::int64_t now_ms) {
  ensure_link(now_ms);
  std::vector<std::string> told;
  if (link_ == nullptr) return told;
  const bool alive = PQconsumeInput(link_->raw()) == 1;
  while (const std::unique_ptr<PGnotify, FreeNotify> notify{PQnotifies(link_->raw())})
    if (notify->be_pid != own) told.emplace_back(notify->extra);
  if (!alive || PQstatus(link_->raw()) == CONNECTION_BAD) link_.reset();
  return told;
}

}  // namespace ptb
