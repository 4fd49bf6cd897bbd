#include "store/store_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "core/snapshot.h"
#include "store/event_rows.h"

namespace ptb {

namespace {

constexpr int kPageRows = 1000;
constexpr std::size_t kMostOfOneKind = 20;

/// A query that finds what breaks a rule: the place of an event, or what it is about in one line.
struct Rule {
  const char* sql;
  const char* broken;  ///< what is wrong, and what comes of it
};

#define PTB_PAGE "event.place BETWEEN ?1 AND ?2"

constexpr std::array kEventRules = {
    Rule{"SELECT place FROM event WHERE " PTB_PAGE " AND NOT EXISTS (SELECT 1 FROM lane WHERE lane.id = place >> 40)",
         "its lane is not there: it is never sent"},
    Rule{"SELECT event.place FROM event WHERE " PTB_PAGE " AND EXISTS (SELECT 1 FROM event_key WHERE "
         "event_key.event_id = event.event_id AND event_key.place <> event.place)",
         "another event has the same id"},
    Rule{"SELECT event.place FROM event WHERE " PTB_PAGE
         " AND event.snapshot IS NOT NULL AND event.settings = '' AND NOT EXISTS (SELECT 1 FROM event AS holder WHERE "
         "holder.place = event.snapshot AND holder.settings <> '')",
         "the event that holds its settings is not there: it cannot be sent as it was"},
};

#define PTB_KEY_MISSING                                                                                       \
  " AND NOT EXISTS (SELECT 1 FROM event_key WHERE event_key.event_id = event.event_id AND event_key.place = " \
  "event.place)"
constexpr const char* kKeyMissing = "its id is not among the known ones: a repeated capture would store it again";
// A file has the newest keys in the events alone; a shared database enters each with its event.
constexpr Rule kKeyRule = {"SELECT event.place FROM event JOIN lane ON lane.id = event.place >> 40 WHERE " PTB_PAGE
                           " AND (event.place & 1099511627775) <= lane.keyed" PTB_KEY_MISSING,
                           kKeyMissing};
constexpr Rule kSharedKeyRule = {"SELECT event.place FROM event WHERE " PTB_PAGE PTB_KEY_MISSING, kKeyMissing};
constexpr Rule kMarkRule = {
    "SELECT key FROM lane WHERE mark > keyed AND mark > coalesce((SELECT max(place) & 1099511627775 FROM event "
    "WHERE event.place BETWEEN lane.id << 40 AND lane.id << 40 | 1099511627775), 0)",
    "its mark is behind its last event: what comes next would count as delivered"};
constexpr Rule kWalkRule = {
    "SELECT lane.key FROM lane JOIN walk ON walk.lane = lane.id GROUP BY lane.key HAVING count(*) <> "
    "max(walk.ordinal) - min(walk.ordinal) + 1",
    "walks are missing between those that are kept"};

constexpr std::array kOtherRules = {
    Rule{"SELECT place FROM crossing WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.place = crossing.place)",
         "it is said to stand between two courses, but is not there"},
    Rule{"SELECT place FROM failure WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.place = failure.place)",
         "it has failed attempts, but is not there"},
    Rule{"SELECT place FROM lease WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.place = lease.place)",
         "somebody has taken it, but it is not there"},
};

constexpr const char* kEvents =
    "SELECT place, event_id, kind, captured_as, arguments, context, settings FROM event WHERE place > ?1 ORDER BY "
    "place LIMIT ?2";
constexpr const char* kKeyed = "SELECT keyed FROM lane WHERE id = ?1";
constexpr const char* kKeys =
    "SELECT event_id, place, EXISTS (SELECT 1 FROM event WHERE event.place = event_key.place AND event.event_id = "
    "event_key.event_id), EXISTS (SELECT 1 FROM spent_key WHERE spent_key.place = event_key.place AND "
    "spent_key.event_id = event_key.event_id) FROM event_key WHERE event_id > ?1 ORDER BY event_id LIMIT ?2";
constexpr const char* kSpentKeys =
    "SELECT place, EXISTS (SELECT 1 FROM event WHERE event.place = spent_key.place), EXISTS (SELECT 1 FROM event_key "
    "WHERE event_key.event_id = spent_key.event_id AND event_key.place = spent_key.place) FROM spent_key WHERE place > "
    "?1 ORDER BY place LIMIT ?2";

EventId id_in(std::span<const unsigned char> bytes) {
  EventId id{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.size()), id.begin());
  return id;
}

std::string named(std::int64_t place) {
  return fmt::format("event {} of lane {}", place_of(place).sequence, place_of(place).lane);
}

class Looking {
 public:
  Looking(Connection& connection, const std::function<void()>& pause) : connection_(connection), pause_(pause) {}

  StoreCheck all() {
    for (std::int64_t after = 0; after >= 0; pause_()) after = look_at_events(after);
    for (std::vector<unsigned char> after(1, 0); !after.empty(); pause_()) after = look_at_keys(after);
    for (std::int64_t after = 0; after >= 0; pause_()) after = look_at_spent_keys(after);
    for (const Rule& rule : kOtherRules) look_for(rule);
    look_at_lanes(kWalkRule);
    if (!connection_.is_shared()) look_at_lanes(kMarkRule);
    pause_();
    {
      auto count = connection_.query("SELECT count(*) FROM lane");
      if (count.row()) seen_.lanes = count.integer(0);
    }
    for (const auto& [what, times] : times_)
      if (times > kMostOfOneKind)
        seen_.findings.push_back(fmt::format("{} more of the same kind: {}", times - kMostOfOneKind, what));
    return std::move(seen_);
  }

 private:
  void found(const std::string& what, const std::string& where) {
    if (++times_[what] <= kMostOfOneKind) seen_.findings.push_back(fmt::format("{}: {}", where, what));
  }

  template <typename... Values>
  void look_for(const Rule& rule, Values... values) {
    auto rows = connection_.query(rule.sql);
    rows.bind(values...);
    while (rows.row()) found(rule.broken, named(rows.integer(0)));
  }
  void look_at_lanes(const Rule& rule) {
    auto rows = connection_.query(rule.sql);
    while (rows.row()) found(rule.broken, fmt::format("lane {}", rows.text(0)));
  }

  /// The place of the page's last event; -1: there was no further one.
  std::int64_t look_at_events(std::int64_t after) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::vector<std::pair<std::int64_t, EventId>> ids;
    {
      auto rows = connection_.query(kEvents);
      rows.bind(after, kPageRows);
      while (rows.row()) {
        last = rows.integer(0);
        if (first == 0) first = last;
        ++seen_.events;
        look_at_content(rows);
        ids.emplace_back(last, id_in(rows.bytes(1)));
      }
    }
    if (first == 0) return -1;
    for (const Rule& rule : kEventRules) look_for(rule, first, last);
    look_for(connection_.is_shared() ? kSharedKeyRule : kKeyRule, first, last);
    if (!connection_.is_shared()) look_at_unentered(ids);
    return last;
  }

  void look_at_content(const Query& row) {
    const auto where = named(row.integer(0));
    if (row.bytes(1).size() != EventId{}.size()) found("its id is none", where);
    if (!event_kind_from(row.integer(2)) || !deferral_from(row.integer(3)))
      found("its kind, or why it waited, is not known here", where);
    if (!decode_pairs(row.text(4))) found("its arguments cannot be read: it cannot be sent", where);
    if (!decode_pairs(row.text(5))) found("its context cannot be read", where);
    if (!row.text(6).empty() && !decode_settings(row.text(6)))
      found("its settings cannot be read: it, and others that share them, cannot be sent", where);
  }

  /// Those few whose keys are not in event_key yet are kept apart by nothing else.
  void look_at_unentered(const std::vector<std::pair<std::int64_t, EventId>>& ids) {
    for (const auto& [place, id] : ids) {
      const Place at = place_of(place);
      if (at.lane != keyed_lane_) {
        auto row = connection_.query(kKeyed);
        row.bind(at.lane);
        keyed_ = row.row() ? row.integer(0) : std::numeric_limits<std::int64_t>::max();
        keyed_lane_ = at.lane;
      }
      if (at.sequence > keyed_ && !unentered_.insert(id).second) found("another event has the same id", named(place));
    }
  }

  /// The last id of the page; empty: there was no further one.
  std::vector<unsigned char> look_at_keys(const std::vector<unsigned char>& after) {
    std::vector<unsigned char> last;
    auto rows = connection_.query(kKeys);
    rows.bind(std::span<const unsigned char>(after), kPageRows);
    while (rows.row()) {
      last.assign(rows.bytes(0).begin(), rows.bytes(0).end());
      if (rows.integer(2) == 0 && rows.integer(3) == 0)
        found("its id is known, but nothing says what became of it: a capture of it is answered as a duplicate",
              fmt::format("{}, {}", named(rows.integer(1)), to_text(id_in(rows.bytes(0)))));
    }
    return last;
  }

  std::int64_t look_at_spent_keys(std::int64_t after) {
    std::int64_t last = -1;
    auto rows = connection_.query(kSpentKeys);
    rows.bind(after, kPageRows);
    while (rows.row()) {
      last = rows.integer(0);
      if (rows.integer(1) != 0) found("it is there, though its key says that it is gone", named(last));
      if (rows.integer(2) == 0)
        found("it is gone, and its id is not among the known ones: a repeated capture would store it again",
              named(last));
    }
    return last;
  }

  Connection& connection_;
  const std::function<void()>& pause_;
  StoreCheck seen_;
  std::map<std::string, std::size_t> times_;
  std::set<EventId> unentered_;
  std::int64_t keyed_lane_ = 0;
  std::int64_t keyed_ = 0;
};

}  // namespace

StoreCheck check_rules(Connection& connection, const std::function<void()>& pause) {
  return Looking(connection, pause).all();
}

}  // namespace ptb
