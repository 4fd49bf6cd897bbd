#include "engine/active_walk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/fault_point.h"
#include "core/planted_bug.h"
#include "engine/up_to_date.h"

namespace ptb {

namespace {

/// Events are read this many at a time, so that memory does not grow with the backlog (P9).
constexpr int kPageEvents = 64;
constexpr std::int64_t kProgressIntervalMs = 100;
/// A request that was built ahead so long ago is built anew: its timestamp has to be fresh.
constexpr std::int64_t kFreshMs = 1'000;
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

double chance(Random& random) {
  std::array<unsigned char, 4> bytes{};
  random.fill(bytes);
  double value = 0;
  for (const unsigned char byte : bytes) value = (value + byte) / 256;
  return value;
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
  if (planted(PlantedBug::skip_head_on_restart) && lane_.stopping_count > 0) ++read_through_;
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
std::size_t ActiveWalk::group_size(const Moment& now) const {
  std::size_t size = 1;
  while (size < batch_limit() && page_at_ + size < page_.size()) {
    const std::int64_t before = page_[page_at_ + size - 1].place.sequence;
    const std::int64_t next = page_[page_at_ + size].place.sequence;
    const bool over_start = before < lane_.kept_from && next >= lane_.kept_from;
    const bool over_end = before <= lane_.kept_through && next > lane_.kept_through;
    if (over_start || over_end || !may_go(page_[page_at_ + size], now)) break;
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
  if (planted(PlantedBug::live_event_overtakes) && page_.back().captured_as == Deferral::behind_backlog)
    std::rotate(page_.begin(), page_.end() - 1, page_.end());
  settings_.resize(page_.size());  // outgoing_ points into it
  for (const auto& stored : page_) {
    const std::int64_t attempt = walk_.ordinal - stored.walks_before;
    const bool deferred = stored.captured_as != Deferral::first_attempt || attempt > 1;
    outgoing_.push_back({&stored, &settings_[outgoing_.size()].pairs, attempt, deferred});
  }
  return true;
}

/// These events are to be sent: what the policy wants as it is now is read now.
Result<void> ActiveWalk::bring_up_to_date(std::size_t first, std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    const auto brought = ptb::bring_up_to_date(page_[i], *tool_->policy, lane_.tool, context_);
    if (!brought) return brought;
    auto settings = effective_settings(page_[i].settings);
    if (!settings) return fail(settings.error());
    settings_[i] = std::move(*settings);
  }
  return {};
}

Result<WireRequest> ActiveWalk::build(std::size_t page_at, std::size_t count, const Moment& now) {
  const std::span<const Outgoing> group(outgoing_.data() + page_at, count);
  return tool_->wire->build(tool_->at_send, group, Stamp{now.wall_ms, fresh_nonce(context_.random)}, secret_,
                            fallback_);
}

void ActiveWalk::build_ahead(const Moment& now) {
  const std::size_t at = page_at_ + 1;
  if (over_ || in_flight_ != 1 || batch_limit() > 1 || fallback_ != 0 || at >= page_.size()) return;
  const Policy& policy = *tool_->policy;
  // What a policy wants to be looked at when an event goes out is left for then.
  if (policy.current_settings || looks_at_events(policy) || page_[at].event.not_before_ms != 0) return;
  if (!bring_up_to_date(at, 1)) return;
  auto built = build(at, 1, now);
  if (built && built->taken == 1) ahead_ = Ahead{at, now.wall_ms, tool_, std::move(built->request)};
}

/// The request for what is next, built ahead or now. Ends the walk where it cannot be said what is to be sent.
Result<WireRequest> ActiveWalk::next_request(const Moment& now) {
  if (auto ahead = std::exchange(ahead_, std::nullopt); ahead) {
    const std::int64_t age_ms = now.wall_ms - ahead->stamped_at_ms;
    const bool holds = ahead->page_at == page_at_ && ahead->tool == tool_ && fallback_ == 0;
    if (holds && age_ms >= 0 && age_ms < kFreshMs) return WireRequest{1, std::move(ahead->request), {}};
  }
  const std::size_t count = group_size(now);
  if (auto brought = bring_up_to_date(page_at_, count); !brought) {
    stopped_by_us(brought.error().text);
    return fail(brought.error());
  }
  return build(page_at_, count, now);
}

bool ActiveWalk::may_go(const StoredEvent& stored, const Moment& now) const {
  const Policy& policy = *tool_->policy;
  if (stored.event.not_before_ms == 0 && !looks_at_events(policy)) return true;
  const Gatekeeper gatekeeper(context_.store, policy, lane_, ToolState::available);
  const std::int64_t too_old_at = gatekeeper.given_up_at(stored);
  return (too_old_at == 0 || too_old_at > now.wall_ms) && gatekeeper.gate(stored, now.wall_ms).open;
}

bool ActiveWalk::held_back(const Moment& now) {
  const StoredEvent& stored = page_[page_at_];
  const Policy& policy = *tool_->policy;
  if (may_go(stored, now)) return false;
  const Gatekeeper gatekeeper(context_.store, policy, lane_, ToolState::available);
  const std::int64_t too_old_at = gatekeeper.given_up_at(stored);
  if (too_old_at != 0 && too_old_at <= now.wall_ms) {
    const GivenUp given = given_up(policy.give_up.then);
    if (given.suspend_tool) {
      stopped_by_us("event " + to_text(stored.event.id) + " has waited too long: save " + to_text(lane_.tool) +
                    " to try again");
      end_.suspend_tool = true;
      return true;
    }
    ++page_at_;
    ++tally_.discarded;
    set_aside(stored, given.state, "too_old", "it waited longer than its policy allows", now);
    return true;
  }
  const Gate gate = gatekeeper.gate(stored, now.wall_ms);
  if (gate.open) return false;
  over_ = true;
  closed_gate_ = gate;
  const std::int64_t through = stored.place.sequence - 1;
  end_.completed = through >= walk_.first;
  if (end_.completed) {
    end_.reached = through;
    end_.through = through;
  } else {
    end_.error = "waits for " + gate.waits_for;
  }
  end_.not_before_ms = std::max<std::int64_t>(gate.at_ms, 1);
  tell(stored, EventState::pending, to_text(gate.deferral), "waits for " + gate.waits_for);
  return true;
}

void ActiveWalk::forget_page() {
  ahead_.reset();
  outgoing_.clear();
  settings_.clear();
  page_.clear();
  page_at_ = 0;
  wipe(secret_);
}

bool ActiveWalk::load_secret(const Moment& now) {
  if (!secret_.empty()) return true;
  auto secret = context_.host.load_secret(lane_.tool);
  if (!secret || secret->empty()) {
    Outcome outcome{Outcome::Kind::suspended,
                    "the secret of " + to_text(lane_.tool) + " is missing: store it, then save the tool"};
    if (!secret) outcome.text += " (" + printable(secret.error().text, 120) + ")";
    return stopped_at(page_at_, outcome, std::nullopt, now), false;
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
    if (held_back(now)) continue;
    if (!load_secret(now)) break;
    fault_point("walk.before_send");
    auto built = next_request(now);
    if (over_) break;
    if (!built) {
      stopped_at(page_at_, {Outcome::Kind::failed, built.error().text}, FailureKind::not_sent, now);
      break;
    }
    if (built->taken > 0) {
      if (planted(PlantedBug::settle_before_answer))
        (void)context_.store.settle(page_[page_at_].place, EventState::delivered, {}, {}, now.wall_ms);
      in_flight_ = built->taken;
      return std::move(built->request);
    }
    if (built->unsendable.kind == Outcome::Kind::no_handler ||
        built->unsendable.kind == Outcome::Kind::not_expressible) {
      const StoredEvent& stored = page_[page_at_++];
      ++tally_.discarded;
      settled(stored, EventState::discarded, built->unsendable, now);
    } else {
      stopped_at(page_at_, built->unsendable, FailureKind::not_sent, now);
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
  const Outcome by_wire = tool_->wire->judge(result);
  const Outcome outcome = judge_under(*tool_->policy, result, by_wire);
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
        stopped_at(page_at_, outcome, failure_kind(result, by_wire), now);
        return;
    }
    ++page_at_;
  }
  keep_progress(now);
  show_progress(now, false);
}

void ActiveWalk::acknowledged(const StoredEvent& stored) {
  if (tally_.acknowledged == 0)
    acknowledged_course_ = stored.event.course_id;
  else if (acknowledged_course_ != stored.event.course_id)
    acknowledged_course_.clear();
  ++tally_.acknowledged;
  ++done_;
  end_.reached = stored.place.sequence;
  last_event_ = stored.event.id;
  tell(stored, EventState::delivered, {}, {});
}

void ActiveWalk::settled(const StoredEvent& stored, EventState state, const Outcome& outcome, const Moment& now) {
  const std::string reason = outcome.kind == Outcome::Kind::no_handler        ? "no_handler"
                             : outcome.kind == Outcome::Kind::not_expressible ? "wire_cannot_say"
                                                                              : "refused";
  set_aside(stored, state, reason, outcome.text, now);
}

void ActiveWalk::set_aside(const StoredEvent& stored, EventState state, const std::string& reason,
                           const std::string& text, const Moment& now) {
  fault_point("walk.before_settle");
  const auto written = context_.store.settle(stored.place, state, reason, text, now.wall_ms, &walk_);
  fault_point("walk.after_settle");
  // Refused: somebody has settled it meanwhile, which stays.
  if (!written && written.error().status != Status::refused) return stopped_by_us(written.error().text);
  ++done_;
  end_.reached = stored.place.sequence;
  last_event_ = stored.event.id;
  tell(stored, state, {}, text);
}

void ActiveWalk::stopped_at(std::size_t page_at, const Outcome& outcome, std::optional<FailureKind> kind,
                            const Moment& now) {
  const StoredEvent& stored = page_[page_at];
  over_ = true;
  end_.stopped_by = stored.place.sequence;
  if (in_flight_ > 1) end_.stopped_through = page_[page_at + in_flight_ - 1].place.sequence;
  if (!tool_->policy->restart_first && stored.place.sequence > walk_.first) end_.settled = stored.place.sequence - 1;
  end_.error = outcome.text;
  stopped_by_id_ = to_text(stored.event.id);
  // What a tool asks for does not shorten the distance that it is kept at.
  if (outcome.retry_after_ms != 0)
    end_.not_before_ms = now.wall_ms + std::max(outcome.retry_after_ms, context_.contact_interval_ms);
  if (outcome.kind == Outcome::Kind::suspended)
    end_.hold = LaneHold::suspended;
  else if (kind)
    follow_policy(stored, *kind, outcome.retry_after_ms, now);
  const Deferral deferral = end_.hold == LaneHold::queued                           ? Deferral::queued_for_pull
                            : end_.hold == LaneHold::suspended || end_.suspend_tool ? Deferral::suspended
                                                                                    : Deferral::not_responding;
  if (deferral == Deferral::suspended)
    context_.host.log(LogLevel::warning, (end_.suspend_tool ? "tool " + to_text(lane_.tool) : "lane " + lane_.key) +
                                             " is suspended: " + end_.why());
  tell(stored, end_.stopper, end_.stopper == EventState::pending ? to_text(deferral) : "", end_.why());
}

void ActiveWalk::follow_policy(const StoredEvent& stored, FailureKind kind, std::int64_t retry_after_ms,
                               const Moment& now) {
  const Policy& policy = *tool_->policy;
  auto failures = context_.store.failures(stored.place);
  if (!failures) return;
  ++failures->count;
  if (failures->count == 1) failures->first_at_ms = now.wall_ms;
  failures->last_at_ms = now.wall_ms;
  const FailureDecision decision = after_failure(policy, kind, *failures, chance(context_.random));
  switch (decision.kind) {
    case FailureDecision::Kind::hold: {
      const bool again = lane_.stopping_sequence == stored.place.sequence;
      if (tally_.acknowledged == 0 || !again || lane_.stopping_count + 1 < kStopsBeforeSuspension) return;
      end_.hold = LaneHold::suspended;
      end_.hold_reason = "event " + stopped_by_id_ + " has stopped " + std::to_string(kStopsBeforeSuspension) +
                         " walks that had got past others (" + end_.error +
                         "): look at it, park it or mend the tool, then save the tool";
      return;
    }
    case FailureDecision::Kind::retry:
      end_.not_before_ms = std::max(decision.at_ms, retry_after_ms != 0 ? now.wall_ms + retry_after_ms : 0);
      return;
    case FailureDecision::Kind::queue: end_.hold = LaneHold::queued; return;
    case FailureDecision::Kind::park: return give_up_stopper(stored, GiveUp::Then::park, decision.why);
    case FailureDecision::Kind::discard: return give_up_stopper(stored, GiveUp::Then::discard, decision.why);
    case FailureDecision::Kind::suspend: return give_up_stopper(stored, GiveUp::Then::suspend, decision.why);
  }
}

void ActiveWalk::give_up_stopper(const StoredEvent& stored, GiveUp::Then then, const std::string& reason) {
  const GivenUp given = given_up(then);
  end_.suspend_tool = given.suspend_tool;
  end_.stopper = given.state;
  end_.stopper_reason = given.suspend_tool ? std::string() : reason;
  if (given.state != EventState::pending) end_.not_before_ms = 1;  // a crash in between keeps nobody waiting
  if (given.suspend_tool)
    end_.hold_reason = "event " + to_text(stored.event.id) + " was tried as often as its policy allows (" + end_.error +
                       "): mend the tool, then save it";
  else
    ++tally_.discarded;
}

/// A policy that restarts with the next event has the mark follow the answers.
void ActiveWalk::keep_progress(const Moment& now) {
  const Policy& policy = *tool_->policy;
  if (policy.restart_first || all_answered() || ++answered_since_mark_ < policy.settle) return;
  answered_since_mark_ = 0;
  const std::int64_t answered = page_[page_at_ - 1].place.sequence;
  const std::int64_t through = planted(PlantedBug::mark_past_gap) ? read_through_ : answered;
  if (auto moved = context_.store.advance_mark(walk_, through, now.wall_ms); !moved) stopped_by_us(moved.error().text);
}

void ActiveWalk::stopped_by_us(std::string why) {
  over_ = true;
  end_.error = std::move(why);
  if (tool_ != nullptr && !tool_->policy->restart_first && end_.reached >= walk_.first) end_.settled = end_.reached;
}

void ActiveWalk::tell(const StoredEvent& stored, EventState state, std::string_view deferral, std::string_view text) {
  context_.host.outcome({operations_.empty() ? 0 : operations_.front(), &stored, state, deferral, text});
}

void ActiveWalk::show_progress(const Moment& now, bool always) {
  if (!always && now.monotonic_ms - shown_at_ms_ < kProgressIntervalMs) return;
  shown_at_ms_ = now.monotonic_ms;
  const std::string last_event = last_event_ ? to_text(*last_event_) : std::string();
  context_.host.progress({operations_.empty() ? 0 : operations_.front(), lane_.key, last_event, done_,
                          static_cast<std::uint64_t>(walk_.waiting)});
}

}  // namespace ptb
