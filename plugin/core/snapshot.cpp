#include "core/snapshot.h"

#include <algorithm>
#include <array>

namespace ptb {

namespace {

// Sorted. In lower case: receivers on .NET look names up without regard to case.
constexpr std::array<std::string_view, 33> kReserved = {"action",
                                                        "attempt",
                                                        "backup_id",
                                                        "content_id",
                                                        "course_id",
                                                        "deferred",
                                                        "direction",
                                                        "event_id",
                                                        "event_sequence",
                                                        "event_time",
                                                        "external_content_id",
                                                        "locale",
                                                        "mac",
                                                        "new_group_id",
                                                        "newcourseid",
                                                        "newid",
                                                        "nonce",
                                                        "old_group_id",
                                                        "oldcourseid",
                                                        "oldid",
                                                        "ourguid",
                                                        "regpass",
                                                        "returnurl",
                                                        "role",
                                                        "state",
                                                        "tcbaseurl",
                                                        "tcprofileurl",
                                                        "tcrole",
                                                        "ticket",
                                                        "timestamp",
                                                        "type",
                                                        "user_id",
                                                        "userid"};
static_assert(std::is_sorted(kReserved.begin(), kReserved.end()));

}  // namespace

std::string_view to_text(Scope scope) {
  constexpr std::array<std::string_view, 3> kScopes = {"system", "course", "content"};
  return kScopes.at(static_cast<std::size_t>(scope));
}

std::string encode_settings(Settings settings) {
  if (!std::is_sorted(settings.begin(), settings.end())) std::sort(settings.begin(), settings.end());
  std::string out;
  std::size_t size = 0;
  for (const auto& setting : settings) size += setting.key.size() + setting.value.size() + 32;
  out.reserve(size);
  for (const auto& setting : settings) {
    append_netstring(out, to_text(setting.scope));
    append_netstring(out, setting.key);
    append_netstring(out, setting.value);
  }
  return out;
}

namespace {

/// Calls `take(scope, key, value)` for each stored setting, in the stored order: system, course, content. False where
/// the text cannot be read.
template <typename Take>
bool for_each_setting(std::string_view encoded, Take take) {
  std::string_view scope;
  std::string_view key;
  std::string_view value;
  while (!encoded.empty()) {
    if (!take_netstring(encoded, scope) || !take_netstring(encoded, key) || !take_netstring(encoded, value))
      return false;
    take(scope, key, value);
  }
  return true;
}

tl::unexpected<Error> unreadable() {
  return fail(Status::damaged, "a stored snapshot of tool settings cannot be read");
}

}  // namespace

Result<Settings> decode_settings(std::string_view encoded) {
  Settings settings;
  const bool whole =
      for_each_setting(encoded, [&](std::string_view scope, std::string_view key, std::string_view value) {
        const Scope known = scope == "system" ? Scope::system : scope == "course" ? Scope::course : Scope::content;
        settings.push_back({known, std::string(key), std::string(value)});
      });
  if (!whole) return unreadable();
  return settings;
}

Result<PairViews> effective_settings(std::string_view encoded) {
  PairViews pairs;
  pairs.reserve(32);
  bool sorted = true;
  const bool whole = for_each_setting(encoded, [&](std::string_view, std::string_view key, std::string_view value) {
    sorted = sorted && (pairs.empty() || pairs.back().first < key);
    pairs.emplace_back(key, value);
  });
  if (!whole) return unreadable();
  if (sorted) return pairs;
  // Of equal keys the last one has the narrowest scope.
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto kept =
      std::unique(pairs.rbegin(), pairs.rend(), [](const auto& a, const auto& b) { return a.first == b.first; });
  pairs.erase(pairs.begin(), kept.base());
  return pairs;
}

bool is_reserved_name(std::string_view name) {
  if (name.starts_with("top_") || name.starts_with("bottom_")) return true;
  return std::binary_search(kReserved.begin(), kReserved.end(), name);
}

std::string setting_key_problem(std::string_view key) {
  const auto shown = [&] { return "setting key '" + printable(key, 60) + "' "; };
  if (key.empty()) return "a setting key is empty: use 1 to 200 of a-z, 0-9 and _";
  if (key.size() > 200) return shown() + "has " + std::to_string(key.size()) + " characters: at most 200 are allowed";
  for (const char c : key)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return shown() + "has illegal characters: use a-z, 0-9 and _ only";
  if (is_reserved_name(key)) return shown() + "is reserved: the protocol uses that name itself";
  return {};
}

}  // namespace ptb
