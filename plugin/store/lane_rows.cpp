#include "store/lane_rows.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "store/event_rows.h"
#include "store/lane_keys.h"

namespace ptb {

namespace {

constexpr std::array<std::string_view, 3> kHolds = {"none", "held", "suspended"};

// Suspended lanes that wait for a puller are marked as such in a column of their own.
constexpr const char* kInsertLane =
    "INSERT INTO lane (key, tool, mark, reached, released, hold, hold_reason, stopping_sequence, stopping_count, "
    "keyed, kept_from, kept_through, split, epoch, queued, condition_since) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) RETURNING id";
constexpr const char* kUpdateLane =
    "UPDATE lane SET key = ?1, tool = ?2, mark = ?3, reached = ?4, released = ?5, hold = ?6, hold_reason = ?7, "
    "stopping_sequence = ?8, stopping_count = ?9, keyed = ?10, kept_from = ?11, kept_through = ?12, split = ?13, "
    "epoch = ?14, queued = ?15, condition_since = ?16 WHERE id = ?17";
// All that opening needs of a lane in one statement: its last walk, its last event, what is settled behind its mark and
// which rarer rows it has. Each of these is a seek, so that neither many events nor many walks make it slower.
#define PTB_LANE_PLACES "BETWEEN lane.id << 40 AND lane.id << 40 | 1099511627775"
#define PTB_LANE_COLUMNS                                                                                              \
  "SELECT id, key, tool, mark, lane.reached, released, hold, hold_reason, stopping_sequence, stopping_count, keyed, " \
  "kept_from, kept_through, split, epoch, queued, condition_since, "                                                  \
  "(SELECT place FROM event WHERE place " PTB_LANE_PLACES                                                             \
  " ORDER BY place DESC LIMIT 1) AS last_place, "                                                                     \
  "(SELECT count(*) FROM event INDEXED BY event_exception WHERE state <> 0 AND state IN (1, 2, 3, 4) "                \
  "AND place BETWEEN (lane.id << 40 | mark) + 1 AND lane.id << 40 | 1099511627775), "                                 \
  "EXISTS (SELECT 1 FROM crossing WHERE place " PTB_LANE_PLACES                                                       \
  ") "                                                                                                                \
  "OR EXISTS (SELECT 1 FROM crossing WHERE crossing.lane = lane.id), "                                                \
  "EXISTS (SELECT 1 FROM failure WHERE place " PTB_LANE_PLACES                                                        \
  "), "                                                                                                               \
  "(SELECT count(*) FROM lease WHERE place " PTB_LANE_PLACES                                                          \
  "), "                                                                                                               \
  "ordinal, first, last, walk.reached, started_at, ended_at, completed, stopped_by, error, not_before"
#define PTB_WITH_LAST_WALK                                    \
  "LEFT JOIN walk ON walk.lane = lane.id AND walk.ordinal = " \
  "(SELECT ordinal FROM walk AS newest WHERE newest.lane = lane.id ORDER BY ordinal DESC LIMIT 1)"
constexpr const char* kSelectLanes = PTB_LANE_COLUMNS " FROM lane " PTB_WITH_LAST_WALK;
constexpr const char* kSharedLanes =
    PTB_LANE_COLUMNS ", holder, wanted FROM lane_standing JOIN lane ON lane.id = lane_standing.lane " PTB_WITH_LAST_WALK
                     " WHERE own = ?1 AND version > ?2";
constexpr const char* kAllSharedLanes = PTB_LANE_COLUMNS
    ", holder, wanted FROM lane_standing JOIN lane ON lane.id = lane_standing.lane " PTB_WITH_LAST_WALK;
constexpr int kHolderColumn = 32;
constexpr const char* kCountExceptions =
    "SELECT count(*) FROM event INDEXED BY event_exception WHERE state <> 0 AND state IN (1, 2, 3, 4) "
    "AND place BETWEEN ?1 AND ?2";
constexpr const char* kKeysBehind = "SELECT event_id, place FROM event WHERE place BETWEEN ?1 AND ?2";
constexpr const char* kPutTool =
    "INSERT INTO tool (locator, guid, state, descriptor, strict_mode, allow_http, allow_private, allow_downgrade, "
    "wire, "
    "ca_file, timeout_ms, more_options, suspended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "
    "ON CONFLICT (locator) DO UPDATE SET guid = excluded.guid, state = excluded.state, "
    "descriptor = excluded.descriptor, strict_mode = excluded.strict_mode, allow_http = excluded.allow_http, "
    "allow_private = excluded.allow_private, allow_downgrade = excluded.allow_downgrade, wire = excluded.wire, "
    "ca_file = excluded.ca_file, timeout_ms = excluded.timeout_ms, more_options = excluded.more_options, "
    "suspended = excluded.suspended";
constexpr const char* kSelectTools =
    "SELECT locator, guid, state, descriptor, strict_mode, allow_http, allow_private, allow_downgrade, wire, ca_file, "
    "timeout_ms, more_options, suspended FROM tool";
constexpr const char* kSelectTool =
    "SELECT locator, guid, state, descriptor, strict_mode, allow_http, allow_private, allow_downgrade, wire, ca_file, "
    "timeout_ms, more_options, suspended FROM tool WHERE locator = ?1";
constexpr const char* kIdentity = "SELECT bridge, generation, high_water FROM meta";
constexpr const char* kFamilies = "SELECT locator, version, tool_version FROM family";
constexpr const char* kFamily = "SELECT version, tool_version FROM family WHERE locator = ?1";

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

void read_identity(Query& row, Mirror& mirror) {
  StoreIdentity identity;
  if (!row.row() || row.bytes(0).size() != identity.bridge.size()) raise_damaged("bridge identity");
  const auto bytes = row.bytes(0);
  std::copy(bytes.begin(), bytes.end(), identity.bridge.begin());
  identity.generation = row.text(1);
  identity.high_water = static_cast<std::uint64_t>(row.integer(2));
  mirror.put(std::move(identity));
}

Tool read_tool(const Query& row) {
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
  tool.suspended = row.text(12);
  return tool;
}

void read_tools(Query& row, Mirror& mirror) {
  while (row.row()) mirror.put(read_tool(row));
}

/// `at`: the column with its ordinal.
void read_last_walk(const Query& row, int at, LastWalk& walk) {
  if (row.is_null(at)) return;
  walk.ordinal = row.integer(at);
  walk.first = row.integer(at + 1);
  walk.last = row.integer(at + 2);
  walk.reached = row.integer(at + 3);
  walk.started_at_ms = row.integer(at + 4);
  walk.ended_at_ms = row.integer(at + 5);
  walk.completed = row.integer(at + 6) != 0;
  walk.stopped_by = row.integer(at + 7);
  walk.error = row.text(at + 8);
  walk.not_before_ms = row.integer(at + 9);
}

/// Everything of a lane row but its id.
void bind_lane(Query& query, const MirrorLane& entry, auto... more) {
  const Lane& lane = entry.lane;
  const bool queued = lane.hold == LaneHold::queued;
  query.bind(lane.key, to_text(lane.tool), lane.mark, entry.reached, lane.released ? 1 : 0,
             kHolds.at(static_cast<std::size_t>(queued ? LaneHold::suspended : lane.hold)), lane.hold_reason,
             lane.stopping_sequence, lane.stopping_count, entry.keyed, lane.kept_from, lane.kept_through, lane.split,
             lane.epoch, queued ? 1 : 0, lane.condition_since_ms, more...);
}

MirrorLane read_lane(const Query& row) {
  MirrorLane entry;
  Lane& lane = entry.lane;
  lane.id = row.integer(0);
  lane.key = row.text(1);
  auto own = own_locator_of(lane.key);
  if (!own) raise_damaged("lane key");
  entry.own_locator = std::move(*own);
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
  lane.split = row.text(13);
  lane.epoch = row.integer(14);
  if (row.integer(15) != 0) lane.hold = LaneHold::queued;
  lane.condition_since_ms = row.integer(16);
  // Rows at or before the mark may have been reclaimed; those behind it never are.
  lane.last_sequence = row.is_null(17) ? lane.mark : std::max(lane.mark, place_of(row.integer(17)).sequence);
  lane.waiting = lane.last_sequence - lane.mark - row.integer(18);
  entry.crossed = row.integer(19) != 0;
  entry.failed = row.integer(20) != 0;
  entry.leases = row.integer(21);
  read_last_walk(row, 22, lane.last_walk);
  return entry;
}

MirrorLane read_shared_lane(const Query& row) {
  MirrorLane entry = read_lane(row);
  entry.holder = row.integer(kHolderColumn);
  entry.wanted = static_cast<Wanted>(row.integer(kHolderColumn + 1));
  return entry;
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
  auto identity = connection.query(kIdentity);
  auto tools = connection.query(kSelectTools);
  if (connection.is_shared()) {
    // Versions first: what follows may be newer than they say, never older.
    auto family = connection.query(kFamilies);
    auto lane = connection.query(kAllSharedLanes);
    connection.ask_together({&identity, &family, &lane, &tools});
    read_identity(identity, mirror);
    while (family.row()) mirror.put(stored_locator(family.text(0)), {family.integer(1), family.integer(2)});
    while (lane.row()) mirror.put(read_shared_lane(lane));
    read_tools(tools, mirror);
    return mirror;
  }
  read_identity(identity, mirror);
  read_tools(tools, mirror);
  auto row = connection.query(kSelectLanes);
  while (row.row()) {
    MirrorLane entry = read_lane(row);
    load_unentered_keys(connection, entry, mirror);
    mirror.put(std::move(entry));
  }
  return mirror;
}

Mirror load_empty_mirror(Connection& connection) {
  Mirror mirror;
  auto identity = connection.query(kIdentity);
  read_identity(identity, mirror);
  return mirror;
}

void load_family(Connection& connection, const Locator& locator, Mirror& mirror) {
  auto family = connection.query(kFamily);
  auto tool = connection.query(kSelectTool);
  auto lane = connection.query(kSharedLanes);
  family.bind(to_text(locator));
  tool.bind(to_text(locator));
  lane.bind(to_text(locator), std::int64_t{0});
  connection.ask_together({&family, &tool, &lane});
  if (family.row()) mirror.put(locator, {family.integer(0), family.integer(1)});
  if (tool.row())
    mirror.put(read_tool(tool));
  else
    mirror.drop(locator);
  while (lane.row()) mirror.put(read_shared_lane(lane));
}

std::vector<MirrorLane> load_lanes(Connection& connection, const std::string& own, std::int64_t since_version) {
  std::vector<MirrorLane> lanes;
  auto row = connection.query(kSharedLanes);
  row.bind(own, since_version);
  while (row.row()) lanes.push_back(read_shared_lane(row));
  return lanes;
}

std::optional<Tool> load_tool(Connection& connection, const std::string& locator) {
  auto row = connection.query(kSelectTool);
  if (!row.bind(locator).row()) return std::nullopt;
  return read_tool(row);
}

void insert_lane(Connection& connection, MirrorLane& lane) {
  auto query = connection.query(kInsertLane);
  bind_lane(query, lane);
  query.row();
  lane.lane.id = query.integer(0);
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
            options.ca_file, static_cast<std::int64_t>(options.timeout_ms), encode_more(options), tool.suspended)
      .run();
}

std::int64_t count_waiting(Connection& connection, const Lane& lane, std::int64_t through) {
  if (through <= lane.mark) return 0;
  auto exceptions = connection.query(kCountExceptions);
  exceptions.bind(place_number(lane.id, lane.mark + 1), place_number(lane.id, through));
  exceptions.row();
  return through - lane.mark - exceptions.integer(0);
}

}  // namespace ptb
