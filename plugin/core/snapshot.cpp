#include "core/snapshot.h"

#include <algorithm>
#include <array>

namespace ptb {

namespace {

/// Most names that are compared differ in size, which is the cheaper comparison.
constexpr bool by_size(std::string_view one, std::string_view other) {
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

// In lower case: receivers on .NET look names up without regard to case.
constexpr std::array<std::string_view, 33> kReserved = {"mac",          "role",           "type",
                                                        "newid",        "nonce",          "oldid",
                                                        "state",        "action",         "locale",
                                                        "tcrole",       "ticket",         "userid",
                                                        "attempt",      "ourguid",        "regpass",
                                                        "user_id",      "deferred",       "event_id",
                                                        "backup_id",    "course_id",      "direction",
                                                        "returnurl",    "tcbaseurl",      "timestamp",
                                                        "content_id",   "event_time",     "newcourseid",
                                                        "oldcourseid",  "new_group_id",   "old_group_id",
                                                        "tcprofileurl", "event_sequence", "external_content_id"};
static_assert(std::is_sorted(kReserved.begin(), kReserved.end(), by_size));

constexpr auto kOfKeys = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789_"))
    allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}();

}  // namespace

std::string_view to_text(Scope scope) {
  constexpr std::array<std::string_view, 3> kScopes = {"system", "course", "content"};
  return kScopes.at(static_cast<std::size_t>(scope));
}

namespace {

constexpr std::array<char, 3> kLetters = {'s', 'c', 'i'};
constexpr char kNothingShared = '0';
constexpr std::size_t kMostShared = 'z' - kNothingShared;

std::size_t shared_beginning(std::string_view one, std::string_view other) {
  const auto end = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first;
  return std::min(static_cast<std::size_t>(end - one.begin()), kMostShared);
}

/// A setting as it is stored: its key is the first `shared` characters of the key before and then `rest`.
struct StoredSetting {
  Scope scope{};
  std::size_t shared = 0;
  std::string_view rest;
  std::string_view value;
};

bool take_scope(std::string_view& in, StoredSetting& setting) {
  std::string_view name;
  const auto letter = std::find(kLetters.begin(), kLetters.end(), in.front());
  if (letter != kLetters.end()) {
    if (in.size() < 2 || in[1] < kNothingShared || in[1] > 'z') return false;
    setting.scope = static_cast<Scope>(letter - kLetters.begin());
    setting.shared = static_cast<std::size_t>(in[1] - kNothingShared);
    in.remove_prefix(2);
    return true;
  }
  setting.shared = 0;
  if (!take_netstring(in, name)) return false;
  setting.scope = name == "system" ? Scope::system : name == "course" ? Scope::course : Scope::content;
  return true;
}

/// Calls `take` for each stored setting, in the stored order: system, course, content. False where the text cannot be
/// read, or where `take` says so.
template <typename Take>
bool for_each_setting(std::string_view encoded, Take take) {
  StoredSetting setting;
  while (!encoded.empty()) {
    if (!take_scope(encoded, setting) || !take_netstring(encoded, setting.rest) ||
        !take_netstring(encoded, setting.value) || !take(setting))
      return false;
  }
  return true;
}

tl::unexpected<Error> unreadable() {
  return fail(Status::damaged, "a stored snapshot of tool settings cannot be read");
}

/// The whole key, kept in `keys` where it is not in the stored text.
std::string_view whole_key(const StoredSetting& setting, std::string_view before,
                           std::pmr::monotonic_buffer_resource& keys) {
  if (setting.shared == 0) return setting.rest;
  const std::size_t size = setting.shared + setting.rest.size();
  auto* const made = static_cast<char*>(keys.allocate(size, 1));
  before.copy(made, setting.shared);
  setting.rest.copy(made + setting.shared, setting.rest.size());
  return {made, size};
}

}  // namespace

std::string encode_views(SettingViews settings) {
  if (!std::is_sorted(settings.begin(), settings.end())) std::sort(settings.begin(), settings.end());
  std::string out;
  std::size_t size = 0;
  for (const auto& setting : settings) size += setting.key.size() + setting.value.size() + 32;
  out.reserve(size);
  std::string_view before;
  for (const auto& setting : settings) {
    const std::size_t shared = shared_beginning(setting.key, before);
    out.push_back(kLetters.at(static_cast<std::size_t>(setting.scope)));
    out.push_back(static_cast<char>(kNothingShared + shared));
    append_netstring(out, setting.key.substr(shared));
    append_netstring(out, setting.value);
    before = setting.key;
  }
  return out;
}

std::string encode_settings(const Settings& settings) {
  SettingViews views;
  views.reserve(settings.size());
  for (const auto& setting : settings) views.push_back({setting.scope, setting.key, setting.value});
  return encode_views(std::move(views));
}

Result<Settings> decode_settings(std::string_view encoded) {
  Settings settings;
  const bool whole = for_each_setting(encoded, [&](const StoredSetting& setting) {
    const std::string before = settings.empty() ? std::string() : settings.back().key;
    if (setting.shared > before.size()) return false;
    settings.push_back(
        {setting.scope, before.substr(0, setting.shared).append(setting.rest), std::string(setting.value)});
    return true;
  });
  if (!whole) return unreadable();
  return settings;
}

Result<EffectiveSettings> effective_settings(std::string_view encoded) {
  constexpr std::size_t kKeyBytes = 1024;  // of most events
  // Not the default resource: that is whatever the host has made it.
  EffectiveSettings made{
      {}, std::make_unique<std::pmr::monotonic_buffer_resource>(kKeyBytes, std::pmr::new_delete_resource())};
  PairViews& pairs = made.pairs;
  pairs.reserve(32);
  bool sorted = true;
  const bool whole = for_each_setting(encoded, [&](const StoredSetting& setting) {
    const std::string_view before = pairs.empty() ? std::string_view() : pairs.back().first;
    if (setting.shared > before.size()) return false;
    const std::string_view key = whole_key(setting, before, *made.keys);
    sorted = sorted && (pairs.empty() || before < key);
    pairs.emplace_back(key, setting.value);
    return true;
  });
  if (!whole) return unreadable();
  if (sorted) return made;
  // Of equal keys the last one has the narrowest scope.
  std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto kept =
      std::unique(pairs.rbegin(), pairs.rend(), [](const auto& a, const auto& b) { return a.first == b.first; });
  pairs.erase(pairs.begin(), kept.base());
  return made;
}

bool is_reserved_name(std::string_view name) {
  if (name.starts_with("top_") || name.starts_with("bottom_")) return true;
  return std::binary_search(kReserved.begin(), kReserved.end(), name, by_size);
}

std::string setting_key_problem(std::string_view key) {
  const auto shown = [&] { return "setting key '" + printable(key, 60) + "' "; };
  if (key.empty()) return "a setting key is empty: use 1 to 200 of a-z, 0-9 and _";
  if (key.size() > 200) return shown() + "has " + std::to_string(key.size()) + " characters: at most 200 are allowed";
  if (!std::all_of(key.begin(), key.end(), [](char c) { return kOfKeys[static_cast<unsigned char>(c)]; }))
    return shown() + "has illegal characters: use a-z, 0-9 and _ only";
  if (is_reserved_name(key)) return shown() + "is reserved: the protocol uses that name itself";
  return {};
}

}  // namespace ptb
