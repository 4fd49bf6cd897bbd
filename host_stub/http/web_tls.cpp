#include "http/web_tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

namespace host {

namespace ssl = boost::asio::ssl;

tl::expected<ssl::context, std::string> server_tls(const std::string& cert_file, const std::string& key_file) {
  if (cert_file.empty() || key_file.empty())
    return tl::make_unexpected(std::string("TLS wants a certificate and its key: name both, --tls-cert and --tls-key"));
  ssl::context context(ssl::context::tls_server);
  boost::system::error_code code;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Else OpenSSL would ask at the terminal for the password of a key.
  context.set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); }, code);
  context.use_certificate_chain_file(cert_file, code);
  if (code)
    return tl::make_unexpected(
        fmt::format("cannot use the certificate '{}': {}: name a PEM file, the server's certificate first", cert_file,
                    code.message()));
  context.use_private_key_file(key_file, ssl::context::pem, code);
  if (code)
    return tl::make_unexpected(
        fmt::format("cannot use the key '{}': {}: name the PEM file, without a password, of the key of '{}'", key_file,
                    code.message(), cert_file));
  return context;
}

}  // namespace host
