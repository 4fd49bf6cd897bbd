// Where requests may go: rules over addresses and URLs. Pure; resolves nothing and opens nothing.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "core/transport.h"

namespace ptb {

/// Empty where a request to that destination may be sent to that address (AF_INET or AF_INET6). Else one line that
/// names the address, what it is and, where there is one, the option that would allow it. allow_private opens loopback
/// and private addresses; allow_cidrs opens what is in it of those, of shared (carrier) addresses, and of NAT64 and
/// 6to4 addresses, where the IPv4 address inside must be allowed as well. IPv4-mapped addresses are judged as IPv4.
/// Nothing opens link-local, cloud metadata, multicast, broadcast, unspecified, documentation, Teredo and reserved
/// addresses.
std::string address_problem(const sockaddr* address, const Destination& destination);

/// The same for an address in its text form, as in "10.0.0.5" or "::1".
std::string address_problem(std::string_view address, const Destination& destination);

/// Empty where `text` is a list of address ranges for Destination::allow_cidrs: words such as 10.1.0.0/16 or fd00::/8
/// between spaces, or none. Else one line that names the first that is wrong. A range that holds nothing but addresses
/// which are never allowed is wrong.
std::string cidr_problem(std::string_view text);

/// Empty where that URL may be asked for: https, or http where that is allowed; no user in it.
std::string url_problem(std::string_view url, const Destination& destination);

}  // namespace ptb
