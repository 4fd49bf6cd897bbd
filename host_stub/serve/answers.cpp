// See answers.h.
#include "serve/answers.h"

namespace host {

Page json_answer(std::uint32_t status, const Json& value) {
  return {status, "application/json", value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Page json_problem(std::uint32_t status, const std::string& text) { return json_answer(status, {{"error", text}}); }

Page see_other(const std::string& target) {
  return {303, "text/plain; charset=utf-8", "see " + target + "\n", {{"Location", target}}};
}

std::uint32_t status_of(const Refusal& refusal) {
  if (dynamic_cast<const NotFound*>(&refusal) != nullptr) return 404;
  if (const auto* said = dynamic_cast<const BridgeError*>(&refusal); said != nullptr) {
    switch (said->status()) {
      case PTB_E_ARGUMENT: return 400;
      case PTB_E_NOT_FOUND: return 404;
      case PTB_E_STORE:
      case PTB_E_LOCKED: return 503;
      case PTB_E_INTERNAL: return 500;
      default: return 409;
    }
  }
  return refusal.exit_status() == kExitUsage ? 400 : 409;
}

}  // namespace host
