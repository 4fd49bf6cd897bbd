// Hears what other nodes tell (NOTIFY on the channel "ptbridge"), on a connection of its own. What is told while it is
// away is missed: who listens looks for himself now and then.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "store/postgres/postgres_link.h"
#include "store/postgres/postgres_options.h"

namespace ptb {

class PostgresListener {
 public:
  PostgresListener(const PostgresOptions& options, const PostgresPlace& place) : options_(options), place_(place) {}

  /// What has come, but for what the backend `own` told. Comes back by itself, after a while.
  std::vector<std::string> heard(int own, std::int64_t now_ms);
  [[nodiscard]] int socket() const { return link_ == nullptr ? -1 : link_->socket(); }
  void abandon() {
    if (link_ != nullptr) link_->abandon();
  }

 private:
  void ensure_link(std::int64_t now_ms);

  const PostgresOptions& options_;
  const PostgresPlace& place_;
  std::unique_ptr<PostgresLink> link_;
  std::int64_t next_try_ms_ = 0;
  std::int64_t pause_ms_ = 0;
};

}  // namespace ptb
