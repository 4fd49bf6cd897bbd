// The JSON API of `ptb-host serve`: each request is a command, and its answer what the command prints with --json.
// schema/openapi.yaml describes it.
#pragma once

#include "global_options.h"
#include "serve/jobs.h"
#include "serve/live_feed.h"
#include "serve/router.h"
#include "serve/samples.h"

namespace host {

/// What the parts of a running server share.
struct Serving {
  GlobalOptions options;  ///< as a guest of the house
  Access& access;
  Jobs& jobs;
  LiveFeed& live;
  Samples& samples;
  std::string name;  ///< how browsers and tools reach this server: scheme://host:port
  std::uint64_t max_upload_mib = 0;
};

/// `serving` must outlive the router.
void add_tool_api(Router& router, Serving& serving);
void add_event_api(Router& router, Serving& serving);
void add_course_api(Router& router, Serving& serving);
/// Lanes, jobs, policies, the audit trail, and what has been sampled.
void add_steering_api(Router& router, Serving& serving);
/// For tools that take their events: each with its own secret, and only its own.
void add_pull_api(Router& router, Serving& serving);
/// The bridge's store as a whole: check and backup.
void add_store_api(Router& router, Serving& serving);

// -- for the API's own use

/// The JSON object in the body; an empty body is an empty object. Throws Refusal (wrong usage).
Json object_in(const Call& call);
/// A text member; empty where it is missing. Throws Refusal where it is something else.
std::string text_in(const Json& object, const char* member);
std::string need_text_in(const Json& object, const char* member);
bool flag_in(const Json& object, const char* member, bool otherwise = false);

/// The options of the command that this request is: in the audit trail whoever asks is X-Ptb-As, else "web".
GlobalOptions options_of(const Serving& serving, const Call& call);
/// "vendor/program" of a path /api/tools/{vendor}/{program}…
std::string tool_in(const Call& call);

/// The job that a path …/{job} names. Throws NotFound.
JobView job_of(const Serving& serving, const Call& call);

/// The command's answer. A command that was carried out and says no (a walk that stopped) is 200 all the same, with
/// what it said under "notes".
Page command_page(const Serving& serving, const Call& call, const Command& command);
/// As a job: what became of it if it ends within ?wait_ms (a minute, unless it is given), else 202 with its number.
Page job_page(const Serving& serving, const Call& call, const std::string& what, const std::string& tool,
              Command command);
/// What the bridge answers.
Page report_page(const Serving& serving, const Json& question);

}  // namespace host
