// Notices of the LTI Platform Notification Service as a careful tool reads them. Knows nothing of the other wires.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "lti/jwt.h"
#include "receive/wire_inspector.h"
#include "text/bounded_json.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMaxNonces = 1'000'000;
constexpr std::string_view kClaim = "https://purl.imsglobal.org/spec/lti/claim/";

const JwtClaims* find(const JwtClaims& object, std::string_view name) {
  const auto found = object.find(std::string(name));
  return found == object.end() ? nullptr : &*found;
}

std::string text_in(const JwtClaims& object, std::string_view name) {
  const auto* value = find(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string lti(std::string_view name) { return std::string(kClaim) + std::string(name); }

/// Milliseconds of a claim in seconds; 0 where it is none.
std::int64_t time_in(const JwtClaims& claims, std::string_view name) {
  const auto* value = find(claims, name);
  constexpr double kMost = 1e12;
  if (value == nullptr || !value->is_number() || std::abs(value->get<double>()) > kMost) return 0;
  return static_cast<std::int64_t>(value->get<double>() * 1000);
}

/// The notice in the words of the classic wire.
Params params_of(const JwtClaims& claims) {
  const auto& notice = *find(claims, lti("notice"));
  Params params = {{"action", text_in(notice, "type")},
                   {"event_id", text_in(notice, "id")},
                   {"event_time", text_in(notice, "timestamp")},
                   {"nonce", text_in(claims, "nonce")},
                   {"deployment_id", text_in(claims, lti("deployment_id"))}};
  if (const auto* context = find(claims, lti("context")); context != nullptr && context->is_object())
    for (const char* name : {"id", "label", "title"})
      if (const auto text = text_in(*context, name); !text.empty())
        params.emplace_back(std::string("context_") + name, text);
  if (const auto* origins = find(claims, lti("origin_contexts")); origins != nullptr && origins->is_array())
    for (const auto& origin : *origins)
      if (origin.is_string()) params.emplace_back("origin_context", origin.get<std::string>());
  return params;
}

class LtiNoticeInspector final : public WireInspector {
 public:
  LtiNoticeInspector(std::optional<JwksSource> jwks, std::int64_t window_ms)
      : jwks_(std::move(jwks)), window_ms_(window_ms), nonces_(kMaxNonces) {}

  Inspection inspect(const Request& request, std::int64_t now_ms) override {
    Inspection found;
    found.refusal = {Act::status, 400};
    const auto body = parse_bounded(request.body);
    const auto* notices = body.is_object() ? find(body, "notices") : nullptr;
    if (media_type(request) != "application/json")
      found.problem = "content type is not application/json";
    else if (notices == nullptr || !notices->is_array() || notices->empty())
      found.problem = "the body is no JSON object with a list \"notices\"";
    if (!found.problem.empty()) return found;
    std::vector<std::pair<std::string, std::int64_t>> nonces;
    for (const auto& notice : *notices) {
      found.problem = read_notice(notice, now_ms, found, nonces);
      if (!found.problem.empty()) return found;
    }
    found.refusal = {Act::status, 401};
    nonces_.forget_before(now_ms);
    for (const auto& [nonce, until_ms] : nonces)
      if (!nonces_.add(nonce, until_ms)) found.problem = "nonce was used before";
    if (found.problem.empty()) found.repeat = heard_.add(found.params);
    return found;
  }

  void recall(const LogLine& line) override {
    heard_.add(line.params);
    for (const auto& [name, value] : line.params)
      if (name == "nonce") nonces_.add(value, line.at_ms + 3'600'000);
  }
  [[nodiscard]] Step says_error() const override { return {Act::status, 400}; }

 private:
  /// One line where the notice is not to be believed.
  std::string read_notice(const JwtClaims& notice, std::int64_t now_ms, Inspection& found,
                          std::vector<std::pair<std::string, std::int64_t>>& nonces) {
    if (!notice.is_object() || text_in(notice, "jwt").empty()) return "a notice has no \"jwt\"";
    const auto token = Jwt::parse(text_in(notice, "jwt"));
    if (!token) return token.error();
    if (auto problem = signature_problem(*token, now_ms, found); !problem.empty()) return problem;
    if (auto problem = claims_problem(token->claims, now_ms); !problem.empty()) return problem;
    nonces.emplace_back(text_in(token->claims, "nonce"), time_in(token->claims, "exp") + window_ms_);
    const auto params = params_of(token->claims);
    found.params.insert(found.params.end(), params.begin(), params.end());
    return {};
  }

  std::string signature_problem(const Jwt& token, std::int64_t now_ms, Inspection& found) {
    if (!jwks_) return {};
    found.mac_ok = false;
    const auto key = jwks_->find(token.kid(), now_ms);
    if (!key) {
      found.refusal = {Act::status, 401};
      return key.error();
    }
    if (!token.verified_by(*key)) {
      found.refusal = {Act::status, 401};
      return "wrong signature";
    }
    found.mac_ok = true;
    return {};
  }

  [[nodiscard]] std::string claims_problem(const JwtClaims& claims, std::int64_t now_ms) const {
    for (const char* name : {"iss", "azp", "nonce"})
      if (text_in(claims, name).empty()) return fmt::format("the token has no '{}'", name);
    const auto* audience = find(claims, "aud");
    const auto azp = text_in(claims, "azp");
    const bool named = audience != nullptr &&
                       (*audience == azp || (audience->is_array() &&
                                             std::find(audience->begin(), audience->end(), azp) != audience->end()));
    if (!named) return "'aud' does not name 'azp'";
    if (claims.contains("sub")) return "a notice has no 'sub'";
    if (std::abs(time_in(claims, "iat") - now_ms) > window_ms_)
      return fmt::format("'iat' is {} ms away from now, {} ms are allowed", time_in(claims, "iat") - now_ms,
                         window_ms_);
    if (time_in(claims, "exp") < now_ms - window_ms_) return "the token has expired";
    if (text_in(claims, lti("version")) != "1.3.0") return "the token is not of LTI 1.3.0";
    if (text_in(claims, lti("deployment_id")).empty()) return "the token has no deployment id";
    const auto* notice = find(claims, lti("notice"));
    if (notice == nullptr || !notice->is_object()) return "the token carries no notice";
    for (const char* name : {"id", "timestamp", "type"})
      if (text_in(*notice, name).empty()) return fmt::format("the notice has no '{}'", name);
    return {};
  }

  std::optional<JwksSource> jwks_;
  std::int64_t window_ms_;
  RecentTexts nonces_;
  HeardEvents heard_;
};

}  // namespace

std::unique_ptr<WireInspector> lti_notice_inspector(std::optional<JwksSource> jwks, std::int64_t window_ms) {
  return std::make_unique<LtiNoticeInspector>(std::move(jwks), window_ms);
}

}  // namespace host
