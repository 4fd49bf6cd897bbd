#include "wire/lti_public_jwk.h"

#include <fmt/format.h>

#include "wire/rsa_key.h"

namespace ptb {

Result<std::string> lti_public_jwk(std::string_view private_pem) {
  start_openssl();
  const auto key = RsaKey::from_pem(private_pem);
  if (!key) return fail(key.error());
  // Every value is base64url: nothing to escape.
  return fmt::format(R"({{"kty":"RSA","use":"sig","alg":"RS256","kid":"{}","n":"{}","e":"{}"}})", key->kid(), key->n(),
                     key->e());
}

}  // namespace ptb
