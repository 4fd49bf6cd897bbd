// How a PostgresConnection comes by its link, again and again, and what became of a commit that was not answered.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "store/postgres/boot_clock.h"
#include "store/postgres/postgres_connection.h"

namespace ptb {

namespace {

constexpr std::int64_t kBetweenTriesMs = 1'000;
constexpr std::array<int, 3> kPausesMs = {0, 200, 500};

// Whoever has lost a connection says so in the row that every transaction of the node begins with: what is under way
// ends before this does, and what comes later is refused.
constexpr const char* kJoin =
    "INSERT INTO ptbridge.node AS old (number, epoch, until, last_commit, name) VALUES (?1, ?2 + 1, "
    "clock_timestamp() + ?3 * interval '1 millisecond', 0, ?4) ON CONFLICT (number) DO UPDATE SET "
    "epoch = greatest(old.epoch, ?2) + 1, until = excluded.until RETURNING epoch, last_commit";

// A node that was removed, since its lease was over, comes back as another one: what it held is not its any more.
constexpr const char* kRejoin =
    "UPDATE ptbridge.node SET epoch = greatest(epoch, ?2) + 1, until = clock_timestamp() + ?3 * interval "
    "'1 millisecond' WHERE number = ?1 RETURNING epoch, last_commit";

void pause(std::int64_t milliseconds) { poll(nullptr, 0, static_cast<int>(milliseconds)); }

}  // namespace

std::int64_t boot_clock_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000;
}

void PostgresConnection::drop_link() noexcept {
  if (link_ != nullptr && !pooled_) left_backend_ = link_->backend();
  link_.reset();
  may_be_left_ = may_be_left_ || commit_number_ > 0;
}

void PostgresConnection::try_link(bool may_migrate, bool& passing) {
  passing = true;
  try {
    if (link_ == nullptr) {
      auto link = PostgresLink::connect(place_, options_.connect_timeout_ms, options_.answer_timeout_ms, passing);
      passing = false;
      Session session = open_session(*link, place_, {may_migrate, number_});
      number_ = session.node_number;
      pooled_ = pooled_ || session.pooled;
      warnings_ = std::move(session.warnings);
      link_ = std::move(link);
      ++link_number_;
    }
    if (may_be_left_) join_anew();
  } catch (const LinkLost& lost) {
    passing = true;
    drop_link();
    throw StoreFailure{connect_error(place_, lost.words)};
  } catch (const ServerError& error) {
    passing = fate_of(error) != Fate::failure;
    drop_link();
    throw StoreFailure{postgres_error(place_, error)};
  }
}

void PostgresConnection::ensure_link() {
  if (link_ != nullptr && !may_be_left_) return;
  if (failed_at_ms_ != 0 && boot_clock_ms() - failed_at_ms_ < kBetweenTriesMs) throw StoreFailure{failure_};
  for (std::size_t i = 0; i < kPausesMs.size(); ++i) {
    pause(kPausesMs.at(i));
    bool passing = false;
    try {
      try_link(false, passing);
      failed_at_ms_ = 0;
      return;
    } catch (const StoreFailure& failure) {
      failure_ = failure.error;
      failed_at_ms_ = boot_clock_ms();
      if (!passing || i + 1 == kPausesMs.size()) throw;
    }
  }
}

/// The server may not have noticed yet that nobody is there any more. A pooler does that by itself.
void PostgresConnection::end_left_backend() {
  if (left_backend_ == 0) return;
  link_->ask_simple(fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {} AND "
                                "application_name = '{}'",
                                left_backend_, application_name(number_))
                        .c_str());
  left_backend_ = 0;
}

void PostgresConnection::join_anew() {
  end_left_backend();
  if (join_ == nullptr) {
    join_ = std::make_unique<PostgresStatement>(*this, kJoin, "join");
    rejoin_ = std::make_unique<PostgresStatement>(*this, kRejoin, "rejoin");
  }
  const std::int64_t asked_ms = boot_clock_ms();
  PostgresStatement& joining = is_known_ ? *rejoin_ : *join_;
  joining.put(1, number_);
  joining.put(2, epoch_);
  joining.put(3, static_cast<std::int64_t>(options_.lease_ms));
  if (!is_known_) joining.put(4, std::string_view(name_), true);
  send_now(joining);
  link_->sync();
  if (joining.answered_row()) {
    epoch_ = joining.integer(0);
    last_commit_ = joining.integer(1);
    held_until_ms_ = asked_ms + options_.lease_ms;
    is_known_ = true;
  } else {
    number_ = begin_session(*link_, 0, pooled_);
    epoch_ = 1;
    last_commit_ = 0;
    held_until_ms_ = 0;
    is_known_ = false;
  }
  may_be_left_ = false;
}

/// Returns where it has happened after all. Throws Outdated where it has not and never will, StoreFailure where nobody
/// can say.
void PostgresConnection::look_up_commit() {
  const std::int64_t deadline = boot_clock_ms() + options_.look_up_ms;
  const std::int64_t number = number_;
  const auto unknown = [&](const std::string& why) {
    return StoreFailure{
        {Status::store, fmt::format("store {}: the connection was lost during a commit, and whether that "
                                    "was stored is not known; the same capture again finds out: {}",
                                    place_.shown, why)}};
  };
  for (std::int64_t wait = 50;; wait = std::min<std::int64_t>(2 * wait, 1'000)) {
    bool passing = false;
    try {
      try_link(false, passing);
      failed_at_ms_ = 0;
      break;
    } catch (const StoreFailure& failure) {
      failure_ = failure.error;
      failed_at_ms_ = boot_clock_ms();
      if (!passing || failed_at_ms_ > deadline) throw unknown(failure.error.text);
    }
    pause(wait);
  }
  if (number_ != number) throw unknown("this node's lease was over, and others have removed it");
  if (last_commit_ < commit_number_) throw Outdated{};
}

}  // namespace ptb
