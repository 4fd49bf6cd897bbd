// The transactions of a PostgresConnection: what is sent when, and who is told that he was too late.
#include <unistd.h>

#include "store/postgres/boot_clock.h"
#include "store/postgres/postgres_connection.h"

namespace ptb {

void PostgresConnection::send_lock(std::span<const FamilyLock> locks) {
  std::vector<std::string> locators;
  std::vector<std::int64_t> versions;
  for (const FamilyLock& lock : locks) {
    locators.push_back(lock.locator);
    versions.push_back(lock.version);
  }
  lock_->put(1, number_);
  lock_->put(2, epoch_);
  lock_->put(3, commit_number_);
  lock_->put(4, static_cast<std::int64_t>(options_.lease_ms));
  lock_->put_array(5, kTextArrayType, binary_texts(locators));
  lock_->put_array(6, kInt8ArrayType, binary_int8s(versions));
  lock_->put(7, is_known_ ? std::string_view() : std::string_view(name_), true);
  send_now(*lock_);
}

void PostgresConnection::begin(std::span<const FamilyLock> locks) {
  check_process();
  if (phase_ != Phase::none)
    throw StoreFailure{{Status::internal, "a transaction was begun within another: report this as a fault"}};
  ensure_link();
  began_ms_ = boot_clock_ms();
  ++commit_number_;
  run_last_ = nullptr;
  phase_ = Phase::open;
  try {
    inside([&] {
      send_now(*begin_);
      if (pooled_) send_now(*session_);
      send_lock(locks);
    });
  } catch (...) {
    roll_back();
    throw;
  }
}

void PostgresConnection::commit() {
  check_process();
  if (phase_ != Phase::open) throw Outdated{};
  bool lost = false;
  try {
    send_now(*commit_);
    link_->sync();
  } catch (const LinkLost&) {
    lost = true;
  } catch (const ServerError& error) {
    phase_ = Phase::failed;
    if (fate_of(error) != Fate::lost) raise(error);
    lost = true;
  }
  if (lost) {
    phase_ = Phase::failed;
    drop_link();
    look_up_commit();
  } else {
    held_until_ms_ = began_ms_ + options_.lease_ms;
  }
  is_known_ = true;
  phase_ = Phase::none;
}

void PostgresConnection::roll_back() noexcept {
  if (phase_ == Phase::none) return;
  phase_ = Phase::none;
  run_last_ = nullptr;
  if (link_ == nullptr || getpid() != process_) return;
  try {
    try {
      link_->sync();
    } catch (const ServerError& error) {
      if (fate_of(error) == Fate::shut_out) may_be_left_ = true;
    }
    end_server_transaction();
  } catch (...) {
    drop_link();
  }
}

void PostgresConnection::confirm() {
  inside([&] { link_->sync(); });
}

std::vector<std::int64_t> PostgresConnection::locked_versions() {
  confirm();
  const auto versions = lock_->answered_row() ? whole_numbers(lock_->text(0)) : std::nullopt;
  if (!versions) throw StoreFailure{{Status::internal, "a lock was not answered: report this as a fault"}};
  return *versions;
}

void PostgresConnection::renew() {
  Transaction renewal(*this);
  renewal.commit();
}

}  // namespace ptb
