#include "disk/old_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <stdexcept>

#include "store/migrations.h"

namespace ptb::test {

namespace {

constexpr int kEvents = 30;
constexpr int kMark = 4;
constexpr int kParked = 9;
constexpr std::int64_t kLane = 1;

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};

void run(sqlite3* handle, const std::string& sql) {
  if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error("an old file: " + std::string(sqlite3_errmsg(handle)) + " in " + sql);
}

std::string hex(const std::string& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return "x'" + text + "'";
}
std::string quoted(const std::string& text) { return "CAST(" + hex(text) + " AS TEXT)"; }

/// Every third number belongs to that tool.
int number_at(std::int64_t sequence) { return static_cast<int>(sequence) * 3; }

void insert_event(sqlite3* handle, std::int64_t sequence) {
  const CaptureItem item = item_of(number_at(sequence));
  const Event& event = item.event;
  const auto number = static_cast<std::int64_t>(event.id.data[0]);
  run(handle, fmt::format("INSERT OR IGNORE INTO snapshot (id, digest, content) VALUES ({0} / 5 + 1, "
                          "CAST(printf('%032d', {0} / 5) AS BLOB), {1});"
                          "INSERT OR IGNORE INTO snapshot_use (snapshot, stretch) VALUES ({0} / 5 + 1, 1 << 30)",
                          number, quoted(item.settings)));
  run(handle,
      fmt::format("INSERT INTO event (place, event_id, waits, kind, captured_as, walks_before, snapshot, occurred_at, "
                  "captured_at, operation, course_id, content_id, context, arguments) VALUES ((1 << 40) + {}, {}, 1, "
                  "'content-imported', 'not_available', 0, {} / 5 + 1, {}, {}, '{}', '{}', '{}', {}, {})",
                  sequence, hex({event.id.begin(), event.id.end()}), number, event.occurred_at_ms, event.captured_at_ms,
                  event.operation, event.course_id, event.content_id, quoted(event.context), quoted(event.arguments)));
  run(handle, fmt::format("INSERT INTO event_key (event_id, place) VALUES ({}, (1 << 40) + {})",
                          hex({event.id.begin(), event.id.end()}), sequence));
}

void insert_rows(sqlite3* handle) {
  run(handle, "BEGIN");
  run(handle, "INSERT INTO meta (id, bridge) VALUES (1, x'ABABABABABABABABABABABABABABABAB')");
  run(handle,
      "INSERT INTO tool VALUES ('acme/toola', '0123456789abcdef0123456789abcdef', 'unavailable', "
      "'<tool-profile/>', 0, 1, 1, 0, 'proxy-tool', '', 0)");
  run(handle, fmt::format("INSERT INTO lane (id, key, tool, mark, released) VALUES ({}, 'acme/toola', 'acme/toola', "
                          "{}, 1)",
                          kLane, kMark));
  run(handle, fmt::format("INSERT INTO walk (lane, ordinal, first, last, started_at, ended_at, reached, completed) "
                          "VALUES ({}, 1, 1, {}, 5, 6, {}, 1)",
                          kLane, kMark, kMark));
  for (std::int64_t sequence = 1; sequence <= kEvents; ++sequence) insert_event(handle, sequence);
  run(handle, fmt::format("UPDATE event SET state = 3, settled_at = 9, reason = 'by_hand' WHERE place = (1 << 40) + {}",
                          kParked));
  run(handle, "COMMIT");
}

Act& did(Ledger& ledger, Act::Kind kind) {
  Act& act = ledger.begin(kind, 0);
  act.done = 0;
  return act;
}

void note(Ledger& ledger) {
  Act& save = did(ledger, Act::Kind::save);
  save.tool = {"acme", "toola"};
  save.saved = ToolState::unavailable;
  Act& capture = did(ledger, Act::Kind::capture);
  for (std::int64_t sequence = 1; sequence <= kEvents; ++sequence) {
    capture.numbers.push_back(number_at(sequence));
    capture.calls.push_back(-1);
    capture.places.push_back({kLane, sequence});
  }
  for (std::int64_t sequence = 1; sequence <= kMark; ++sequence)
    did(ledger, Act::Kind::answer).place = {kLane, sequence};
  did(ledger, Act::Kind::mark).place = {kLane, kMark};
  Act& parked = did(ledger, Act::Kind::settle);
  parked.numbers = {number_at(kParked)};
  parked.state = EventState::parked;
}

}  // namespace

int make_old_file(const std::string& path, int schema, Ledger& ledger) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(path.c_str(), &opened);
  const std::unique_ptr<sqlite3, Close> handle(opened);
  if (code != SQLITE_OK) throw std::runtime_error("an old file cannot be made at " + path);
  run(opened, fmt::format("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; "
                          "PRAGMA application_id = {}",
                          kApplicationId));
  for (const auto& migration : migrations().first(static_cast<std::size_t>(schema))) {
    run(opened, migration.sql);
    if (migration.number == 1) insert_rows(opened);
  }
  run(opened, fmt::format("PRAGMA user_version = {}", schema));
  note(ledger);
  return number_at(kEvents);
}

}  // namespace ptb::test
