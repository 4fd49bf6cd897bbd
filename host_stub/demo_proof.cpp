// See demo_proof.h.
#include "demo_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace host {

namespace {

const AcceptedEvent* find(const Evidence& evidence, std::string_view id) {
  for (const auto& event : evidence.accepted)
    if (event.id == id) return &event;
  return nullptr;
}

std::string letters(const Evidence& evidence, const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) {
    const auto* event = find(evidence, id);
    text += (text.empty() ? "" : " ") + (event != nullptr ? event->letter : "?");
  }
  return text.empty() ? "nothing" : text;
}

std::vector<std::string> ids_of(const Evidence& evidence) {
  std::vector<std::string> ids;
  for (const auto& line : evidence.received) ids.emplace_back(line.param("event_id"));
  return ids;
}

Proof nothing_lost(const Evidence& evidence) {
  std::set<std::string, std::less<>> heard;
  for (const auto& line : evidence.received)
    if (said_success(line)) heard.emplace(line.param("event_id"));
  const auto missing = std::count_if(evidence.accepted.begin(), evidence.accepted.end(),
                                     [&](const AcceptedEvent& event) { return !heard.contains(event.id); });
  const bool holds = missing == 0 && evidence.still_waiting == 0 && !evidence.accepted.empty();
  return {"P1", "Nothing accepted is lost",
          fmt::format("{} accepted while the tool was down, {} heard by it, {} still waiting", evidence.accepted.size(),
                      evidence.accepted.size() - static_cast<std::size_t>(missing), evidence.still_waiting),
          holds};
}

Proof in_order(const Evidence& evidence) {
  std::vector<std::string> first;
  for (const auto& id : ids_of(evidence))
    if (std::find(first.begin(), first.end(), id) == first.end()) first.push_back(id);
  std::vector<std::string> captured;
  for (const auto& event : evidence.accepted) captured.push_back(event.id);
  return {"P2", "Order",
          fmt::format("captured {}, first deliveries {}", letters(evidence, captured), letters(evidence, first)),
          first == captured};
}

Proof recognisable_repeats(const Evidence& evidence) {
  const auto ids = ids_of(evidence);
  const auto split = std::min(evidence.requests_of_first_save, ids.size());
  const std::vector<std::string> before(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(split));
  const std::vector<std::string> after(ids.begin() + static_cast<std::ptrdiff_t>(split), ids.end());
  std::set<std::string> seen;
  bool marked = true;
  for (const auto& line : evidence.received) {
    const bool repeat = !seen.emplace(line.param("event_id")).second;
    marked = marked && repeat == line.repeat;
  }
  std::vector<std::string> whole;
  for (const auto& event : evidence.accepted) whole.push_back(event.id);
  const bool holds =
      before.size() == 1 && !whole.empty() && before.front() == whole.front() && after == whole && marked;
  return {"P3", "At least once, recognisably",
          fmt::format("the walk that stopped had sent {}; the next one started again at the first event: {}; {} known "
                      "by its event_id",
                      letters(evidence, before), letters(evidence, after),
                      marked ? "each repeat is" : "NOT each repeat is"),
          holds};
}

Proof captured_once(const Evidence& evidence) {
  return {"P4", "Capture is idempotent",
          fmt::format("the same operation captured again: {} of {} answered as duplicates, {} requests",
                      evidence.duplicates_answered, evidence.accepted.size(), evidence.received_after_duplicate),
          evidence.duplicates_answered == evidence.accepted.size() && evidence.received_after_duplicate == 0};
}

Proof as_it_was(const Evidence& evidence) {
  std::set<std::string, std::less<>> nonces;
  std::map<std::string, std::set<std::string>, std::less<>> macs;
  bool old_settings = true;
  bool trusted = true;
  for (const auto& line : evidence.received) {
    nonces.emplace(line.param("nonce"));
    macs[std::string(line.param("event_id"))].emplace(line.param("mac"));
    trusted = trusted && line.mac_ok == true && line.problem.empty();
    const auto* event = find(evidence, line.param("event_id"));
    old_settings = old_settings && event != nullptr && line.param("content_id") == event->content_id;
    if (event == nullptr) continue;
    for (const auto& [key, value] : event->settings) old_settings = old_settings && line.param(key) == value;
  }
  std::size_t fresh_macs = 0;
  for (const auto& [id, values] : macs) fresh_macs += values.size();
  const auto requests = evidence.received.size();
  const bool fresh = nonces.size() == requests && fresh_macs == requests;
  return {"P5", "As it was",
          fmt::format("{} settings of the moment of capture in {} requests; {} nonces, {} signatures, {}",
                      old_settings ? "the" : "NOT the", requests, nonces.size(), fresh_macs,
                      trusted ? "all accepted by the tool" : "NOT all accepted by the tool"),
          old_settings && fresh && trusted && requests > 0};
}

}  // namespace

std::vector<Proof> prove(const Evidence& evidence) {
  return {nothing_lost(evidence), in_order(evidence), recognisable_repeats(evidence), captured_once(evidence),
          as_it_was(evidence)};
}

}  // namespace host
