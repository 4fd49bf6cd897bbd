#include "engine/active_walk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/fault_point.h"

namespace ptb {

namespace {

/// Events are read this many at a time, so that memory does not grow with the backlog (P9).
constexpr int kPageEvents = 64;
constexpr std::int64_t kProgressIntervalMs = 100;
/// One event that stops this many walks in a row, each of which had got past others, suspends its lane.
constexpr std::int64_t kStopsBeforeSuspension = 3;

}  // namespace

std::string fresh_nonce(Random& random) {
  std::array<unsigned char, 16> bytes{};
  random.fill(bytes);
  std::string nonce;
  nonce.reserve(32);
  for (const unsigned char byte : bytes) {
    nonce.push_back("0123456789abcdef"[byte >> 4U]);
    nonce.push_back("0123456789abcdef"[byte & 15U]);
  }
  return nonce;
}

void wipe(std::string& secret) {
  volatile char* const bytes = secret.data();
  for (std::size_t i = 0; i < secret.size(); ++i) bytes[i] = '\0';
  secret.clear();
}

ActiveWalk::ActiveWalk(const Walk& walk, Lane lane, std::vector<OperationId> operations, SendContext& context,
                       const Moment& now)
    : walk_(walk),
      lane_(std::move(lane)),
      operations_(std::move(operations)),
      context_(context),
      read_through_(walk.first - 1) {
  end_.reached = walk.first - 1;
  show_progress(now, true);
}

ActiveWalk::~ActiveWalk() { wipe(secret_); }

std::size_t ActiveWalk::batch_limit() const {
  return tool_ == nullptr ? 1 : std::max<std::size_t>(tool_->at_send.tool.options.max_batch, 1);
}

/// Nothing of the page is left, or so little that the next request could hold more.
bool ActiveWalk::page_is_short() const {
  const std::size_t left = page_.size() - page_at_;
  return left == 0 || (left < batch_limit() && page_at_ > 0 && read_through_ < walk_.last);
}

/// So that a request which may have been heard is repeated as it was, none reaches over the bounds of one that was not
/// answered.
std::size_t ActiveWalk::group_size() const {
  std::size_t size = 1;
  while (size < batch_limit() && page_at_ + size < page_.size()) {
    const std::int64_t before = page_[page_at_ + size - 1].place.sequence;
    const std::int64_t next = page_[page_at_ + size].place.sequence;
    const bool over_start = before < lane_.kept_from && next >= lane_.kept_from;
    const bool over_end = before <= lane_.kept_through && next > lane_.kept_through;
    if (over_start || over_end) break;
    ++size;
  }
  return size;
}

bool ActiveWalk::load_page() {
  if (page_at_ < page_.size()) read_through_ = page_[page_at_].place.sequence - 1;
  forget_page();
  const int limit = std::max(kPageEvents, static_cast<int>(batch_limit()));
  auto page = context_.store.read_waiting(walk_.lane, read_through_, walk_.last, limit);
  if (!page) {
    stopped_by_us(page.error().text);
    return false;
  }
  page_ = std::move(*page);
  if (page_.empty()) {
    const auto lane = context_.store.lane(walk_.lane);
    if (lane && lane->tool != lane_.tool) {
      stopped_by_us("the lane was given to " + to_text(lane->tool) + ", which has not heard these events");
      return false;
    }
    end_.completed = true;
    end_.reached = walk_.last;
    over_ = true;
    return false;
  }
  read_through_ = page_.back().place.sequence;
  settings_.reserve(page_.size());  // outgoing_ points into it
  for (const auto& stored : page_) {
    auto settings = effective_settings(stored.settings);
    if (!settings) {
      stopped_by_us(settings.error().text);
      return false;
    }
    settings_.push_back(std::move(*settings));
    const std::int64_t attempt = walk_.ordinal - stored.walks_before;
    const bool deferred = stored.captured_as != Deferral::first_attempt || attempt > 1;
    outgoing_.push_back({&stored, &settings_.back(), attempt, deferred});
  }
  return true;
}

void ActiveWalk::forget_page() {
  outgoing_.clear();
  settings_.clear();
  page_.clear();
  page_at_ = 0;
  wipe(secret_);
}

bool ActiveWalk::load_secret() {
  if (!secret_.empty()) return true;
  auto secret = context_.host.load_secret(lane_.tool);
  if (!secret || secret->empty()) {
    Outcome outcome{Outcome::Kind::suspended,
                    "the secret of " + to_text(lane_.tool) + " is missing: store it, then save the tool"};
    if (!secret) outcome.text += " (" + printable(secret.error().text, 120) + ")";
    stopped_at(page_at_, outcome);
    return false;
  }
  secret_ = std::move(*secret);
  return true;
}

std::optional<HttpRequest> ActiveWalk::advance(const Moment& now) {
  while (!over_) {
    // A walk with nothing left to send is complete, whoever wants it to stop.
    if (!all_answered()) {
      if (stop_asked_) {
        stopped_by_us("stopped on request");
        break;
      }
      tool_ = context_.tools.find(lane_.tool);
      if (tool_ == nullptr) {
        stopped_by_us(to_text(lane_.tool) + " is not installed any more");
        break;
      }
    }
    if ((page_is_short() || std::exchange(reread_asked_, false)) && !load_page()) break;
    if (!load_secret()) break;
    fault_point("walk.before_send");
    const std::span<const Outgoing> rest(outgoing_.data() + page_at_, group_size());
    auto built =
        tool_->wire->build(tool_->at_send, rest, Stamp{now.wall_ms, fresh_nonce(context_.random)}, secret_, fallback_);
    if (!built) {
      stopped_at(page_at_, {Outcome::Kind::failed, built.error().text});
      break;
    }
    if (built->taken > 0) {
      in_flight_ = built->taken;
      return std::move(built->request);
    }
    if (built->unsendable.kind == Outcome::Kind::no_handler ||
        built->unsendable.kind == Outcome::Kind::not_expressible) {
      const StoredEvent& stored = page_[page_at_++];
      ++tally_.discarded;
      settled(stored, EventState::discarded, built->unsendable, now);
    } else {
      stopped_at(page_at_, built->unsendable);
    }
  }
  show_progress(now, true);
  return std::nullopt;
}

void ActiveWalk::answered(const ExchangeResult& result, const Moment& now) {
  fault_point("walk.after_answer");
  if (tool_->wire->may_fall_back(result)) {
    ++fallback_;
    const Stamp probe{now.wall_ms, std::string(32, '0')};
    if (tool_->wire->build(tool_->at_send, {&outgoing_[page_at_], 1}, probe, secret_, fallback_)) {
      context_.host.log(LogLevel::warning, lane_.key + ": " + result.fault_text + "; trying the tool's next base URL");
      return;
    }
  }
  fallback_ = 0;
  const Outcome outcome = tool_->wire->judge(result);
  for (; in_flight_ > 0 && !over_; --in_flight_) {
    const StoredEvent& stored = page_[page_at_];
    ++tally_.sent;
    if (stored.place.sequence <= walk_.previously_reached) ++tally_.repeated;
    switch (outcome.kind) {
      case Outcome::Kind::acknowledged: acknowledged(stored); break;
      case Outcome::Kind::refused:
        ++tally_.refused;
        settled(stored, EventState::refused, outcome, now);
        break;
      case Outcome::Kind::no_handler:
      case Outcome::Kind::not_expressible:
        ++tally_.discarded;
        settled(stored, EventState::discarded, outcome, now);
        break;
      case Outcome::Kind::failed:
      case Outcome::Kind::suspended:
        ++tally_.failed;
        stopped_at(page_at_, outcome);
        if (retry_after_ms_ != 0) end_.not_before_ms = now.wall_ms + retry_after_ms_;
        return;
    }
    ++page_at_;
  }
  show_progress(now, false);
}

void ActiveWalk::acknowledged(const StoredEvent& stored) {
  ++tally_.acknowledged;
  ++done_;
  end_.reached = stored.place.sequence;
  last_event_id_ = to_text(stored.event.id);
  tell(stored, EventState::delivered, {}, {});
}

void ActiveWalk::settled(const StoredEvent& stored, EventState state, const Outcome& outcome, const Moment& now) {
  const std::string reason = outcome.kind == Outcome::Kind::no_handler        ? "no_handler"
                             : outcome.kind == Outcome::Kind::not_expressible ? "wire_cannot_say"
                                                                              : "refused";
  fault_point("walk.before_settle");
  const auto written = context_.store.settle(stored.place, state, reason, outcome.text, now.wall_ms);
  fault_point("walk.after_settle");
  // Refused: somebody has settled it meanwhile, which stays.
  if (!written && written.error().status != Status::refused) return stopped_by_us(written.error().text);
  ++done_;
  end_.reached = stored.place.sequence;
  last_event_id_ = to_text(stored.event.id);
  tell(stored, state, {}, outcome.text);
}

void ActiveWalk::stopped_at(std::size_t page_at, const Outcome& outcome) {
  const StoredEvent& stored = page_[page_at];
  over_ = true;
  end_.stopped_by = stored.place.sequence;
  if (in_flight_ > 1) end_.stopped_through = page_[page_at + in_flight_ - 1].place.sequence;
  retry_after_ms_ = outcome.retry_after_ms;
  end_.error = outcome.text;
  end_.suspend = outcome.kind == Outcome::Kind::suspended;
  stopped_by_id_ = to_text(stored.event.id);
  const bool again = lane_.stopping_sequence == stored.place.sequence;
  if (!end_.suspend && tally_.acknowledged > 0 && again && lane_.stopping_count + 1 >= kStopsBeforeSuspension) {
    end_.suspend = true;
    end_.error = "event " + stopped_by_id_ + " has stopped " + std::to_string(kStopsBeforeSuspension) +
                 " walks that had got past others (" + outcome.text +
                 "): look at it, park it or mend the tool, then save the tool";
  }
  if (end_.suspend) context_.host.log(LogLevel::warning, "lane " + lane_.key + " is suspended: " + end_.error);
  tell(stored, EventState::pending, to_text(end_.suspend ? Deferral::suspended : Deferral::not_responding), end_.error);
}

void ActiveWalk::stopped_by_us(std::string why) {
  over_ = true;
  end_.error = std::move(why);
}

void ActiveWalk::tell(const StoredEvent& stored, EventState state, std::string_view deferral, std::string_view text) {
  context_.host.outcome({operations_.empty() ? 0 : operations_.front(), &stored, state, deferral, text});
}

void ActiveWalk::show_progress(const Moment& now, bool always) {
  if (!always && now.monotonic_ms - shown_at_ms_ < kProgressIntervalMs) return;
  shown_at_ms_ = now.monotonic_ms;
  context_.host.progress({operations_.empty() ? 0 : operations_.front(), lane_.key, last_event_id_, done_,
                          static_cast<std::uint64_t>(walk_.waiting)});
}

}  // namespace ptb
