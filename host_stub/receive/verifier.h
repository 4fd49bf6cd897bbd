// Decides, as a careful tool would, whether a call really comes from the LMS and whether it was heard before: MAC,
// timestamp, nonce, event_id (proxy-tool-protocol §2, §3). Reads no clock and knows no sockets.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "receive/form.h"

namespace host {

enum class Digest { md5, sha1 };

/// The MAC of a call in Base64: digest of the values, sorted by the names of their parameters, and the secret; `mac`,
/// `top_…` and `bottom_…` are left out (proxy-tool-protocol §3). Empty where OpenSSL refuses the digest.
std::string mac_of(const Params& params, std::string_view secret, Digest digest);

/// Remembers texts, the latest `limit` of them, by a 128-bit digest of each.
class RecentTexts {
 public:
  explicit RecentTexts(std::size_t limit) : limit_(limit) {}

  /// False where the text is remembered already. It may be forgotten after `until_ms`.
  bool add(std::string_view text, std::int64_t until_ms);
  void forget_before(std::int64_t now_ms);
  std::size_t size() const { return order_.size(); }

 private:
  using Key = std::array<unsigned char, 16>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    std::int64_t until_ms;
  };

  std::size_t limit_;
  std::deque<Entry> order_;
  std::unordered_set<Key, KeyHash> keys_;
};

struct Verdict {
  std::optional<bool> mac_ok;  // none: there is no secret to check with
  bool repeat = false;
  std::string problem;  // empty: the call is taken; else nothing of it was remembered
};

class Verifier {
 public:
  /// Without a secret the MAC is not checked, and timestamp and nonce only where they are given.
  Verifier(std::optional<std::string> secret, Digest digest, std::int64_t window_ms);

  /// Judges a call that came at `now_ms` and, where there is no problem, remembers its nonce and event_id.
  Verdict check(const Params& params, std::int64_t now_ms);

  /// Remembers a call that was taken in an earlier life.
  void recall(const Params& params);

 private:
  std::string timestamp_problem(const Params& params, std::int64_t now_ms) const;

  std::optional<std::string> secret_;
  Digest digest_;
  std::int64_t window_ms_;
  RecentTexts nonces_;
  RecentTexts event_ids_;
};

}  // namespace host
