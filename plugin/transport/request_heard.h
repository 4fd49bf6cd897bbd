// Whether a peer that closed a connection can have heard the request that was just sent on it. Asks the kernel; knows
// nothing of HTTP.
#pragma once

namespace ptb {

/// True only where it is certain that the peer had ended the connection before the whole request reached its machine:
/// its FIN has come, and it does not acknowledge all that was sent. Only then is it right to send the request again
/// unasked; in every other case the peer may have acted on it. `socket`: a TCP socket about to be closed.
bool closed_before_hearing(int socket);

}  // namespace ptb
