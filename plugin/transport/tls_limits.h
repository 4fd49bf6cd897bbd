// What a TLS peer may make OpenSSL do. A peer that sends for ever what OpenSSL swallows by itself (hello requests,
// session tickets, key updates) would else keep it reading inside one call, and with it the whole event loop. Knows
// nothing of exchanges.
#pragma once

#include <curl/curl.h>

namespace ptb {

/// From the next TLS session of this handle on, OpenSSL goes back to the event loop after some reads, and a handshake
/// that takes too many fails. Does nothing where libcurl uses another TLS library.
CURLcode limit_tls(CURL* easy);

}  // namespace ptb
