#include "wire/lti_notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "wire/encoding.h"
#include "wire/request_url.h"
#include "wire/status_answer.h"

namespace ptb {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLifeSeconds = 3600;

/// Which event is a notice about a new context, and which arguments name the new one and its origin.
struct NoticeRow {
  EventKind kind;
  const char* context;
  const char* origin;  ///< empty: the LMS that imports does not know it; a backup_id names no context
};
constexpr std::array<NoticeRow, 2> kNotices = {{
    {EventKind::course_copied, "newCourseId", "oldCourseId"},
    {EventKind::course_imported, "course_id", ""},
}};

const NoticeRow* notice_of(EventKind kind) {
  const auto at = std::find_if(kNotices.begin(), kNotices.end(), [&](const auto& row) { return row.kind == kind; });
  return at == kNotices.end() ? nullptr : &*at;
}

std::string claim(std::string_view name) { return fmt::format("https://purl.imsglobal.org/spec/lti/claim/{}", name); }

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The new course, with what the LMS said of it.
Json context_of(const Event& event, std::string_view id) {
  Json context;
  context["id"] = id;
  for (const auto& [member, name] : {std::pair("label", "course_label"), std::pair("title", "course_title")})
    if (const auto text = find_encoded(event.context, name); text && !text->empty()) context[member] = *text;
  context["type"] = {"http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"};
  return context;
}

/// The claims of one notice; null where the event does not say which course is new. There is no `sub`: nobody is
/// logged in.
Json claims_of(const ToolAtSend& tool, const Event& event, const Stamp& stamp, std::size_t place) {
  const NoticeRow& row = *notice_of(event.kind);
  const std::string_view id = find_encoded(event.arguments, row.context).value_or(event.course_id);
  if (id.empty()) return nullptr;
  const ToolOptions& options = tool.tool.options;
  const std::int64_t issued_at = stamp.now_ms / 1000;
  Json claims;
  claims["iss"] = tool.host.lti_issuer;
  claims["aud"] = options.lti_client_id;
  claims["azp"] = options.lti_client_id;
  claims["iat"] = issued_at;
  claims["exp"] = issued_at + kLifeSeconds;
  claims["nonce"] = fmt::format("{}-{}", stamp.nonce, place);
  claims[claim("version")] = "1.3.0";
  claims[claim("deployment_id")] = options.lti_deployment_id;
  claims[claim("notice")] = {
      {"id", to_text(event.id)},
      {"timestamp", rfc3339(event.occurred_at_ms != 0 ? event.occurred_at_ms : event.captured_at_ms)},
      {"type", "LtiContextCopyNotice"}};
  claims[claim("context")] = context_of(event, id);
  if (const auto origin = find_encoded(event.arguments, row.origin); origin && !origin->empty())
    claims[claim("origin_contexts")] = {*origin};
  return claims;
}

Result<std::string> jwt_of(const Json& claims, const RsaKey& key) {
  const Json header = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key.kid()}};
  std::string jwt = base64url(json_text(header)) + "." + base64url(json_text(claims));
  const auto signature = key.sign_rs256(jwt);
  if (!signature) return fail(signature.error());
  return jwt + "." + base64url(*signature);
}

Outcome unsayable(const Event& event) {
  if (notice_of(event.kind) == nullptr)
    return {Outcome::Kind::not_expressible, fmt::format("LTI has no notice for {}", to_text(event.kind))};
  return {Outcome::Kind::not_expressible,
          fmt::format("{} {} does not say which course is new", to_text(event.kind), to_text(event.id))};
}

}  // namespace

LtiNoticeWire::LtiNoticeWire() { start_openssl(); }

Result<void> LtiNoticeWire::check(const Tool& tool, const Descriptor& /*descriptor*/) const {
  const ToolOptions& options = tool.options;
  const std::pair<const std::string&, std::string_view> needed[] = {
      {options.endpoint, "an endpoint, the address that it takes notices at"},
      {options.lti_client_id, "lti_client_id, the client id that the platform gave it"},
      {options.lti_deployment_id, "lti_deployment_id, the deployment that notices are about"}};
  for (const auto& [value, what] : needed)
    if (value.empty())
      return fail(Status::argument,
                  fmt::format("the wire lti-notice needs, for tool {}, {}", to_text(tool.locator), what));
  return check_endpoint(tool);
}

bool LtiNoticeWire::can_say(EventKind kind) const { return notice_of(kind) != nullptr; }

Result<WireRequest> LtiNoticeWire::build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                                         std::string_view secret, int fallback) const {
  WireRequest made;
  if (fallback != 0)
    return fail(Status::not_found, fmt::format("{} has no further address for notices", to_text(tool.tool.locator)));
  Json notices = Json::array();
  const std::size_t most =
      std::min<std::size_t>(std::max<std::uint32_t>(tool.tool.options.max_batch, 1), events.size());
  for (const Outgoing& outgoing : events.first(most)) {
    const Event& event = outgoing.stored->event;
    const Action* const action = tool.descriptor.action_for(event.kind, event.content_handle());
    const Json claims = can_say(event.kind) ? claims_of(tool, event, stamp, notices.size()) : Json();
    if (claims.is_null() || action == nullptr) {
      // Said once it is first: it ends the request before it.
      if (notices.empty())
        made.unsendable = claims.is_null()
                              ? unsayable(event)
                              : Outcome{Outcome::Kind::no_handler,
                                        fmt::format("the tool's descriptor names no action {}", to_text(event.kind))};
      break;
    }
    const auto key = keys_.of(secret);
    if (!key) {
      made.unsendable = {Outcome::Kind::suspended, key.error().text};
      return made;
    }
    auto jwt = jwt_of(claims, **key);
    if (!jwt) return fail(jwt.error());
    notices.push_back({{"jwt", *std::move(jwt)}});
  }
  if (notices.empty()) return made;
  made.taken = notices.size();
  made.request.destination = tool.destination;
  made.request.url = endpoint_or_action_url(tool, {}, fallback);
  made.request.content_type = "application/json";
  made.request.body = json_text({{"notices", std::move(notices)}});
  return made;
}

Outcome LtiNoticeWire::judge(const ExchangeResult& result) const { return outcome_of_status(result); }

bool LtiNoticeWire::may_fall_back(const ExchangeResult& /*result*/) const { return false; }

}  // namespace ptb
