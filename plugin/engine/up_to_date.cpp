#include "engine/up_to_date.h"

#include "core/planted_bug.h"

namespace ptb {

namespace {

constexpr std::string_view kItemId = "external_content_id";

/// Where a delay waits for the id of its item, the host may have said it since.
void put_in_item(const SendContext& context, const Policy& policy, const Locator& tool, Event& event) {
  const bool may_lack_item = !policy.delays.empty() && policy.delays.back().until == Delay::Until::item &&
                             policy.delays.back().kinds.contains(event.kind);
  if (!may_lack_item || event.content_id.empty() || !find_encoded(event.arguments, kItemId).value_or("").empty())
    return;
  const auto known = context.store.known({tool, "item", event.content_id, {}, {}});
  auto arguments = decode_pairs(event.arguments);
  if (!known || !*known || (*known)->empty() || !arguments) return;
  std::erase_if(*arguments, [&](const auto& pair) { return pair.first == kItemId; });
  arguments->emplace_back(kItemId, **known);
  event.arguments = encode_pairs(*arguments);
}

}  // namespace

Result<void> bring_up_to_date(StoredEvent& stored, const Policy& policy, const Locator& tool, SendContext& context) {
  if (stored.event.kind >= EventKind::state_change) return {};  // of the tool itself
  put_in_item(context, policy, tool, stored.event);
  if (!policy.current_settings && !planted(PlantedBug::snapshot_at_send)) return {};
  auto now_set = context.host.load_settings(tool, stored.event.course_id, stored.event.content_id);
  if (!now_set)
    return fail(Status::host, "the tool settings could not be loaded: " + printable(now_set.error().text, 120));
  stored.settings = std::move(*now_set);
  return {};
}

}  // namespace ptb
