// Where requests may go: rules over addresses and URLs. Pure; resolves nothing and opens nothing.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "core/transport.h"

namespace ptb {

/// Empty where a request to that destination may be sent to that address (AF_INET or AF_INET6). Else one line that
/// names the address, what it is and, where there is one, the option that would allow it. Loopback and private
/// addresses can be allowed; link-local (cloud metadata), shared, multicast, reserved and tunnel addresses cannot.
std::string address_problem(const sockaddr* address, const Destination& destination);

/// The same for an address in its text form, as in "10.0.0.5" or "::1".
std::string address_problem(std::string_view address, const Destination& destination);

/// Empty where that URL may be asked for: https, or http where that is allowed; no user in it.
std::string url_problem(std::string_view url, const Destination& destination);

}  // namespace ptb
