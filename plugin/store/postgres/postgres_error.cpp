#include "store/postgres/postgres_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "store/postgres/postgres_place.h"

namespace ptb {

namespace {

template <std::size_t N>
bool is_one_of(std::string_view value, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Where a second row of one key means that another node has done the same meanwhile.
constexpr std::array<std::string_view, 7> kShared = {"event", "event_key",     "lane", "family",
                                                     "node",  "lane_standing", "meta"};
constexpr std::array<std::string_view, 4> kOutdated = {"PTB01", "40001", "40P01", "55P03"};
constexpr std::array<std::string_view, 5> kLost = {"57P01", "57P02", "57P03", "57P05", "25P03"};
constexpr std::array<std::string_view, 2> kUnprepared = {"26000", "42P05"};
constexpr std::array<std::string_view, 2> kReadOnly = {"25006", "42501"};
constexpr std::array<std::string_view, 2> kDamaged = {"XX001", "XX002"};

/// libpq, asked for all it knows, writes "…FATAL:  28P01: words" and further lines.
ServerError read_words(std::string_view words) {
  constexpr std::size_t kState = 5;
  for (auto at = words.find(":  "); at != std::string_view::npos; at = words.find(":  ", at + 1)) {
    const std::string_view rest = words.substr(at + 3);
    if (rest.size() < kState + 2 || rest.substr(kState, 2) != ": ") continue;
    const std::string_view said = rest.substr(kState + 2);
    return {std::string(rest.substr(0, kState)), std::string(said.substr(0, said.find('\n'))), {}};
  }
  return {{}, std::string(words.substr(0, words.find('\n'))), {}};
}

}  // namespace

Fate fate_of(const ServerError& error) {
  const std::string_view state = error.state;
  if (is_one_of(state, kOutdated)) return Fate::outdated;
  if (state == "23505" && is_one_of(error.table, kShared)) return Fate::outdated;
  if (state == "PTB02") return Fate::shut_out;
  if (is_one_of(state, kLost) || state.starts_with("08")) return Fate::lost;
  if (is_one_of(state, kUnprepared)) return Fate::pooled;
  return Fate::failure;
}

Error postgres_error(const PostgresPlace& place, const ServerError& error) {
  const std::string_view state = error.state;
  const std::string words = place.clean(error.words);
  if (state == "53100")
    return {Status::store, fmt::format("store {}: the disk of the PostgreSQL server is full; nothing was stored: free "
                                       "space on it, then try again",
                                       place.shown)};
  if (is_one_of(state, kReadOnly))
    return {Status::store,
            fmt::format("store {} cannot be written ({}): name the primary server, and a role that owns the schema "
                        "ptbridge or has been granted it",
                        place.shown, words)};
  if (is_one_of(state, kDamaged))
    return {Status::damaged,
            fmt::format("store {} is damaged ({}): restore the PostgreSQL server from a backup", place.shown, words)};
  if (state.starts_with("53") || state == "58030")
    return {Status::store, fmt::format("store {}: the PostgreSQL server is at its limits ({}); nothing was stored: "
                                       "help it, then try again",
                                       place.shown, words)};
  if (state.starts_with("22") || state == "54000")
    return {Status::argument,
            fmt::format("store {}: a value cannot be stored ({}); nothing was stored", place.shown, words)};
  if (state.starts_with("23"))
    return {Status::internal, fmt::format("store {} refused a row that breaks its rules ({}); nothing was stored: "
                                          "report this as a fault",
                                          place.shown, words)};
  return {Status::internal, fmt::format("store {}: {} (SQLSTATE {}); nothing was stored", place.shown, words, state)};
}

Error connect_error(const PostgresPlace& place, std::string_view words) {
  const ServerError said = read_words(words);
  const std::string clean = place.clean(said.words);
  if (said.state.starts_with("28") || words.find("no password supplied") != std::string_view::npos)
    return {Status::store, fmt::format("store {}: the PostgreSQL server lets nobody in with these credentials ({}): "
                                       "check the user, the password and pg_hba.conf",
                                       place.shown, clean)};
  if (said.state == "3D000")
    return {Status::store,
            fmt::format("store {}: there is no such database: create it (createdb), then try again", place.shown)};
  if (said.state == "53300")
    return {Status::store, fmt::format("store {}: the PostgreSQL server takes no more connections ({}): raise "
                                       "max_connections, or put a pooler between",
                                       place.shown, clean)};
  if (said.state == "57P03")
    return {Status::store, fmt::format("store {}: the PostgreSQL server is not ready ({}): try again in a moment",
                                       place.shown, clean)};
  return {Status::store, fmt::format("store {} cannot be reached ({}): check that the PostgreSQL server runs and that "
                                     "the URI names it",
                                     place.shown, clean)};
}

bool is_passing(std::string_view words) {
  if (words.find("no password supplied") != std::string_view::npos) return false;
  const std::string state = read_words(words).state;
  return state.empty() || state == "57P03" || state == "53300" || state.starts_with("08");
}

}  // namespace ptb
