// Sends one event by itself, outside any walk: a state-change inside a save, or a set-aside event that a person sends
// again.
#pragma once

#include <optional>
#include <string>

#include "engine/active_walk.h"

namespace ptb {

class SingleSend {
 public:
  /// `stored` needs neither place nor id (state-change has none). `settings`: of its snapshot, as stored.
  SingleSend(Locator tool, StoredEvent stored, std::string settings, std::int64_t attempt, SendContext& context);
  ~SingleSend();
  SingleSend(const SingleSend&) = delete;
  SingleSend& operator=(const SingleSend&) = delete;

  /// The next request, or nothing when `outcome` is final.
  std::optional<HttpRequest> advance(const Moment& now);
  /// Takes the result of the request that advance gave last. Where another base URL may be tried, advance gives that.
  void answered(const ExchangeResult& result);

  [[nodiscard]] const StoredEvent& stored() const { return stored_; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }

 private:
  void finish(Outcome outcome);

  Locator locator_;
  StoredEvent stored_;
  std::string settings_;
  std::int64_t attempt_;
  SendContext& context_;
  std::shared_ptr<const ReadyTool> tool_;
  int fallback_ = 0;
  std::string handshake_failure_;
  bool over_ = false;
  Outcome outcome_;
};

}  // namespace ptb
