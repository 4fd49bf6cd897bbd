// What all pages of one tool begin with: where we are, its name and state, and the way to its other pages.
#pragma once

#include <string>

#include "serve/pages/page.h"

namespace host {

/// The tool of the address. Throws Refusal where it is none.
struct ToolHere {
  std::string locator;
  Json tool;   ///< as `tool show --json`; null: nobody has installed it
  Json lanes;  ///< of this tool, as the report has them
  Json model;  ///< for tool_head.mustache
};

/// `page`: overview, events, settings, policy, replay, pull. Throws NotFound where the tool is not installed and
/// nothing waits for it.
ToolHere tool_here(const Serving& serving, const Call& call, const std::string& page);

}  // namespace host
