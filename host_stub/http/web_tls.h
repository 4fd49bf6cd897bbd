// The server's certificate and key. Includes Asio: for the server only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>
#include <tl/expected.hpp>

namespace host {

/// TLS 1.2 or later with the chain and the key of two PEM files. The error is one line.
tl::expected<boost::asio::ssl::context, std::string> server_tls(const std::string& cert_file,
                                                                const std::string& key_file);

}  // namespace host
