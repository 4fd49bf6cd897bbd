// Standard Webhooks 1.0.0 with CloudEvents 1.0 as a careful receiver reads them. Knows nothing of the other wires.
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "receive/wire_inspector.h"
#include "text/base64.h"
#include "text/bounded_json.h"
#include "text/utf8.h"

namespace host {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kEd25519Bytes = 32;
constexpr std::string_view kTypePrefix = "org.ptbridge.";
constexpr std::string_view kToolPrefix = "tool.";  // then: what concerns the tool itself

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// One key that may have signed.
class WebhookKey {
 public:
  static tl::expected<WebhookKey, std::string> parse(std::string_view text) {
    const auto under = text.find('_');
    const auto prefix = text.substr(0, under == std::string_view::npos ? 0 : under + 1);
    auto bytes = base64_decode(text.substr(prefix.size()), Base64::plain);
    if (prefix != "whsec_" && prefix != "whpk_" && prefix != "whsk_")
      return tl::make_unexpected(std::string("a key starts with whsec_, whpk_ or whsk_"));
    if (!bytes) return tl::make_unexpected(fmt::format("what follows {} is not base64", prefix));
    WebhookKey key;
    if (prefix == "whsec_") {
      if (bytes->size() < 24 || bytes->size() > 64)
        return tl::make_unexpected(fmt::format("a whsec_ key has 24 to 64 bytes, not {}", bytes->size()));
      key.shared_ = std::move(*bytes);
      return key;
    }
    const bool is_public = prefix == "whpk_";
    if (bytes->size() != kEd25519Bytes && (is_public || bytes->size() != 2 * kEd25519Bytes))
      return tl::make_unexpected(fmt::format("a {} key cannot have {} bytes", prefix, bytes->size()));
    const auto make = is_public ? EVP_PKEY_new_raw_public_key : EVP_PKEY_new_raw_private_key;
    key.ed25519_.reset(make(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), kEd25519Bytes), FreeKey());
    if (!key.ed25519_) return tl::make_unexpected(std::string("OpenSSL takes no Ed25519 key"));
    return key;
  }

  /// `signature`: one of the header, such as "v1,…".
  [[nodiscard]] bool has_made(std::string_view signature, std::string_view message) const {
    const std::string_view version = ed25519_ ? "v1a," : "v1,";
    if (!signature.starts_with(version)) return false;
    const auto given = base64_decode(signature.substr(version.size()), Base64::plain);
    if (!given) return false;
    if (ed25519_) {
      const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
      return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, ed25519_.get()) == 1 &&
             EVP_DigestVerify(context.get(), bytes_of(*given), given->size(), bytes_of(message), message.size()) == 1;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), shared_.data(), static_cast<int>(shared_.size()), bytes_of(message), message.size(), mac.data(),
         &size);
    return size > 0 && given->size() == size && CRYPTO_memcmp(given->data(), mac.data(), size) == 0;
  }

 private:
  std::string shared_;
  std::shared_ptr<evp_pkey_st> ed25519_;
};

std::vector<std::string_view> words_of(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::vector<std::string_view> words;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    if (text.empty()) return words;
    const auto end = std::min(text.find_first_of(kSpace), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string as_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Members of `data` become parameters; arguments and settings are opened. `ids` only says again what arguments say.
void add_members(const Json& members, Params& params) {
  for (const auto& [name, value] : members.items()) {
    if (name == "ids") continue;
    if (!value.is_object())
      params.emplace_back(name, as_text(value));
    else
      for (const auto& [inner, text] : value.items()) params.emplace_back(inner, as_text(text));
  }
}

/// The event in the words of the classic wire, or one line that says what it lacks.
std::string read_event(const Json& event, Params& params) {
  if (!event.is_object()) return "the body is no CloudEvent";
  for (const char* name : {"id", "source", "type", "specversion"})
    if (text_member(event, name).empty()) return fmt::format("the CloudEvent has no '{}'", name);
  if (text_member(event, "specversion") != "1.0") return "the CloudEvent is not of version 1.0";
  auto action = text_member(event, "type");
  for (const auto prefix : {kTypePrefix, kToolPrefix})
    if (action.starts_with(prefix)) action.erase(0, prefix.size());
  std::replace(action.begin(), action.end(), '.', '-');
  params.emplace_back("action", action);
  params.emplace_back("event_id", text_member(event, "id"));
  for (const auto& [member, name] : {std::pair("sequence", "event_sequence"), {"time", "event_time"}})
    if (const auto value = text_member(event, member); !value.empty()) params.emplace_back(name, value);
  if (const auto data = event.find("data"); data != event.end() && data->is_object()) add_members(*data, params);
  return {};
}

std::string read_events(const Request& request, Params& params) {
  const auto type = media_type(request);
  const bool batch = type == "application/cloudevents-batch+json";
  if (!batch && type != "application/cloudevents+json")
    return "content type is neither application/cloudevents+json nor application/cloudevents-batch+json";
  const auto body = parse_bounded(request.body);
  if (body.is_discarded()) return "the body is not JSON, or nests too deep";
  if (!batch) return read_event(body, params);
  if (!body.is_array() || body.empty()) return "the batch is no list of events";
  for (const auto& event : body)
    if (auto problem = read_event(event, params); !problem.empty()) return problem;
  return {};
}

class StandardWebhooksInspector final : public WireInspector {
 public:
  StandardWebhooksInspector(std::vector<WebhookKey> keys, std::int64_t window_ms)
      : keys_(std::move(keys)), window_ms_(window_ms), messages_(kMaxMessages) {}

  Inspection inspect(const Request& request, std::int64_t now_ms) override {
    Inspection found;
    found.refusal = {Act::status, 401};
    const auto id = header(request, "webhook-id");
    const auto timestamp = header(request, "webhook-timestamp");
    if (!keys_.empty()) {
      const auto message = fmt::format("{}.{}.{}", id, timestamp, request.body);
      found.mac_ok = signed_by_any(header(request, "webhook-signature"), message);
      if (!*found.mac_ok) found.problem = "no webhook-signature that any key has made";
    }
    if (found.problem.empty() && id.empty()) found.problem = "no webhook-id";
    if (found.problem.empty()) found.problem = timestamp_problem(timestamp, now_ms);
    if (!found.problem.empty()) return found;
    found.refusal = {Act::status, 400};
    found.problem = read_events(request, found.params);
    if (!found.problem.empty()) return found;
    const bool message_repeats = !messages_.add(id, kNever);
    const bool events_repeat = heard_.add(found.params);
    found.repeat = message_repeats || events_repeat;
    return found;
  }

  void recall(const LogLine& line) override {
    if (const auto id = line.headers.find("webhook-id"); id != line.headers.end()) messages_.add(id->second, kNever);
    heard_.add(line.params);
  }
  [[nodiscard]] Step says_error() const override { return {Act::status, 400}; }

 private:
  static constexpr std::size_t kMaxMessages = 1'000'000;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  static std::string header(const Request& request, const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string() : found->second;
  }
  [[nodiscard]] bool signed_by_any(std::string_view signatures, std::string_view message) const {
    for (const auto signature : words_of(signatures))
      for (const auto& key : keys_)
        if (key.has_made(signature, message)) return true;
    return false;
  }
  [[nodiscard]] std::string timestamp_problem(std::string_view text, std::int64_t now_ms) const {
    std::int64_t seconds = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code != std::errc{} || end != text.data() + text.size() || seconds < 0 || seconds > kNever / 4000)
      return fmt::format("webhook-timestamp '{}' is no number of seconds", shown(text, 40));
    if (std::abs(seconds * 1000 - now_ms) > window_ms_ + 999)  // it is cut to whole seconds
      return fmt::format("webhook-timestamp is {} ms away from now, {} ms are allowed", seconds * 1000 - now_ms,
                         window_ms_);
    return {};
  }

  std::vector<WebhookKey> keys_;
  std::int64_t window_ms_;
  RecentTexts messages_;
  HeardEvents heard_;
};

}  // namespace

tl::expected<std::unique_ptr<WireInspector>, std::string> standard_webhooks_inspector(
    const std::optional<std::string>& secret, std::int64_t window_ms) {
  std::vector<WebhookKey> keys;
  for (const auto word : words_of(secret ? std::string_view(*secret) : std::string_view())) {
    auto key = WebhookKey::parse(word);
    if (!key) return tl::make_unexpected(fmt::format("key {} of the secret file: {}", keys.size() + 1, key.error()));
    keys.push_back(std::move(*key));
  }
  return std::make_unique<StandardWebhooksInspector>(std::move(keys), window_ms);
}

}  // namespace host
