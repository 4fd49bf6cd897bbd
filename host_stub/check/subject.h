// The tool that a vendor check talks to: what its descriptor says, who it shares a secret with, how it may be reached.
// Plain values; knows no case and sends nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_client.h"
#include "receive/verifier.h"
#include "session.h"

namespace host {

/// What is said on the command line.
struct CheckOptions {
  std::string descriptor_file;
  std::string secret_file;
  bool strict = false;
  bool allow_http = false;
  bool allow_private = false;
  std::vector<std::string> allow_cidrs;
  std::string ca_file;
  std::string client_cert;
  std::string client_key;
  std::string guid;         ///< that registration gave the tool; empty: any
  std::string probe;        ///< URL that counts effects; empty: none
  std::uint32_t rate = 50;  ///< events a second
  std::uint32_t load = 100;
  std::uint32_t within_ms = 0;  ///< 0: the time-out
  bool destructive = false;
  bool list = false;
  std::vector<std::string> cases;  ///< none: all
  std::optional<std::uint64_t> seed;
  std::string junit_file;
  std::string html_file;
};

/// One action of the descriptor.
struct ToolAction {
  std::string type;
  std::string url;
  Params fixed;
};

struct Subject {
  std::string locator;
  std::string name;
  std::string base_url;
  Digest digest = Digest::md5;
  std::vector<ToolAction> actions;
  std::vector<std::string> unusable;  ///< types of actions whose path is under none of the base URLs
  std::string secret;
  std::string tcbaseurl;
  std::string guid;
  bool guid_given = false;
  bool strict = false;
  HttpCall call;  ///< without URL and body
  std::string probe_url;
  std::uint32_t rate = 1;
  std::uint32_t load = 0;  ///< events
  std::uint32_t within_ms = 0;
  bool destructive = false;

  /// Nullptr where the descriptor names none.
  [[nodiscard]] const ToolAction* action(std::string_view type) const;
  [[nodiscard]] bool is_https() const;
};

/// Has the plugin read the descriptor. Throws Refusal: a file cannot be read, the descriptor is none.
Subject read_subject(const GlobalOptions& global, const CheckOptions& options);

}  // namespace host
