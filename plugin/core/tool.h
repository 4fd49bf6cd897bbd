// A proxy tool as the bridge knows it: who it is, what its registration document says, and what its administrator
// allows.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/pairs.h"

namespace ptb {

/// Values equal PTB_TOOL_AVAILABLE … of ptbridge.h.
enum class ToolState : std::uint8_t { available = 1, inactive = 2, unavailable = 3 };
std::string_view to_text(ToolState state);
std::optional<ToolState> tool_state_from(std::string_view text);

enum class DigestAlgorithm : std::uint8_t { md5, sha1 };

/// One <action> of a descriptor.
struct Action {
  std::string path;
  Pairs fixed;  ///< its <param name= fixed=> values, sent as POST parameters
};

/// What the bridge needs of a registration document (proxy-tool-protocol §5).
struct Descriptor {
  std::string vendor;
  std::string program;
  std::string name;
  std::map<std::string, std::string> base_urls;  ///< by type: http, https, server-to-server, icon-http, icon-https
  DigestAlgorithm digest = DigestAlgorithm::md5;
  std::map<std::string, Action> actions;  ///< top level, by type
  struct ContentHandler {
    std::string name;
    std::string handle;
    std::map<std::string, Action> actions;
  };
  std::vector<ContentHandler> content_handlers;
  bool has_placements = false;  ///< content handlers or menu links

  /// The action for an event of that kind, or nullptr where the descriptor names none: then the event is not sent.
  /// One at top level comes first; else that of the content handler with that handle, or, where the handle is empty, of
  /// the first handler that has one.
  [[nodiscard]] const Action* action_for(EventKind kind, std::string_view content_handle) const;
};

/// What an administrator has allowed or asked for, for one tool.
struct ToolOptions {
  bool strict = false;           ///< none of the bridge's own parameters
  bool allow_http = false;       ///< plain http
  bool allow_private = false;    ///< loopback and private addresses
  bool allow_downgrade = false;  ///< from https to http after a failed TLS handshake
  std::string wire;              ///< "proxy-tool", "standard-webhooks", "lti-notice"
  std::string ca_file;           ///< PEM; empty: the system's
  std::uint32_t timeout_ms = 0;  ///< one exchange; 0: the bridge's
  std::string allow_cidrs;       ///< address ranges that are allowed though private: "10.1.0.0/16 fd00::/8"
  std::string client_cert_file;  ///< PEM, for mutual TLS; with client_key_file, or both empty
  std::string client_key_file;
  std::string endpoint;         ///< absolute URL instead of base URL and path, on wires that have one address
  std::uint32_t max_batch = 0;  ///< events a request that the tool takes, on wires that batch; 0: 1
  std::string lti_client_id;    ///< audience of notices
  std::string lti_deployment_id;
};

struct Tool {
  Locator locator;
  std::string guid;        ///< 32 lower-case hex digits
  std::string descriptor;  ///< the document as it was registered
  ToolState state = ToolState::unavailable;
  ToolOptions options;
};

}  // namespace ptb
