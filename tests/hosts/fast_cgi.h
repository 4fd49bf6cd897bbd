// A client of FastCGI, as a web server is one: a request on a connection of its own. Knows nothing of what is asked.
#pragma once

#include <map>
#include <string>

namespace ptb::test {

/// What stands behind the header of the answer; "" where the connection ended before the answer did. `parameters`: as
/// in CGI, such as SCRIPT_FILENAME and QUERY_STRING.
std::string ask_fast_cgi(const std::string& socket_path, const std::map<std::string, std::string>& parameters);

}  // namespace ptb::test
