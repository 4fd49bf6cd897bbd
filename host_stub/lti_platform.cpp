// See lti_platform.h.
#include "lti_platform.h"

#include <fmt/format.h>

#include "http/http_client.h"
#include "lti/jwt.h"
#include "output.h"
#include "refusal.h"

namespace host {

namespace {

constexpr std::int64_t kLifeSeconds = 3600;

/// In the form of an event id: a version 4 UUID.
std::string random_id() {
  auto hex = random_hex(16);
  hex[12] = '4';
  constexpr std::string_view kVariant = "89ab";
  const auto digit = hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10;
  hex[16] = kVariant[static_cast<std::size_t>(digit) % kVariant.size()];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, "-");
  return hex;
}

}  // namespace

RsaKey platform_key(Lms& lms) {
  if (const auto pem = lms.lti_key(); !pem.empty()) {
    auto key = RsaKey::from_pem(pem);
    if (!key) refuse("the LTI key in the state directory is damaged ({}): put lms.db back from a backup", key.error());
    return *key;
  }
  auto made = RsaKey::make();
  if (!made) refuse("{}", made.error());
  lms.put_lti_key(made->pem());
  return *made;
}

std::string hello_notice(const Tool& tool, const std::string& issuer, const RsaKey& key) {
  const auto at_ms = now_ms();
  const auto claim = [](const char* name) { return std::string("https://purl.imsglobal.org/spec/lti/claim/") + name; };
  JwtClaims claims = {{"iss", issuer},       {"aud", tool.lti_client_id},          {"azp", tool.lti_client_id},
                      {"iat", at_ms / 1000}, {"exp", at_ms / 1000 + kLifeSeconds}, {"nonce", random_hex(16)}};
  claims[claim("version")] = "1.3.0";
  claims[claim("deployment_id")] = tool.lti_deployment_id;
  claims[claim("notice")] = {{"id", random_id()}, {"timestamp", time_text(at_ms)}, {"type", kHelloNotice}};
  const auto token = sign_jwt(claims, key);
  if (token.empty()) refuse("OpenSSL refuses to sign with the platform's LTI key: put lms.db back from a backup");
  return JwtClaims{{"notices", {{{"jwt", token}}}}}.dump();
}

std::string send_hello(const Tool& tool, const std::string& handler, const std::string& body,
                       const std::stop_token& stop) {
  HttpCall call;
  call.url = handler;
  call.content_type = "application/json";
  call.body = body;
  call.allow_http = tool.allow_http;
  call.allow_private = tool.allow_private;
  call.allow_cidrs = tool.allow_cidrs;
  call.ca_file = tool.ca_file;
  call.client_cert_file = tool.client_cert_file;
  call.client_key_file = tool.client_key_file;
  const auto answer = http_exchange(call, stop);
  const auto what = fmt::format("{} to {} at {}", kHelloNotice, to_text(tool.locator), cut(handler, 200));
  if (!answer) return fmt::format("{} failed: {}", what, cut(answer.error(), 300));
  return fmt::format("{} was answered with status {}", what, answer->status);
}

}  // namespace host
