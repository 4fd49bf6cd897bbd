#include "store/store_copy.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <variant>
#include <vector>

#include "store/lane_keys.h"

namespace ptb {

namespace {

constexpr int kPageRows = 500;

/// A table: its key comes first among its columns. `kinds`: i, t or b for each column; a number may be NULL.
struct StoreTable {
  const char* name;
  std::string_view kinds;
  int key_columns;
  const char* read;  ///< what is behind a key, and the limit
  const char* write;
  const char* any;
  const char* count;
};

// Literals throughout, since a connection tells statements apart by where their text lies.
#define PTB_TABLE(name, kinds, columns, values, key, key_columns, behind, limit)                         \
  StoreTable {                                                                                           \
    name, kinds, key_columns,                                                                            \
        "SELECT " columns " FROM " name " WHERE (" key ") > (" behind ") ORDER BY " key " LIMIT " limit, \
        "INSERT INTO " name " (" columns ") VALUES (" values ")", "SELECT 1 FROM " name " LIMIT 1",      \
        "SELECT count(*) FROM " name                                                                     \
  }

constexpr std::array kTables = {
    PTB_TABLE("tool", "ttttiiiittitt",
              "locator, guid, state, descriptor, strict_mode, allow_http, allow_private, allow_downgrade, wire, "
              "ca_file, timeout_ms, more_options, suspended",
              "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13", "locator", 1, "?1", "?2"),
    PTB_TABLE("policy", "tt", "locator, document", "?1, ?2", "locator", 1, "?1", "?2"),
    PTB_TABLE("lane", "ittiiittiiiiitiii",
              "id, key, tool, mark, reached, released, hold, hold_reason, stopping_sequence, stopping_count, keyed, "
              "kept_from, kept_through, split, epoch, queued, condition_since",
              "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17", "id", 1, "?1", "?2"),
    PTB_TABLE("walk", "iiiiiiiiitii",
              "lane, ordinal, first, last, started_at, ended_at, reached, completed, stopped_by, error, not_before, "
              "settled",
              "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12", "lane, ordinal", 2, "?1, ?2", "?3"),
    PTB_TABLE("event", "ibiiiiiiiiiitttttttti",
              "place, event_id, state, waits, kind, captured_as, walks_before, snapshot, occurred_at, captured_at, "
              "settled_at, walks, operation, course_id, content_id, reason, answer, context, arguments, settings, "
              "not_before",
              "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21", "place",
              1, "?1", "?2"),
    PTB_TABLE("event_key", "bi", "event_id, place", "?1, ?2", "event_id", 1, "?1", "?2"),
    PTB_TABLE("spent_key", "ibi", "place, event_id, captured_at", "?1, ?2, ?3", "place", 1, "?1", "?2"),
    PTB_TABLE("crossing", "iii", "place, lane, after", "?1, ?2, ?3", "place", 1, "?1", "?2"),
    PTB_TABLE("failure", "iiit", "place, number, at, error", "?1, ?2, ?3, ?4", "place, number", 2, "?1, ?2", "?3"),
    PTB_TABLE("lease", "iti", "place, token, until", "?1, ?2, ?3", "place", 1, "?1", "?2"),
    PTB_TABLE("known", "ttttti", "locator, what, whose, key, value, known_at", "?1, ?2, ?3, ?4, ?5, ?6",
              "locator, what, whose, key", 4, "?1, ?2, ?3, ?4", "?5"),
    PTB_TABLE("audit", "iitttt", "number, at, who, what, target, detail", "?1, ?2, ?3, ?4, ?5, ?6", "number", 1, "?1",
              "?2"),
    PTB_TABLE("watch", "t", "locator", "?1", "locator", 1, "?1", "?2"),
};

constexpr const char* kIdentity = "SELECT bridge, generation, high_water FROM meta";
constexpr const char* kPutIdentity = "UPDATE meta SET bridge = ?1, generation = ?2, high_water = ?3";

// What a shared database has besides: versions begin with 1, as whoever locks a new family finds it.
constexpr const char* kLaneKeys = "SELECT id, key FROM lane ORDER BY id";
constexpr const char* kStanding = "INSERT INTO lane_standing (lane, own, version) VALUES (?1, ?2, 1)";
constexpr const char* kToolVersions = "UPDATE family SET tool_version = version";
constexpr const char* kNextLane =
    "SELECT setval(pg_get_serial_sequence('ptbridge.lane', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM lane), false)";
constexpr const char* kNextAudit =
    "SELECT setval(pg_get_serial_sequence('ptbridge.audit', 'number'), (SELECT coalesce(max(number), 0) + 1 FROM "
    "audit), false)";

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  void add(std::string_view bytes) {
    add(static_cast<std::int64_t>(bytes.size()));
    add_raw(bytes.data(), bytes.size());
  }
  void add(std::int64_t number) {
    std::array<unsigned char, sizeof number> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    add_raw(bytes.data(), bytes.size());
  }
  void add_null() { add(std::int64_t{-1}); }
  std::string end() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) != 1) throw std::bad_alloc();
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes.at(i));
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  void add_raw(const void* bytes, std::size_t size) {
    if (EVP_DigestUpdate(context_.get(), bytes, size) != 1) throw std::bad_alloc();
  }
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

/// A value of a key.
using KeyValue = std::variant<std::int64_t, std::string, std::vector<unsigned char>>;

std::vector<KeyValue> before_all(const StoreTable& table) {
  std::vector<KeyValue> key;
  for (const char kind : table.kinds.substr(0, static_cast<std::size_t>(table.key_columns))) {
    if (kind == 'i') key.emplace_back(std::numeric_limits<std::int64_t>::min());
    if (kind == 't') key.emplace_back(std::string());
    if (kind == 'b') key.emplace_back(std::vector<unsigned char>(1, 0));  // none at all would be NULL
  }
  return key;
}

class Copying {
 public:
  /// `to` nullptr: only read.
  Copying(Connection& from, Connection* to) : from_(from), to_(to) {}

  CopiedRows all() {
    copy_identity();
    for (const StoreTable& table : kTables) {
      digest_.add(table.name);
      const std::int64_t before = copied_.rows;
      auto after = before_all(table);
      while (copy_page(table, after)) {
        // Whatever was only sent is answered.
        if (to_ != nullptr) static_cast<void>(to_->changes());
      }
      count_again(table, copied_.rows - before);
    }
    copied_.digest = digest_.end();
    return std::move(copied_);
  }

 private:
  /// Pages that ended too early would end alike on both sides.
  void count_again(const StoreTable& table, std::int64_t rows) {
    auto count = from_.query(table.count);
    if (!count.row() || count.integer(0) != rows)
      throw StoreFailure{{Status::damaged, fmt::format("{} rows of {} were found where there are {}: check the store",
                                                       rows, table.name, count.integer(0))}};
  }

  void copy_identity() {
    auto row = from_.query(kIdentity);
    if (!row.row()) throw StoreFailure{{Status::damaged, "the store has no identity: restore it from a backup"}};
    digest_.add({reinterpret_cast<const char*>(row.bytes(0).data()), row.bytes(0).size()});
    digest_.add(row.text(1));
    digest_.add(row.integer(2));
    if (to_ != nullptr) to_->query(kPutIdentity).bind(row.bytes(0), row.text(1), row.integer(2)).run();
  }

  /// False: nothing is behind it.
  bool copy_page(const StoreTable& table, std::vector<KeyValue>& after) {
    auto rows = from_.query(table.read);
    int at = 0;
    for (const KeyValue& value : after)
      std::visit([&](const auto& bound) { rows.bind_at(++at, as_bound(bound)); }, value);
    rows.bind_at(++at, kPageRows);
    int count = 0;
    while (rows.row()) {
      ++count;
      ++copied_.rows;
      copy_row(table, rows, after);
    }
    if (std::string_view(table.name) == "event") copied_.events += count;
    if (std::string_view(table.name) == "lane") copied_.lanes += count;
    return count == kPageRows;
  }

  void copy_row(const StoreTable& table, const Query& row, std::vector<KeyValue>& key) {
    if (to_ != nullptr) {
      auto writing = to_->query(table.write);
      copy_values(table, row, key, &writing);
      writing.run();
    } else {
      copy_values(table, row, key, nullptr);
    }
  }

  void copy_values(const StoreTable& table, const Query& row, std::vector<KeyValue>& key, Query* into) {
    for (int column = 0; column < static_cast<int>(table.kinds.size()); ++column) {
      const char kind = row.is_null(column) ? 'n' : table.kinds.at(static_cast<std::size_t>(column));
      const auto put = [&](const auto& value) {
        if (into != nullptr) into->bind_at(column + 1, value);
      };
      if (kind == 'n') {
        digest_.add_null();
        put(std::nullopt);
      } else if (kind == 'i') {
        digest_.add(row.integer(column));
        put(row.integer(column));
      } else if (kind == 't') {
        digest_.add(row.text(column));
        put(row.text(column));
      } else {
        digest_.add({reinterpret_cast<const char*>(row.bytes(column).data()), row.bytes(column).size()});
        put(row.bytes(column));
      }
      if (column < table.key_columns) keep(key.at(static_cast<std::size_t>(column)), row, column);
    }
  }

  static void keep(KeyValue& value, const Query& row, int column) {
    if (auto* const number = std::get_if<std::int64_t>(&value)) *number = row.integer(column);
    if (auto* const text = std::get_if<std::string>(&value)) text->assign(row.text(column));
    if (auto* const bytes = std::get_if<std::vector<unsigned char>>(&value))
      bytes->assign(row.bytes(column).begin(), row.bytes(column).end());
  }
  static std::int64_t as_bound(std::int64_t number) { return number; }
  static std::string_view as_bound(const std::string& text) { return text; }
  static std::span<const unsigned char> as_bound(const std::vector<unsigned char>& bytes) { return bytes; }

  Connection& from_;
  Connection* to_;
  Digest digest_;
  CopiedRows copied_;
};

void write_what_is_shared(Connection& to) {
  std::vector<std::pair<std::int64_t, std::string>> lanes;
  {
    auto row = to.query(kLaneKeys);
    while (row.row()) lanes.emplace_back(row.integer(0), row.text(1));
  }
  for (const auto& [id, key] : lanes) {
    const auto own = own_locator_of(key);
    if (!own) throw StoreFailure{{Status::damaged, "the store holds a lane key that makes no sense"}};
    to.query(kStanding).bind(id, to_text(*own)).run();
  }
  to.query(kToolVersions).run();
  for (const char* const next : {kNextLane, kNextAudit}) to.query(next).row();
}

}  // namespace

CopiedRows read_rows(Connection& from) { return Copying(from, nullptr).all(); }

CopiedRows copy_rows(Connection& from, Connection& to) {
  CopiedRows copied = Copying(from, &to).all();
  if (to.is_shared()) write_what_is_shared(to);
  return copied;
}

bool has_no_rows(Connection& connection) {
  for (const StoreTable& table : kTables) {
    auto row = connection.query(table.any);
    if (row.row()) return false;
  }
  return true;
}

}  // namespace ptb
