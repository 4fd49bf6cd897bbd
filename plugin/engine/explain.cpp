// Why an event waits, and what would release it, in words.
#include <fmt/format.h>

#include "core/clock.h"
#include "engine/reports.h"

namespace ptb {

namespace {

/// Events of the lane that go before it.
Result<std::int64_t> count_ahead(Store& store, const StoredEvent& stored, const LaneStanding& standing) {
  std::int64_t ahead = 0;
  for (std::int64_t after = 0; stored.place.sequence != standing.head_sequence();) {
    const auto page = store.read_waiting(stored.place.lane, after, stored.place.sequence - 1, 1000);
    if (!page) return fail(page.error());
    ahead += static_cast<std::int64_t>(page->size());
    if (page->size() < 1000) break;
    after = page->back().place.sequence;
  }
  return ahead;
}

std::string waits_for(Deferral why, const LaneStanding& standing) {
  if (standing.gate && (why == Deferral::delayed || why == Deferral::maintenance)) return standing.gate->waits_for;
  if (!standing.behind.empty()) return "the events of lane " + standing.behind;
  if (why == Deferral::behind_backlog) return "the events ahead of it in its lane";
  return {};
}

/// What would set the event going.
std::string released_by(Deferral why, const LaneStanding& standing, std::int64_t next_at_ms) {
  const std::string tool = to_text(standing.lane.tool);
  const std::string save = "save " + tool + " as available";
  const std::string at = next_at_ms != 0 ? "the time " + rfc3339(next_at_ms) : std::string();
  switch (why) {
    case Deferral::not_installed:
      return (standing.tool_state ? "" : "install " + tool + " (or claim the lane for another tool), then ") + save;
    case Deferral::not_available: return save;
    case Deferral::held: return "release the lane";
    case Deferral::suspended: return save + " once what stopped it is mended, or park the event";
    case Deferral::queued_for_pull: return "whoever pulls it, or redeliver it";
    case Deferral::delayed: return at.empty() ? "that value becoming known" : at;
    case Deferral::maintenance: return at.empty() ? "the end of the maintenance window" : at;
    case Deferral::behind_backlog: return standing.lane.released ? "the answer to the events ahead of it" : save;
    case Deferral::not_responding: return at.empty() ? save + ", or the next event for it" : at + ", or " + save;
    case Deferral::first_attempt: break;
  }
  return standing.lane.released ? "the next walk of its lane" : save;
}

/// What a person could do next.
Json hints(Deferral why, const StoredEvent& stored, const LaneStanding& standing) {
  const std::string tool = to_text(standing.lane.tool);
  const std::string id = to_text(stored.event.id);
  Json next = Json::array();
  const bool is_head = stored.place.sequence == standing.head_sequence();
  const bool stopped_it = standing.failed() && stored.place.sequence == standing.lane.last_walk.stopped_by;
  if (!is_head && !stopped_it && standing.head)
    next.push_back("look at what stands first: explain " + to_text(standing.head->event.id));
  switch (why) {
    case Deferral::held: next.push_back("release lane " + standing.lane.key); break;
    case Deferral::queued_for_pull: next.push_back("redeliver what is queued for " + tool); break;
    case Deferral::delayed:
    case Deferral::maintenance: next.push_back("change the policy of " + tool + " if it must not wait"); break;
    case Deferral::first_attempt: break;
    default: next.push_back("save " + tool + " as available");
  }
  if (stopped_it) next.push_back("park " + id + " so that what is behind it goes on");
  next.push_back("discard " + id + " with a reason if nobody needs it");
  return next;
}

/// Since when it waits for the present reason.
std::int64_t since_ms(Deferral why, const StoredEvent& stored, const LaneStanding& standing) {
  const Lane& lane = standing.lane;
  const std::int64_t captured_ms = stored.event.captured_at_ms;
  if (why == Deferral::not_installed || why == Deferral::not_available)
    return std::max(captured_ms, lane.condition_since_ms);
  if (why == Deferral::not_responding || why == Deferral::suspended || why == Deferral::queued_for_pull)
    return std::max(captured_ms, lane.last_walk.ended_at_ms);
  return captured_ms;
}

Json attempts_json(const std::vector<FailedAttempt>& attempts) {
  Json list = Json::array();
  for (const FailedAttempt& one : attempts)
    list.push_back({{"number", one.number}, {"at", time_json(one.at_ms)}, {"text", one.text}});
  return list;
}

}  // namespace

Result<Json> explanation(const Viewer& viewer, const StoredEvent& stored, const LaneStanding& standing) {
  const auto attempts = viewer.store.failed_attempts(stored.place);
  if (!attempts) return fail(attempts.error());
  Json json;
  json["id"] = to_text(stored.event.id);
  json["state"] = to_text(stored.state);
  json["why"] = nullptr;
  json["since"] = nullptr;
  json["ahead"] = 0;
  json["waits_for"] = nullptr;
  json["next_at"] = nullptr;
  json["released_by"] = nullptr;
  json["attempts"] = attempts_json(*attempts);
  json["next"] = Json::array();
  if (stored.state != EventState::pending) {
    const std::string id = to_text(stored.event.id);
    if (stored.state == EventState::parked) json["next"] = {"unpark " + id, "discard " + id + " with a reason"};
    if (stored.state == EventState::refused) json["next"] = {"retry " + id + " once the tool is mended"};
    if (stored.state == EventState::delivered) json["next"] = {"replay from " + id + " if the tool has lost it"};
    json["text"] = fmt::format("It is {}{}: nothing is waiting.{}{}", to_text(stored.state),
                               stored.reason.empty() ? "" : " (" + stored.reason + ")",
                               stored.answer.empty() ? "" : " ", stored.answer);
    return json;
  }
  const Deferral why = deferral_of(stored, standing);
  const auto ahead = count_ahead(viewer.store, stored, standing);
  if (!ahead) return fail(ahead.error());
  const std::int64_t next_ms = next_at_ms(viewer, standing);
  const LastWalk& walk = standing.lane.last_walk;
  const bool heard = standing.failed() && stored.place.sequence > standing.lane.mark &&
                     stored.place.sequence <= walk.reached && stored.walks > 0;
  const std::string wanted = waits_for(why, standing);
  const std::string stopped = standing.failed() ? "; the last walk stopped: " + walk.error : std::string();
  json["why"] = to_text(why);
  json["since"] = time_json(since_ms(why, stored, standing));
  json["ahead"] = *ahead;
  json["waits_for"] = wanted.empty() ? Json(nullptr) : Json(wanted);
  json["next_at"] = time_json(next_ms);
  json["released_by"] = released_by(why, standing, next_ms);
  json["next"] = hints(why, stored, standing);
  json["text"] = fmt::format("Captured {} as {}; waits because {}{}{}; {} ahead of it{}{}. Released by: {}.",
                             rfc3339(stored.event.captured_at_ms), to_text(stored.captured_as), to_text(why),
                             wanted.empty() ? "" : " for ", wanted, *ahead, stopped,
                             heard ? "; the tool has acknowledged it in that walk and will hear it again" : "",
                             json["released_by"].get<std::string>());
  return json;
}

}  // namespace ptb
