// Why the files that a TLS session needs cannot be used: asked after libcurl has failed over them, since it does not
// say which one and why. Reads files; opens no connection.
#pragma once

#include <string>

namespace ptb {

/// One line on the authorities to believe: `ca_file`, or, where that is empty, the system's in `system_file` (which may
/// be empty, where it is not known).
std::string authorities_problem(const std::string& ca_file, const std::string& system_file);

/// One line on a client certificate and its key, both PEM; empty where nothing is wrong with them.
std::string client_identity_problem(const std::string& cert_file, const std::string& key_file);

}  // namespace ptb
