#include "engine/up_to_date.h"

#include "core/planted_bug.h"

namespace ptb {

namespace {

constexpr std::string_view kItemId = "external_content_id";

bool waits_for_item(const Policy& policy, EventKind kind) {
  return !policy.delays.empty() && policy.delays.back().until == Delay::Until::item &&
         policy.delays.back().kinds.contains(kind);
}

}  // namespace

Result<void> bring_up_to_date(StoredEvent& stored, const Policy& policy, const Locator& tool, SendContext& context) {
  Event& event = stored.event;
  if (policy.current_settings || planted(PlantedBug::snapshot_at_send)) {
    auto now_set = context.host.load_settings(tool, event.course_id, event.content_id);
    if (!now_set)
      return fail(Status::host, "the tool settings could not be loaded: " + printable(now_set.error().text, 120));
    stored.settings = encode_settings(std::move(*now_set));
  }
  if (!waits_for_item(policy, event.kind) || !find_encoded(event.arguments, kItemId).value_or("").empty()) return {};
  Lane lane;
  lane.tool = tool;
  const std::string known = Gatekeeper(context.store, policy, lane, ToolState::available).known_item(stored);
  auto arguments = decode_pairs(event.arguments);
  if (known.empty() || !arguments) return {};
  std::erase_if(*arguments, [&](const auto& pair) { return pair.first == kItemId; });
  arguments->emplace_back(kItemId, known);
  event.arguments = encode_pairs(*arguments);
  return {};
}

}  // namespace ptb
