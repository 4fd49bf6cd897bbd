// SOAP 1.1 and 1.2 as text: a request read into a call, an answer or a fault written. Lenient where clients of old are
// careless, strict where a document is hostile. Knows no operation and no session.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "soap/fault.h"

namespace host::soap {

enum class Version { soap11, soap12 };

/// Largest request that is read, and how deep its elements may lie in each other.
inline constexpr std::size_t kMostRequestBytes = std::size_t{1024} * 1024;
inline constexpr int kDeepest = 64;

/// The WS-Security user name token.
struct UserToken {
  std::string user;
  std::string password;
};

struct Call {
  Version version = Version::soap11;
  std::string operation;
  std::vector<std::pair<std::string, std::string>> arguments;  ///< by local name, in order; what is nil is left out
  std::optional<UserToken> token;

  /// The first argument of that name; empty where there is none.
  [[nodiscard]] std::string argument(std::string_view name) const;
};

/// Which version a request is in as far as its headers say: what a fault is written in if nothing can be read.
Version version_from_headers(const Request& request);

/// Throws Fault. Elements are found by local name. A Timestamp, its age, and the namespaces of the security header do
/// not matter. An empty Body is the operation that the action of the request names.
Call read_call(const Request& request);

/// `inner`: the element that answers, written as XML.
Page answer_page(Version version, std::string_view inner);
Page fault_page(Version version, const Fault& fault);

/// `text` as XML character data: also as an attribute between double quotes. What XML cannot hold becomes U+FFFD.
std::string escaped(std::string_view text);

}  // namespace host::soap
