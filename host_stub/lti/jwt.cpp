#include "lti/jwt.h"

#include <fmt/format.h>

#include "text/base64.h"
#include "text/bounded_json.h"
#include "text/utf8.h"

namespace host {

namespace {

tl::expected<JwtClaims, std::string> object_in(std::string_view part, const char* what) {
  const auto text = base64_decode(part, Base64::url);
  if (!text) return tl::make_unexpected(fmt::format("the {} of the token is not base64url", what));
  auto object = parse_bounded(*text);
  if (!object.is_object()) return tl::make_unexpected(fmt::format("the {} of the token is no JSON object", what));
  return object;
}

}  // namespace

std::string sign_jwt(const JwtClaims& claims, const RsaKey& key) {
  const JwtClaims header = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key.kid()}};
  const auto signed_part = base64_encode(header.dump(), Base64::url) + "." +
                           base64_encode(claims.dump(-1, ' ', false, JwtClaims::error_handler_t::replace), Base64::url);
  const auto signature = key.sign(signed_part);
  return signature.empty() ? std::string() : signed_part + "." + base64_encode(signature, Base64::url);
}

tl::expected<Jwt, std::string> Jwt::parse(std::string_view text) {
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
    return tl::make_unexpected(std::string("the token has not three parts"));
  auto header = object_in(text.substr(0, first), "header");
  if (!header) return tl::make_unexpected(std::move(header.error()));
  auto claims = object_in(text.substr(first + 1, second - first - 1), "payload");
  if (!claims) return tl::make_unexpected(std::move(claims.error()));
  auto signature = base64_decode(text.substr(second + 1), Base64::url);
  if (!signature) return tl::make_unexpected(std::string("the signature of the token is not base64url"));
  Jwt token{std::move(*header), std::move(*claims), std::string(text.substr(0, second)), std::move(*signature)};
  // Whoever sends the token must not choose how it is verified.
  const auto algorithm = token.header.find("alg");
  const bool is_text = algorithm != token.header.end() && algorithm->is_string();
  if (!is_text || *algorithm != "RS256")
    return tl::make_unexpected(fmt::format("the token is signed with {}, only RS256 is taken",
                                           is_text ? shown(algorithm->get<std::string>(), 40) : "nothing known"));
  return token;
}

std::string Jwt::kid() const {
  const auto found = header.find("kid");
  return found != header.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace host
