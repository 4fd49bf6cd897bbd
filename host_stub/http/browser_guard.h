// Whether a request that a browser sends is really one of this server's own pages. Pure; for servers on the loopback,
// which every web page in the same browser can reach too.
#pragma once

#include <string>

#include "http/message.h"

namespace host {

/// True where the request calls this server by a name of the loopback (localhost, 127.x, ::1): another name is somebody
/// else's DNS entry that points here, so that his page may read ours.
bool is_for_loopback(const Request& request);

/// True where a browser says that another site made the request (Sec-Fetch-Site, Origin). What says neither is no
/// browser of today.
bool is_cross_site(const Request& request);

}  // namespace host
