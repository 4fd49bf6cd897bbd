// The plain answers that handlers of `ptb-host serve` give, and what a Refusal becomes over HTTP.
#pragma once

#include <string>

#include "http/message.h"
#include "plugin.h"
#include "refusal.h"

namespace host {

Page json_answer(std::uint32_t status, const Json& value);
/// {"error": TEXT}.
Page json_problem(std::uint32_t status, const std::string& text);
/// To another page of this server, after something was done.
Page see_other(const std::string& target);

/// 400 typed wrongly, 404 not there, 409 refused by a rule or by the tool, 500 a fault, 503 no room or no store.
std::uint32_t status_of(const Refusal& refusal);

}  // namespace host
