#include "store/lane_rows.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "store/event_rows.h"

namespace ptb {

namespace {

constexpr std::array<std::string_view, 3> kHolds = {"none", "held", "suspended"};

constexpr const char* kInsertLane =
    "INSERT INTO lane (key, tool, mark, reached, released, hold, hold_reason, stopping_sequence, stopping_count, "
    "keyed, "
    "kept_from, kept_through) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
constexpr const char* kUpdateLane =
    "UPDATE lane SET key = ?1, tool = ?2, mark = ?3, reached = ?4, released = ?5, hold = ?6, hold_reason = ?7, "
    "stopping_sequence = ?8, stopping_count = ?9, keyed = ?10, kept_from = ?11, kept_through = ?12 WHERE id = ?13";
constexpr const char* kSelectLanes =
    "SELECT id, key, tool, mark, reached, released, hold, hold_reason, stopping_sequence, stopping_count, keyed, "
    "kept_from, kept_through FROM lane";
constexpr const char* kLastWalk =
    "SELECT ordinal, first, last, reached, started_at, ended_at, completed, stopped_by, error, not_before FROM walk "
    "WHERE lane = "
    "?1 "
    "ORDER BY ordinal DESC LIMIT 1";
constexpr const char* kLastPlace = "SELECT max(place) FROM event WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kCountExceptions =
    "SELECT count(*) FROM event INDEXED BY event_exception WHERE state <> 0 AND state IN (1, 2, 3, 4) "
    "AND place BETWEEN ?1 AND ?2";
constexpr const char* kKeysBehind = "SELECT event_id, place FROM event WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kPutTool =
    "INSERT OR REPLACE INTO tool (locator, guid, state, descriptor, strict_mode, allow_http, allow_private, "
    "allow_downgrade, wire, ca_file, timeout_ms, more_options) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
    "?12)";
constexpr const char* kSelectTools =
    "SELECT locator, guid, state, descriptor, strict_mode, allow_http, allow_private, allow_downgrade, wire, ca_file, "
    "timeout_ms, more_options FROM tool";

struct TextOption {
  const char* name;
  std::string ToolOptions::*value;
};
constexpr std::array<TextOption, 6> kTextOptions = {{
    {"allow_cidrs", &ToolOptions::allow_cidrs},
    {"client_cert_file", &ToolOptions::client_cert_file},
    {"client_key_file", &ToolOptions::client_key_file},
    {"endpoint", &ToolOptions::endpoint},
    {"lti_client_id", &ToolOptions::lti_client_id},
    {"lti_deployment_id", &ToolOptions::lti_deployment_id},
}};

std::string encode_more(const ToolOptions& options) {
  Pairs more;
  for (const auto& [name, value] : kTextOptions)
    if (!(options.*value).empty()) more.emplace_back(name, options.*value);
  if (options.max_batch != 0) more.emplace_back("max_batch", std::to_string(options.max_batch));
  return encode_pairs(more);
}

void decode_more(std::string_view encoded, ToolOptions& options) {
  for (const auto& [name, value] : kTextOptions) options.*value = find_encoded(encoded, name).value_or("");
  const auto batch = find_encoded(encoded, "max_batch").value_or("0");
  std::from_chars(batch.data(), batch.data() + batch.size(), options.max_batch);
}

[[noreturn]] void raise_damaged(std::string_view what) {
  throw StoreFailure{
      {Status::damaged, "the store holds a " + std::string(what) + " that makes no sense: restore it from a backup"}};
}

Locator stored_locator(std::string_view text) {
  auto locator = locator_from(text);
  if (!locator) raise_damaged("tool locator");
  return std::move(*locator);
}

void load_identity(Connection& connection, Mirror& mirror) {
  auto row = connection.query("SELECT bridge, generation, high_water FROM meta");
  StoreIdentity identity;
  if (!row.row() || row.bytes(0).size() != identity.bridge.size()) raise_damaged("bridge identity");
  const auto bytes = row.bytes(0);
  std::copy(bytes.begin(), bytes.end(), identity.bridge.begin());
  identity.generation = row.text(1);
  identity.high_water = static_cast<std::uint64_t>(row.integer(2));
  mirror.put(std::move(identity));
}

void load_tools(Connection& connection, Mirror& mirror) {
  auto row = connection.query(kSelectTools);
  while (row.row()) {
    Tool tool;
    tool.locator = stored_locator(row.text(0));
    tool.guid = row.text(1);
    const auto state = tool_state_from(row.text(2));
    if (!state) raise_damaged("tool state");
    tool.state = *state;
    tool.descriptor = row.text(3);
    tool.options.strict = row.integer(4) != 0;
    tool.options.allow_http = row.integer(5) != 0;
    tool.options.allow_private = row.integer(6) != 0;
    tool.options.allow_downgrade = row.integer(7) != 0;
    tool.options.wire = row.text(8);
    tool.options.ca_file = row.text(9);
    tool.options.timeout_ms = static_cast<std::uint32_t>(row.integer(10));
    decode_more(row.text(11), tool.options);
    mirror.put(std::move(tool));
  }
}

void load_last_walk(Connection& connection, Lane& lane) {
  auto row = connection.query(kLastWalk);
  row.bind(lane.id);
  if (!row.row()) return;
  LastWalk& walk = lane.last_walk;
  walk.ordinal = row.integer(0);
  walk.first = row.integer(1);
  walk.last = row.integer(2);
  walk.reached = row.integer(3);
  walk.started_at_ms = row.integer(4);
  walk.ended_at_ms = row.integer(5);
  walk.completed = row.integer(6) != 0;
  walk.stopped_by = row.integer(7);
  walk.error = row.text(8);
  walk.not_before_ms = row.integer(9);
}

/// Everything of a lane row but its id.
void bind_lane(Query& query, const MirrorLane& entry, auto... more) {
  const Lane& lane = entry.lane;
  query.bind(lane.key, to_text(lane.tool), lane.mark, entry.reached, lane.released ? 1 : 0,
             kHolds.at(static_cast<std::size_t>(lane.hold)), lane.hold_reason, lane.stopping_sequence,
             lane.stopping_count, entry.keyed, lane.kept_from, lane.kept_through, more...);
}

void load_unentered_keys(Connection& connection, const MirrorLane& entry, Mirror& mirror) {
  const Lane& lane = entry.lane;
  if (entry.keyed >= lane.last_sequence) return;
  auto row = connection.query(kKeysBehind);
  row.bind(place_number(lane.id, entry.keyed + 1), place_number(lane.id, lane.last_sequence));
  while (row.row()) {
    EventId id{};
    const auto bytes = row.bytes(0);
    if (bytes.size() != id.size()) raise_damaged("event id");
    std::copy(bytes.begin(), bytes.end(), id.begin());
    if (!mirror.put_key(id, row.integer(1))) raise_damaged("second event of one id");
  }
}

}  // namespace

Mirror load_mirror(Connection& connection) {
  Mirror mirror;
  load_identity(connection, mirror);
  load_tools(connection, mirror);
  auto row = connection.query(kSelectLanes);
  while (row.row()) {
    MirrorLane entry;
    Lane& lane = entry.lane;
    lane.id = row.integer(0);
    lane.key = row.text(1);
    if (auto locator = locator_from(lane.key)) entry.own_locator = std::move(*locator);
    lane.tool = stored_locator(row.text(2));
    lane.mark = row.integer(3);
    entry.reached = row.integer(4);
    lane.released = row.integer(5) != 0;
    const auto hold = std::find(kHolds.begin(), kHolds.end(), row.text(6));
    if (hold == kHolds.end()) raise_damaged("lane hold");
    lane.hold = static_cast<LaneHold>(hold - kHolds.begin());
    lane.hold_reason = row.text(7);
    lane.stopping_sequence = row.integer(8);
    lane.stopping_count = row.integer(9);
    entry.keyed = row.integer(10);
    lane.kept_from = row.integer(11);
    lane.kept_through = row.integer(12);
    load_last_walk(connection, lane);
    auto last = connection.query(kLastPlace);
    last.bind(place_number(lane.id, 0), place_number(lane.id, kMaxSequence));
    // Rows at or before the mark may have been reclaimed; those behind it never are.
    lane.last_sequence =
        last.row() && !last.is_null(0) ? std::max(lane.mark, place_of(last.integer(0)).sequence) : lane.mark;
    lane.waiting = count_waiting(connection, lane);
    load_unentered_keys(connection, entry, mirror);
    mirror.put(std::move(entry));
  }
  return mirror;
}

void insert_lane(Connection& connection, MirrorLane& lane) {
  auto query = connection.query(kInsertLane);
  bind_lane(query, lane);
  query.run();
  lane.lane.id = connection.last_row_id();
}

void update_lane(Connection& connection, const MirrorLane& lane) {
  auto query = connection.query(kUpdateLane);
  bind_lane(query, lane, lane.lane.id);
  query.run();
}

void put_tool_row(Connection& connection, const Tool& tool) {
  const ToolOptions& options = tool.options;
  connection.query(kPutTool)
      .bind(to_text(tool.locator), tool.guid, to_text(tool.state), tool.descriptor, options.strict ? 1 : 0,
            options.allow_http ? 1 : 0, options.allow_private ? 1 : 0, options.allow_downgrade ? 1 : 0, options.wire,
            options.ca_file, static_cast<std::int64_t>(options.timeout_ms), encode_more(options))
      .run();
}

std::int64_t count_waiting(Connection& connection, const Lane& lane) {
  auto exceptions = connection.query(kCountExceptions);
  exceptions.bind(place_number(lane.id, lane.mark + 1), place_number(lane.id, kMaxSequence));
  exceptions.row();
  return lane.last_sequence - lane.mark - exceptions.integer(0);
}

}  // namespace ptb
