// See bugs.h.
#include "receive/bugs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace host {

namespace {

constexpr std::size_t kSmallBodyBytes = 128 * 1024;
constexpr std::uint64_t kFewInARow = 25;
constexpr std::uint64_t kNowAndThen = 20;
constexpr std::uint32_t kSlowMs = 300;
constexpr std::size_t kKnownIdBytes = 10;  // "_999999_1" is shorter; what nobody knows is longer

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

}  // namespace

tl::expected<Bug, std::string> Bug::named(std::string_view name, std::string secret, Digest digest) {
  for (const auto& kind : bug_kinds())
    if (kind.name == name) return Bug(kind, std::move(secret), digest);
  return tl::make_unexpected(fmt::format("there is no defect '{}': --list-bugs shows them all", name));
}

Request Bug::read(Request request, std::int64_t now_ms) {
  if (kind_->name == "takes-get" && request.method == "GET" && request.target.find('?') != std::string::npos) {
    request.method = "POST";
    request.body = request.target.substr(request.target.find('?') + 1);
    request.headers["content-type"] = "application/x-www-form-urlencoded";
  }
  if (request.method != "POST") return request;
  if (kind_->misread_body != nullptr) request.body = kind_->misread_body(std::move(request.body));
  auto params = parse_form(request.body);
  if (!params) return request;
  Reading call{std::move(*params), secret_, digest_, now_ms};
  if (kind_->misread != nullptr) kind_->misread(call);
  if (kind_->name == "forgets-nonces" && call.is_signed()) {
    for (auto& [name, value] : call.params)
      if (name == "nonce") value += fmt::format("-{}", ++calls_);
    call.sign();
  }
  request.body = write_form(call.params);
  return request;
}

namespace {

bool names_unknown_course(const Params& params) {
  return std::any_of(params.begin(), params.end(), [](const auto& param) {
    return param.second.starts_with("_") && param.second.size() > kKnownIdBytes;
  });
}

void with_page(Reply& reply, std::uint32_t status, std::string type, std::string body) {
  reply.page = Page{status, std::move(type), std::move(body)};
}

}  // namespace

void Bug::answer(const Params& params, bool repeat, const Request& request, Reply& reply) {
  const auto name = kind_->name;
  const auto action = [&](std::string_view wanted) {
    return std::any_of(params.begin(), params.end(),
                       [&](const auto& one) { return one.first == "action" && one.second == wanted; });
  };
  const auto is = [&](std::string_view param, std::string_view value) {
    const auto* found = find_param(params, param);
    return found != nullptr && *found == value;
  };
  deferred_in_a_row_ = is("deferred", "true") ? deferred_in_a_row_ + 1 : 0;
  ++calls_;
  if (name == "answers-json" && reply.step.act == Act::ok)
    with_page(reply, 200, "application/json", R"({"result": "SUCCESS"})");
  if (name == "limits-bodies" && request.body.size() > kSmallBodyBytes) reply.step = {Act::status, 413};
  if (name == "refuses-repeats" && repeat) reply.step = {Act::error, 0};
  if (name == "forgets-one-kind" && action("group-imported")) reply.step = {Act::status, 404};
  if (name == "answers-500-on-error" && names_unknown_course(params)) reply.step = {Act::status, 500};
  if (name == "fails-state-change" && is("state", "available")) reply.step = {Act::error, 0};
  if (name == "refuses-ping" && action("ping")) reply.step = {Act::error, 0};
  if (name == "fails-remove" && action("remove")) reply.step = {Act::status, 500};
  if (name == "fails-reregister" && action("reregister")) reply.step = {Act::status, 500};
  if (name == "slow-now-and-then" && calls_ % kNowAndThen == 0) reply.step = {Act::slow, kSlowMs};
  if (name == "overloaded" && deferred_in_a_row_ > kFewInARow) reply.step = {Act::status, 503};
  const auto connection = request.headers.find("connection");
  if (name == "closes-connections" && connection != request.headers.end() &&
      lower(connection->second) == "keep-alive" && ++kept_alive_ % 2 == 0)
    reply.step = {Act::drop, 0};
}

bool Bug::counts(const Params& params, bool first_time) {
  const auto before = std::exchange(latest_, identity_of(params));
  if (kind_->name == "counts-repeats-twice") return true;
  if (kind_->name == "remembers-only-the-latest") return before != latest_;
  if (kind_->name == "loses-under-load") return first_time && deferred_in_a_row_ % kFewInARow != kFewInARow - 1;
  return first_time;
}

}  // namespace host
