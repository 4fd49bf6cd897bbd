// The commands of ptb-host, one function each: options in, exit status out. They throw Refusal; they know nothing of
// how a command line is read.
#pragma once

#include <string>
#include <vector>

#include "package_restore.h"
#include "session.h"
#include "tool_registration.h"

namespace host {

// -- tools

int tool_add(const GlobalOptions& global, const ToolAdd& add);
int tool_save(const GlobalOptions& global, const std::string& tool, const std::string& state,
              const ToolOptions& options);
int tool_list(const GlobalOptions& global);
int tool_show(const GlobalOptions& global, const std::string& tool);
int tool_remove(const GlobalOptions& global, const std::string& tool);
int tool_ping(const GlobalOptions& global, const std::string& tool);
int tool_reregister(const GlobalOptions& global, const std::string& tool, const std::string& password);
int tool_claim(const GlobalOptions& global, const std::string& from, const std::string& to);

// -- settings

struct SettingSet {
  std::string tool;
  std::string scope;
  std::string id;
  std::string key;
  std::string value;
};

int setting_set(const GlobalOptions& global, const SettingSet& set);
int setting_list(const GlobalOptions& global, const std::string& tool);

// -- registration

struct RegistrationPassword {
  std::string file;    ///< holds the new one; may be empty
  bool clear = false;  ///< ask for none any more
};

/// Changes what is asked for, and says what is.
int registration_password(const GlobalOptions& global, const RegistrationPassword& change);

// -- courses and content

int course_create(const GlobalOptions& global, const std::string& id);
int course_restore(const GlobalOptions& global, const CourseRestore& restore);
int course_copy(const GlobalOptions& global, const std::string& from, const std::string& to, bool exact,
                const CopyTerms& terms);
int course_delete(const GlobalOptions& global, const std::string& id);
int course_export(const GlobalOptions& global, const std::string& id, const std::string& file);
int course_list(const GlobalOptions& global);
int content_copy(const GlobalOptions& global, const std::string& item, const std::string& to_course, bool remove,
                 const CopyTerms& terms);
/// The tool of the item calls it so; what was delayed until that was known goes out.
int content_known(const GlobalOptions& global, const std::string& item, const std::string& external_id);
int content_list(const GlobalOptions& global, const std::string& course);
int group_create(const GlobalOptions& global, const std::string& course, const std::string& name);
int group_list(const GlobalOptions& global, const std::string& course);
/// One of the two is empty.
int forget(const GlobalOptions& global, const std::string& course, const std::string& user);

// -- LTI

int lti_key(const GlobalOptions& global);

// -- events and lanes

struct EventsList {
  std::string tool;
  std::string state;
  std::uint64_t limit = 0;  ///< 0: all
};

int events_list(const GlobalOptions& global, const EventsList& list);
int events_show(const GlobalOptions& global, const std::string& id);
int events_explain(const GlobalOptions& global, const std::string& id);
/// `order`: retry, park, unpark. `reason` may be empty.
int events_order(const GlobalOptions& global, const std::string& order, const std::string& id,
                 const std::string& reason);
int events_discard(const GlobalOptions& global, const std::string& id, const std::string& reason);

struct EventsExport {
  std::string tool;
  std::string state;
  std::string file;  ///< empty: stdout
};

int events_export(const GlobalOptions& global, const EventsExport& wanted);
int events_import(const GlobalOptions& global, const std::string& file);

/// From which event, time or backup on; all empty: what waits.
struct ReplayFrom {
  std::string event;
  std::string time;
  std::string backup;
  bool dry_run = false;
};

int replay(const GlobalOptions& global, const std::string& tool, const ReplayFrom& from);

struct LanesWatch {
  bool on = false;
  std::uint64_t count = 0;  ///< looks; 0: until Ctrl-C
};

int lanes(const GlobalOptions& global, const LanesWatch& watch);

/// One of them.
struct LaneWhich {
  std::string lane;
  std::string tool;
  bool all = false;
  std::string reason;  ///< may be empty
};

/// `order`: hold, release.
int lane_order(const GlobalOptions& global, const std::string& order, const LaneWhich& which);
/// What people ordered, oldest first. `limit` 0: all.
int audit(const GlobalOptions& global, std::uint64_t limit);

// -- policies

struct PolicySet {
  std::string tool;
  std::string policy;  ///< a preset's name or a file
  std::string with;    ///< attributes to change; may be empty
};

int policy_list(const GlobalOptions& global);
/// `policy`: a preset's name or a file.
int policy_check(const GlobalOptions& global, const std::string& policy);
/// `whose`: a tool or a preset.
int policy_show(const GlobalOptions& global, const std::string& whose);
int policy_set(const GlobalOptions& global, const PolicySet& set);

// -- pulling

struct PullTerms {
  std::string tool;
  std::string url;  ///< list: only what would go there; may be empty
  int limit = 10;
  int lease_s = 300;
};

int pull_list(const GlobalOptions& global, const PullTerms& terms);
int pull_take(const GlobalOptions& global, const PullTerms& terms);
/// `order`: pull_ack, pull_give_back.
int pull_end(const GlobalOptions& global, const std::string& order, const std::string& token,
             const std::vector<std::string>& ids);
/// `ids` empty: all that waits for the tool.
int pull_redeliver(const GlobalOptions& global, const std::string& tool, const std::vector<std::string>& ids);

// -- the small LMS's own data

int state_backup(const GlobalOptions& global, const std::string& file);
int state_restore(const GlobalOptions& global, const std::string& file);
int state_new_generation(const GlobalOptions& global);

// -- the bridge's store as a whole

struct StoreRestore {
  std::string file;
  bool done_outside = false;   ///< somebody has put it back by other means
  bool capture_again = false;  ///< what the LMS has done since the backup
};

int store_check(const GlobalOptions& global);
int store_nodes(const GlobalOptions& global);
int store_backup(const GlobalOptions& global, const std::string& file);
int store_restore(const GlobalOptions& global, const StoreRestore& restore);
/// Two URIs; the first one is the bridge's own store.
int store_migrate(const GlobalOptions& global, const std::string& from, const std::string& to);

// -- for the commands' own use

/// The moment that an option names. Throws Refusal (wrong usage).
std::int64_t moment_option(const char* option, const std::string& text);

/// Shows what a walk has come to. Returns the exit status: a walk that stopped is kExitRefused, and says why on stderr.
int show_walk(const GlobalOptions& global, const Locator& tool, const std::string& state,
              const OperationResult& result);

/// "pending, not_available", "delivered" …
std::string fate_text(const EventFate& fate);
Json fate_json(const LmsEvent& event, const EventFate& fate);

/// Shows what has become of an operation's events. `about` opens the JSON object; `headline` the text.
void show_operation(const GlobalOptions& global, Json about, const std::string& headline, const Operation& operation,
                    const CaptureReport& report);

}  // namespace host
