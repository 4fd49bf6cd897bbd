// See lms.h. Courses, items and life of the database; the rest is in lms_tools.cpp and lms_operations.cpp.
#include "lms.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>

#include "lms_schema.h"
#include "refusal.h"

namespace host {

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  if (getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size()))
    refuse("the system gives no random bytes (getrandom failed); try again");
  std::string hex;
  for (const char byte : raw) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

std::string to_text(const Locator& locator) { return locator.vendor + "/" + locator.program; }

Locator locator_from(std::string_view text) {
  const auto slash = text.find('/');
  const auto vendor = text.substr(0, slash);
  const auto program = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  const auto is_code = [](std::string_view code) {
    return !code.empty() && code.size() <= 200 && code.find('/') == std::string_view::npos &&
           std::none_of(code.begin(), code.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  };
  if (!is_code(vendor) || !is_code(program))
    wrong_usage("\"{}\" names no tool: write VENDOR/PROGRAM, as `ptb-host tool list` shows it",
                text.substr(0, std::min<std::size_t>(text.size(), 100)));
  return {std::string(vendor), std::string(program)};
}

Lms::Lms(const std::filesystem::path& path) : database_(path) { migrate(); }

void Lms::migrate() {
  // Mostly there is nothing to do, and then nobody who writes has to be waited for.
  if (version() != kLmsSchemaVersion) migrate_from_earlier();
  Statement life(database_, "SELECT generation FROM life");
  if (!life.step()) refuse("{} is damaged: put it back from a backup", database_.path().string());
  generation_ = life.text(0);
}

std::int64_t Lms::version() {
  Statement version(database_, "PRAGMA user_version");
  version.step();
  return version.number(0);
}

void Lms::migrate_from_earlier() {
  Transaction transaction(database_);
  const auto found = version();
  if (found > kLmsSchemaVersion)
    refuse("{} was written by a newer ptb-host (version {}, this one knows {}): use that one, or another --state",
           database_.path().string(), found, kLmsSchemaVersion);
  if (found == 0) {
    Statement tables(database_, "SELECT count(*) FROM sqlite_master");
    tables.step();
    if (tables.number(0) != 0)
      refuse("{} is not a database of ptb-host: choose another --state", database_.path().string());
    tables.reset();
    database_.execute(kLmsSchema);
    database_.execute(fmt::format("PRAGMA application_id={}", kLmsApplicationId).c_str());
    Statement life(database_, "INSERT INTO life (one, generation, next_number) VALUES (1, ?, 1)");
    life.bind(random_hex(16)).run();
  }
  if (found < 2) database_.execute(kLmsSchema2);
  if (found < 3) database_.execute(kLmsSchema3);
  if (found < 4) database_.execute(kLmsSchema4);
  if (found < kLmsSchemaVersion) database_.execute(fmt::format("PRAGMA user_version={}", kLmsSchemaVersion).c_str());
  transaction.commit();
}

void Lms::begin_generation() {
  Transaction transaction(database_);
  auto fresh = random_hex(16);
  Statement(database_, "UPDATE life SET generation = ?").bind(fresh).run();
  database_.execute(
      "UPDATE operation SET captured = 1, problem = 'of the generation before: captured then' WHERE captured = 0");
  transaction.commit();
  generation_ = std::move(fresh);
}

void Lms::back_up(const std::filesystem::path& file) { database_.copy_to(file); }

void Lms::put_back(const std::filesystem::path& file) {
  database_.copy_from(file, kLmsApplicationId, kLmsSchemaVersion);
  migrate();
}

std::int64_t Lms::high_water() {
  Statement query(database_, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'operation'");
  query.step();
  return query.number(0);
}

std::optional<Course> Lms::course(std::string_view id) {
  Statement query(database_, "SELECT id, title FROM course WHERE id = ?");
  if (!query.bind(id).step()) return std::nullopt;
  return Course{query.text(0), query.text(1)};
}

std::vector<Course> Lms::courses() {
  Statement query(database_, "SELECT id, title FROM course ORDER BY number");
  std::vector<Course> courses;
  while (query.step()) courses.push_back({query.text(0), query.text(1)});
  return courses;
}

void Lms::add_course(const Course& course) {
  Statement(database_, "INSERT INTO course (id, title) VALUES (?, ?)").bind(course.id).bind(course.title).run();
}

void Lms::remove_course(std::string_view id) { Statement(database_, "DELETE FROM course WHERE id = ?").bind(id).run(); }

namespace {

Item read_item(const Statement& query) {
  return {query.text(0), query.text(1), {query.text(2), query.text(3)}, query.text(4), query.text(5),
          query.text(6), query.text(7)};
}

constexpr const char* kItemColumns = "id, course_id, vendor, program, title, external_id, handle, launch_url";

}  // namespace

std::optional<Item> Lms::item(std::string_view id) {
  Statement query(database_, fmt::format("SELECT {} FROM item WHERE id = ?", kItemColumns));
  if (!query.bind(id).step()) return std::nullopt;
  return read_item(query);
}

std::vector<Item> Lms::items(std::string_view course_id) {
  Statement query(database_, fmt::format("SELECT {} FROM item WHERE course_id = ? ORDER BY number", kItemColumns));
  query.bind(course_id);
  std::vector<Item> items;
  while (query.step()) items.push_back(read_item(query));
  return items;
}

std::int64_t Lms::item_count(std::string_view course_id) {
  Statement query(database_, "SELECT count(*) FROM item WHERE course_id = ?");
  query.bind(course_id).step();
  return query.number(0);
}

void Lms::add_item(const Item& item) {
  Statement statement(database_, fmt::format("INSERT INTO item ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kItemColumns));
  statement.bind(item.id).bind(item.course_id).bind(item.tool.vendor).bind(item.tool.program);
  statement.bind(item.title).bind(item.external_id).bind(item.handle).bind(item.launch_url).run();
}

void Lms::remove_item(std::string_view id) { Statement(database_, "DELETE FROM item WHERE id = ?").bind(id).run(); }

void Lms::set_external_id(std::string_view id, std::string_view external_id) {
  Statement(database_, "UPDATE item SET external_id = ? WHERE id = ?").bind(external_id).bind(id).run();
}

bool Lms::has_items_of(const Locator& tool) {
  Statement query(database_, "SELECT 1 FROM item WHERE vendor = ? AND program = ? LIMIT 1");
  return query.bind(tool.vendor).bind(tool.program).step();
}

void Lms::add_group(const Group& group) {
  Statement statement(database_, "INSERT INTO course_group (id, course_id, name) VALUES (?, ?, ?)");
  statement.bind(group.id).bind(group.course_id).bind(group.name).run();
}

std::vector<Group> Lms::groups(std::string_view course_id) {
  Statement query(database_, "SELECT id, course_id, name FROM course_group WHERE course_id = ? ORDER BY number");
  query.bind(course_id);
  std::vector<Group> groups;
  while (query.step()) groups.push_back({query.text(0), query.text(1), query.text(2)});
  return groups;
}

std::string Lms::new_id() {
  Statement next(database_, "UPDATE life SET next_number = next_number + 1 RETURNING next_number - 1");
  while (true) {
    next.step();
    const auto id = fmt::format("_{}_1", next.number(0));
    while (next.step()) {
    }
    next.reset();
    Statement taken(database_, "SELECT 1 FROM course_group WHERE id = ?");
    if (!course(id) && !item(id) && !taken.bind(id).step()) return id;
  }
}

}  // namespace host
