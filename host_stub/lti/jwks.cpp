#include "lti/jwks.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "http/http_client.h"
#include "text/base64.h"
#include "text/bounded_json.h"
#include "text/utf8.h"

namespace host {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t kShortestIntervalMs = 10'000;

std::string member(const Json& key, const char* name) {
  const auto found = key.find(name);
  return found != key.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Json jwks_of(const RsaKey& key) {
  return {{"keys",
           {{{"kty", "RSA"},
             {"alg", "RS256"},
             {"use", "sig"},
             {"kid", key.kid()},
             {"n", base64_encode(key.modulus(), Base64::url)},
             {"e", base64_encode(key.exponent(), Base64::url)}}}}};
}

tl::expected<std::map<std::string, RsaKey>, std::string> read_jwks(const std::string& text) {
  const auto set = parse_bounded(text);
  if (!set.is_object() || !set.contains("keys") || !set.at("keys").is_array())
    return tl::make_unexpected(std::string("it is no key set, which is JSON with a list \"keys\""));
  std::map<std::string, RsaKey> keys;
  for (const auto& key : set.at("keys")) {
    if (!key.is_object() || member(key, "kty") != "RSA") continue;
    const auto modulus = base64_decode(member(key, "n"), Base64::url);
    const auto exponent = base64_decode(member(key, "e"), Base64::url);
    if (!modulus || !exponent)
      return tl::make_unexpected(fmt::format("its key '{}' is damaged", shown(member(key, "kid"), 60)));
    auto made = RsaKey::from_numbers(*modulus, *exponent);
    if (!made) return tl::make_unexpected(fmt::format("its key '{}': {}", shown(member(key, "kid"), 60), made.error()));
    keys.insert_or_assign(member(key, "kid"), std::move(*made));
  }
  return keys;
}

bool JwksSource::is_file() const { return !place_.starts_with("http://") && !place_.starts_with("https://"); }

tl::expected<void, std::string> JwksSource::load() {
  std::string text;
  if (is_file()) {
    std::ifstream file(place_, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
    if (!file) return tl::make_unexpected(fmt::format("cannot read the key set '{}': check --jwks", place_));
  } else {
    HttpCall call;
    call.url = place_;
    call.allow_http = true;
    call.allow_private = true;  // the address is the administrator's own word
    const auto answer = http_exchange(call);
    if (!answer) return tl::make_unexpected(fmt::format("cannot read the key set {}: {}", place_, answer.error()));
    if (answer->status != 200)
      return tl::make_unexpected(fmt::format("the key set {} is answered with status {}", place_, answer->status));
    text = answer->body;
  }
  auto keys = read_jwks(text);
  if (!keys) return tl::make_unexpected(fmt::format("the key set '{}': {}", place_, keys.error()));
  keys_ = std::move(*keys);
  return {};
}

tl::expected<RsaKey, std::string> JwksSource::find(const std::string& kid, std::int64_t now_ms) {
  const bool may_read = !read_at_ms_ || is_file() || now_ms - *read_at_ms_ >= kShortestIntervalMs;
  if (!keys_.contains(kid) && may_read) {
    read_at_ms_ = now_ms;
    auto loaded = load();
    problem_ = loaded ? std::string() : std::move(loaded.error());
  }
  if (const auto found = keys_.find(kid); found != keys_.end()) return found->second;
  if (!problem_.empty()) return tl::make_unexpected(problem_);
  return tl::make_unexpected(fmt::format("the key set '{}' has no key '{}'", place_, shown(kid, 60)));
}

}  // namespace host
