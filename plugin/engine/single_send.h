// Sends one event by itself, outside any walk: a state-change inside a save, another act of a person on a tool (ping,
// reregister, remove), or a set-aside event that a person sends again.
#pragma once

#include <optional>
#include <string>

#include "engine/active_walk.h"

namespace ptb {

class SingleSend {
 public:
  /// `stored` needs neither place nor id (state-change has none). `settings`: of its snapshot, as stored.
  SingleSend(Locator tool, StoredEvent stored, std::string settings, std::int64_t attempt, SendContext& context);
  /// To that tool as it is now, whatever becomes of it meanwhile.
  SingleSend(std::shared_ptr<const ReadyTool> tool, StoredEvent stored, SendContext& context);
  ~SingleSend();
  SingleSend(const SingleSend&) = delete;
  SingleSend& operator=(const SingleSend&) = delete;

  /// The next request, or nothing when `outcome` is final.
  std::optional<HttpRequest> advance(const Moment& now);
  /// Takes the result of the request that advance gave last. Where another base URL may be tried, advance gives that.
  void answered(const ExchangeResult& result);

  [[nodiscard]] const StoredEvent& stored() const { return stored_; }
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  /// A request of it has gone out.
  [[nodiscard]] bool was_sent() const { return was_sent_; }

 private:
  void finish(Outcome outcome);

  Locator locator_;
  StoredEvent stored_;
  std::string settings_;
  std::int64_t attempt_;
  SendContext& context_;
  std::shared_ptr<const ReadyTool> fixed_tool_;
  std::shared_ptr<const ReadyTool> tool_;
  int fallback_ = 0;
  std::string handshake_failure_;
  bool was_sent_ = false;
  bool over_ = false;
  Outcome outcome_;
};

}  // namespace ptb
