#include "receive/verifier.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

#include "text/utf8.h"

namespace host {

namespace {

// Two minutes before and after now, at 4000 calls a second.
constexpr std::size_t kMaxNonces = 1'000'000;
constexpr std::size_t kMaxEventIds = 1'000'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  std::int64_t ms = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (code != std::errc{} || end != text.data() + text.size() || ms < 0 || ms > kNever / 4) return std::nullopt;
  return ms;
}

bool same_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string mac_of(const Params& params, std::string_view secret, Digest digest) {
  std::vector<const std::pair<std::string, std::string>*> signed_params;
  for (const auto& param : params)
    if (param.first != "mac" && !param.first.starts_with("top_") && !param.first.starts_with("bottom_"))
      signed_params.push_back(&param);
  std::stable_sort(signed_params.begin(), signed_params.end(),
                   [](const auto* a, const auto* b) { return a->first < b->first; });
  std::string text;
  for (const auto* param : signed_params) text += param->second;
  text += secret;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest_bytes{};
  unsigned int digest_size = 0;
  const int digested = EVP_Digest(text.data(), text.size(), digest_bytes.data(), &digest_size,
                                  digest == Digest::md5 ? EVP_md5() : EVP_sha1(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  if (digested != 1) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE * 2> base64{};
  const int size = EVP_EncodeBlock(base64.data(), digest_bytes.data(), static_cast<int>(digest_size));
  return {base64.begin(), base64.begin() + size};
}

std::size_t RecentTexts::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

bool RecentTexts::add(std::string_view text, std::int64_t until_ms) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  Key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  if (!keys_.insert(key).second) return false;
  order_.push_back({key, until_ms});
  if (order_.size() > limit_) {
    keys_.erase(order_.front().key);
    order_.pop_front();
  }
  return true;
}

void RecentTexts::forget_before(std::int64_t now_ms) {
  while (!order_.empty() && order_.front().until_ms < now_ms) {
    keys_.erase(order_.front().key);
    order_.pop_front();
  }
}

Verifier::Verifier(std::optional<std::string> secret, Digest digest, std::int64_t window_ms)
    : secret_(std::move(secret)),
      digest_(digest),
      window_ms_(window_ms),
      nonces_(kMaxNonces),
      event_ids_(kMaxEventIds) {}

std::string Verifier::timestamp_problem(const Params& params, std::int64_t now_ms) const {
  const auto* text = find_param(params, "timestamp");
  if (text == nullptr) return secret_ ? "no timestamp" : "";
  const auto ms = parse_timestamp(*text);
  if (!ms) return fmt::format("timestamp '{}' is no number of milliseconds", shown(*text, 40));
  if (*ms < now_ms - window_ms_ || *ms > now_ms + window_ms_)
    return fmt::format("timestamp is {} ms away from now, {} ms are allowed", *ms - now_ms, window_ms_);
  return {};
}

Verdict Verifier::check(const Params& params, std::int64_t now_ms) {
  Verdict verdict;
  if (secret_) {
    const auto* mac = find_param(params, "mac");
    const auto expected = mac_of(params, *secret_, digest_);
    verdict.mac_ok = mac != nullptr && !expected.empty() && same_in_constant_time(*mac, expected);
    if (!*verdict.mac_ok) verdict.problem = mac == nullptr ? "no mac" : "wrong mac";
  }
  if (verdict.problem.empty()) verdict.problem = timestamp_problem(params, now_ms);
  if (!verdict.problem.empty()) return verdict;

  nonces_.forget_before(now_ms);
  const auto* nonce = find_param(params, "nonce");
  if (nonce == nullptr && secret_) verdict.problem = "no nonce";
  // A timestamp that is allowed now is refused after one window before and one after.
  if (nonce != nullptr && !nonces_.add(*nonce, now_ms + 2 * window_ms_)) verdict.problem = "nonce was used before";
  if (!verdict.problem.empty()) return verdict;

  const auto* event_id = find_param(params, "event_id");
  verdict.repeat = event_id != nullptr && !event_ids_.add(*event_id, kNever);
  return verdict;
}

void Verifier::recall(const Params& params) {
  const auto* timestamp = find_param(params, "timestamp");
  const auto ms = timestamp == nullptr ? std::nullopt : parse_timestamp(*timestamp);
  if (const auto* nonce = find_param(params, "nonce"); nonce != nullptr && ms)
    nonces_.add(*nonce, *ms + 2 * window_ms_);
  if (const auto* event_id = find_param(params, "event_id"); event_id != nullptr) event_ids_.add(*event_id, kNever);
}

}  // namespace host
