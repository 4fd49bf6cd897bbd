// The web pages of `ptb-host serve`: HTML for people. What they show is what commands and reports answer, and what they
// change goes through the same commands. `serving` must outlive the router.
#pragma once

#include "serve/api.h"
#include "serve/router.h"

namespace host {

/// Login, style sheet, script, and how a browser is told that something is wrong.
void add_base_pages(Router& router, Serving& serving);
void add_tools_pages(Router& router, Serving& serving);
void add_tool_pages(Router& router, Serving& serving);
void add_event_pages(Router& router, Serving& serving);
void add_job_pages(Router& router, Serving& serving);
void add_lane_pages(Router& router, Serving& serving);
void add_policy_pages(Router& router, Serving& serving);
void add_audit_pages(Router& router, Serving& serving);
void add_course_pages(Router& router, Serving& serving);
/// The whole story with a tool and a course that are built in.
void add_try_pages(Router& router, Serving& serving);

}  // namespace host
