// What the kernel knows of a connection: how much has come over it, and of one that has ended, who ended it and whether
// the peer's machine has got all that was sent. Knows nothing of HTTP.
#pragma once

#include <cstdint>

namespace ptb {

struct ConnectionEnd {
  bool by_peer = false;           ///< a FIN or a RST has come
  bool all_acknowledged = false;  ///< the peer's machine has acknowledged all requests
  /// It is certain that the peer had ended the connection before the last request reached its machine as a whole: its
  /// FIN has come, and it did not acknowledge all. Only then is it right to send that request again unasked.
  bool unheard = false;
};

/// `socket`: a TCP socket about to be closed. What cannot be found out is false.
ConnectionEnd examine_end(int socket);

/// Bytes that have come over a TCP socket since it was opened; 0 where that cannot be found out.
std::uint64_t bytes_received(int socket);

}  // namespace ptb
