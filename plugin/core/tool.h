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

/// By type; found by a text of any kind.
using Actions = std::map<std::string, Action, std::less<>>;

/// One <icon> of a placement. Any part may be empty.
struct Icon {
  std::string path;      ///< behind the base URL of type icon-http or icon-https
  std::string platform;  ///< "blackboard"; empty: for any
  std::string style;     ///< "toolbar", "listitem"
};

/// A registration document (proxy-tool-protocol §5). Texts that the document leaves out are empty. The bridge acts on
/// the codes, the base URLs, the digest and the actions; the rest is for the LMS and its administrators.
struct Descriptor {
  std::string vendor;  ///< code
  std::string vendor_name;
  std::string vendor_description;
  std::string vendor_url;
  std::string vendor_email;
  std::string program;  ///< code
  std::string name;
  std::string version;
  std::string description;
  /// By type: http, https, server-to-server, icon-http, icon-https.
  std::map<std::string, std::string, std::less<>> base_urls;
  std::string contact_email;  ///< of whoever runs this instance
  DigestAlgorithm digest = DigestAlgorithm::md5;

  /// A web service of the LMS, and what the tool wants to call of it.
  struct Service {
    std::string name;
    std::vector<std::string> operations;
  };
  std::vector<Service> tool_login;    ///< as the tool itself
  std::vector<Service> ticket_login;  ///< for a user, with a ticket

  Actions actions;  ///< at top level; types that no list has are kept too

  struct ContentHandler {
    std::string name;
    std::string handle;
    Actions actions;
    std::optional<bool> can_copy;
    std::vector<Icon> icons;
  };
  std::vector<ContentHandler> content_handlers;

  struct Category {
    std::string name;      ///< free text
    std::string platform;  ///< "blackboard"; empty: for any
  };
  struct MenuLink {
    std::string name;
    std::string description;
    std::vector<Category> categories;
    Actions actions;
    std::vector<Icon> icons;
  };
  std::vector<MenuLink> menu_links;

  /// Types of the actions that no `actions` holds, since their path is an absolute URL under none of the base URLs.
  std::vector<std::string> unusable_actions;

  [[nodiscard]] bool has_placements() const { return !content_handlers.empty() || !menu_links.empty(); }

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
  friend bool operator==(const ToolOptions&, const ToolOptions&) = default;
};

struct Tool {
  Locator locator;
  std::string guid;        ///< 32 lower-case hex digits
  std::string descriptor;  ///< the document as it was registered
  ToolState state = ToolState::unavailable;
  ToolOptions options;
  std::string suspended;  ///< why nothing is sent until an administrator saves it; empty: it is
};

}  // namespace ptb
