// Registers a tool and changes what is known of it, in the small LMS and in the bridge at once. Prints nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session.h"

namespace host {

/// What `tool add` and `tool save` can say of a tool. Not given: add takes the default, save keeps what is.
struct ToolOptions {
  std::string secret_file;
  std::optional<std::string> secret;  ///< instead of the file
  std::optional<bool> strict;
  std::optional<bool> allow_http;
  std::optional<bool> allow_private;
  std::optional<bool> allow_downgrade;
  std::optional<std::string> ca_file;
  std::optional<std::string> wire;
  std::vector<std::string> allow_cidrs;  ///< none: not given; only empty texts: allow none any more
  std::optional<std::string> client_cert;
  std::optional<std::string> client_key;
  std::optional<std::string> endpoint;
  std::optional<std::uint32_t> max_batch;
  std::optional<std::string> lti_client_id;
  std::optional<std::string> lti_deployment_id;
  std::optional<std::string> policy;  ///< a preset's name or a file
};

struct ToolAdd {
  std::string descriptor_file;
  std::string descriptor;  ///< the document itself, instead of the file
  bool registration_password = false;
  bool keeps_options = false;  ///< a tool that is known already keeps what `options` does not say
  ToolOptions options;
};

/// What is read from files before a session is opened.
struct RegistrationFiles {
  std::string descriptor;
  std::optional<std::string> secret;  ///< none: the tool's wire has none of its own
  std::string policy = {};            ///< empty: not given
};
RegistrationFiles read_registration(const ToolAdd& add);

/// The secret in the file, without the newline at its end. Throws Refusal: missing, empty, too long, not UTF-8.
std::string read_secret(const std::string& path);

/// Throws Refusal where the text can be no secret. `whose` says where it came from.
void check_secret_text(std::string_view secret, std::string_view whose);

/// What a preset's name or the name of a file stands for: the name, or the document in the file. A document stands for
/// itself. Throws Refusal.
std::string read_policy(const std::string& name_or_file);

/// The secret that `options` names or holds; none: neither. Throws Refusal.
std::optional<std::string> secret_in(const ToolOptions& options);

struct Registered {
  Tool tool;
  bool known_before = false;
};

/// A tool known already keeps its guid and its state; else the state is what proxy-tool-protocol §6 says.
Registered register_tool(Session& session, const ToolAdd& add, const RegistrationFiles& files);

struct Saved {
  std::string state;  ///< that the tool has now
  OperationResult result;
};

/// Changes what `options` says, saves the tool in that state, waits for the walk, and stores the state that came of it.
/// Changes the tool here and in the bridge, or in neither. `state` empty: a tool that is known already keeps its own.
/// `policy` empty: the one in force stays.
void store_tool(Session& session, Tool tool, const std::optional<std::string>& secret, std::string_view state,
                std::string_view policy = {});

Saved save_tool(Session& session, const Locator& locator, const std::string& state, const ToolOptions& options,
                const std::optional<std::string>& secret);

}  // namespace host
