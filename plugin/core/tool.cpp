#include "core/tool.h"

namespace ptb {

std::string_view to_text(ToolState state) {
  switch (state) {
    case ToolState::available: return "available";
    case ToolState::inactive: return "inactive";
    case ToolState::unavailable: return "unavailable";
  }
  return "";
}

std::optional<ToolState> tool_state_from(std::string_view text) {
  for (const auto state : {ToolState::available, ToolState::inactive, ToolState::unavailable})
    if (to_text(state) == text) return state;
  return std::nullopt;
}

const Action* Descriptor::action_for(EventKind kind, std::string_view content_handle) const {
  const std::string_view type = to_text(kind);
  if (const auto at = actions.find(type); at != actions.end()) return &at->second;
  for (const auto& handler : content_handlers) {
    if (!content_handle.empty() && handler.handle != content_handle) continue;
    if (const auto at = handler.actions.find(type); at != handler.actions.end()) return &at->second;
  }
  return nullptr;
}

}  // namespace ptb
