// The table of defects, and those of them that are a wrong reading of a call.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "receive/bugs.h"

namespace host {

namespace {

constexpr std::int64_t kWindowMs = 120'000;
constexpr std::int64_t kNarrowWindowMs = 10'000;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::size_t kShortValueBytes = 4096;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::int64_t number(const Params& params, std::string_view name, std::int64_t otherwise) {
  const auto* text = find_param(params, name);
  std::int64_t value = otherwise;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

void set(Params& params, std::string_view name, std::string value) {
  for (auto& param : params)
    if (param.first == name) param.second = std::move(value);
}

bool has(const Params& params, std::string_view name) { return find_param(params, name) != nullptr; }

/// The digest of these parameters in the order that `before` says, or as they came.
template <typename Before>
std::string mac_in_order(Reading& call, Before before) {
  auto params = call.params;
  std::stable_sort(params.begin(), params.end(), before);
  // Names that sort as the values are to be digested.
  Params renamed;
  for (const auto& [name, value] : params)
    if (name != "mac" && !name.starts_with("top_") && !name.starts_with("bottom_"))
      renamed.emplace_back(fmt::format("p{:08}", renamed.size()), value);
  return mac_of(renamed, call.secret, call.digest);
}

void judge_by(Reading& call, const std::string& own_mac) {
  const auto* mac = find_param(call.params, "mac");
  if (mac != nullptr && *mac == own_mac)
    call.sign();
  else
    call.spoil();
}

// -- wrong readings

void any_mac(Reading& call) {
  if (has(call.params, "mac")) call.sign();
}

void no_mac(Reading& call) {
  if (has(call.params, "mac")) return;
  call.params.emplace_back("mac", "");
  call.sign();
}

void mac_in_any_case(Reading& call) {
  const auto* mac = find_param(call.params, "mac");
  if (mac != nullptr && lower(*mac) == lower(call.right_mac())) call.sign();
}

void old_timestamps(Reading& call) {
  if (!call.is_signed() || number(call.params, "timestamp", call.now_ms) >= call.now_ms - kWindowMs) return;
  set(call.params, "timestamp", std::to_string(call.now_ms));
  call.sign();
}

void future_timestamps(Reading& call) {
  if (!call.is_signed() || number(call.params, "timestamp", call.now_ms) <= call.now_ms + kWindowMs) return;
  set(call.params, "timestamp", std::to_string(call.now_ms));
  call.sign();
}

void narrow_window(Reading& call) {
  const auto off_ms = number(call.params, "timestamp", call.now_ms) - call.now_ms;
  if (off_ms < -kNarrowWindowMs || off_ms > kNarrowWindowMs) call.spoil();
}

void event_time_for_timestamp(Reading& call) {
  if (number(call.params, "event_time", call.now_ms) < call.now_ms - kDayMs) call.spoil();
}

void unknown_parameters(Reading& call) {
  const bool some = std::any_of(call.params.begin(), call.params.end(), [](const auto& param) {
    return param.first.starts_with("x_") || param.first.starts_with("zz_");
  });
  if (some) call.spoil();
}

void by_culture(Reading& call) {
  // '_' first, then digits, then letters in either case.
  const auto weight = [](const std::string& name) {
    auto key = lower(name);
    std::replace(key.begin(), key.end(), '_', ' ');
    return key;
  };
  judge_by(call, mac_in_order(call, [&](const auto& a, const auto& b) { return weight(a.first) < weight(b.first); }));
}

void unsorted(Reading& call) {
  judge_by(call, mac_in_order(call, [](const auto&, const auto&) { return false; }));
}

void top_and_bottom(Reading& call) {
  for (const auto& param : call.params)
    if (param.first.starts_with("top_") || param.first.starts_with("bottom_")) return call.spoil();
}

void empty_values(Reading& call) {
  for (const auto& param : call.params)
    if (param.second.empty()) return call.spoil();
}

void long_values(Reading& call) {
  for (auto& param : call.params) param.second.resize(std::min(param.second.size(), kShortValueBytes));
}

/// "%C3%A9" becomes "%C3%83%C2%A9": each byte is taken for a character of its own.
std::string as_latin1(std::string body) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); ++at) {
    unsigned byte = 0;
    if (body[at] == '%' && at + 2 < body.size() + 0 &&
        std::from_chars(body.data() + at + 1, body.data() + at + 3, byte, 16).ec == std::errc{} && byte >= 0x80) {
      out += fmt::format("%{:02X}%{:02X}", 0xC0U | byte >> 6, 0x80U | (byte & 0x3FU));
      at += 2;
    } else {
      out += body[at];
    }
  }
  return out;
}

std::string plus_as_plus(std::string body) {
  std::string out;
  for (const char c : body) out += c == '+' ? "%2B" : std::string(1, c);
  return out;
}

}  // namespace

const std::vector<BugKind>& bug_kinds() {
  static const std::vector<BugKind> kinds = {
      {"accepts-any-mac", "takes a call whatever its MAC is", "refuses-wrong-mac", any_mac},
      {"accepts-missing-mac", "takes a call that has no MAC", "refuses-missing-mac", no_mac},
      {"compares-mac-without-case", "takes a MAC for right whose letters have the wrong case", "refuses-wrong-mac",
       mac_in_any_case},
      {"accepts-old-timestamps", "takes a call however long ago it was signed", "refuses-old-timestamp",
       old_timestamps},
      {"accepts-future-timestamps", "takes a call that is signed for later", "refuses-future-timestamp",
       future_timestamps},
      {"allows-ten-seconds", "refuses a call when the clocks differ by more than ten seconds",
       "allows-a-minute-of-difference", narrow_window},
      {"forgets-nonces", "takes the very same call twice", "refuses-used-nonce"},
      {"digests-unsorted", "digests the parameters in the order in which they came", "parameters-in-any-order",
       unsorted},
      {"digests-top-and-bottom", "digests parameters named top_… and bottom_…", "top-and-bottom-unsigned",
       top_and_bottom},
      {"takes-get", "takes an event by GET", "get-is-no-event"},
      {"refuses-unknown-parameters", "refuses a call with a parameter that it does not know", "unknown-parameters",
       unknown_parameters},
      {"sorts-by-culture", "sorts parameters as a culture does, '_' before digits", "settings-culture-order",
       by_culture},
      {"decodes-as-latin1", "decodes the form as Latin-1", "settings-unicode", nullptr, as_latin1},
      {"decodes-plus-as-plus", "takes + in a form for a plus sign", "form-encoding", nullptr, plus_as_plus},
      {"refuses-empty-values", "refuses a call with an empty value", "settings-empty", empty_values},
      {"truncates-long-values", "cuts values behind 4 KiB", "settings-long", long_values},
      {"limits-bodies", "refuses a body of more than 128 KiB", "large-call-delays-nobody"},
      {"counts-repeats-twice", "does an event again each time it comes", "same-event-twice-has-effect-of-one"},
      {"remembers-only-the-latest", "knows a repeat only when it comes right behind the first", "restarted-walk"},
      {"refuses-repeats", "answers ERROR to an event that it has done before", "repeat-is-success"},
      {"judges-age-by-event-time", "refuses an event that happened more than a day ago", "late-event",
       event_time_for_timestamp},
      {"forgets-one-kind", "answers 404 to group-imported", "event-group-imported"},
      {"answers-json", "answers in JSON", "legal-answer-body"},
      {"answers-500-on-error", "answers HTTP 500 on a course that it does not know", "error-path"},
      {"fails-state-change", "answers ERROR when it becomes available", "state-change"},
      {"refuses-ping", "answers ERROR to a ping", "ping"},
      {"fails-remove", "answers HTTP 500 when it is removed", "remove"},
      {"fails-reregister", "answers HTTP 500 when it is asked to register again", "reregister"},
      {"slow-now-and-then", "takes 300 ms for every twentieth call", "answers-in-time"},
      {"overloaded", "answers HTTP 503 when many waiting events come one after the other", "load-in-order"},
      {"loses-under-load", "acknowledges every event of a long replay and loses some", "load-in-order"},
      {"closes-connections", "closes a connection after an answer without saying so", "keep-alive"},
  };
  return kinds;
}

bool Reading::is_signed() const {
  const auto* mac = find_param(params, "mac");
  return mac != nullptr && *mac == right_mac();
}

void Reading::sign() { set(params, "mac", right_mac()); }

void Reading::spoil() { set(params, "mac", "-"); }

}  // namespace host
