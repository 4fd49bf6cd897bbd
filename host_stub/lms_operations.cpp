// Operations of the small LMS: what a person did, and the events that tools must hear because of it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lms.h"

namespace host {

namespace {

using nlohmann::json;

json to_json(const Pairs& pairs) {
  json list = json::array();
  for (const auto& [name, value] : pairs) list.push_back({name, value});
  return list;
}

Pairs pairs_from(const json& list) {
  Pairs pairs;
  for (const auto& pair : list) pairs.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  return pairs;
}

std::string encode(const LmsEvent& event) {
  return json{
      {"vendor", event.tool.vendor},      {"program", event.tool.program},  {"kind", event.kind},
      {"course_id", event.course_id},     {"content_id", event.content_id}, {"arguments", to_json(event.arguments)},
      {"context", to_json(event.context)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

LmsEvent decode(const std::string& text) {
  const auto stored = json::parse(text);
  LmsEvent event;
  event.tool = {stored.at("vendor"), stored.at("program")};
  event.kind = stored.at("kind");
  event.course_id = stored.at("course_id");
  event.content_id = stored.at("content_id");
  event.arguments = pairs_from(stored.at("arguments"));
  event.context = pairs_from(stored.at("context"));
  return event;
}

}  // namespace

void Lms::add_operation(Operation& operation) {
  Statement head(database_, "INSERT INTO operation (title, at_ms, not_before_ms) VALUES (?, ?, ?)");
  head.bind(operation.title).bind(operation.at_ms).bind(operation.not_before_ms).run();
  operation.id = sqlite3_last_insert_rowid(database_.handle());
  Statement statement(database_, "INSERT INTO operation_event (operation, place, event) VALUES (?, ?, ?)");
  std::int64_t place = 0;
  for (const auto& event : operation.events) statement.bind(operation.id).bind(++place).bind(encode(event)).run();
}

std::vector<Operation> Lms::unfinished_operations() {
  Statement heads(database_, "SELECT id, title, at_ms, not_before_ms FROM operation WHERE captured = 0 ORDER BY id");
  std::vector<Operation> operations;
  while (heads.step()) operations.push_back({heads.number(0), heads.text(1), heads.number(2), {}, heads.number(3)});
  Statement events(database_, "SELECT event FROM operation_event WHERE operation = ? ORDER BY place");
  for (auto& operation : operations) {
    events.bind(operation.id);
    while (events.step()) operation.events.push_back(decode(events.text(0)));
    events.reset();
  }
  return operations;
}

void Lms::finish_operation(const Operation& operation, std::string_view problem) {
  // The settings of deleted things were needed by the capture; now nothing asks for them any more.
  const bool deleted = std::any_of(operation.events.begin(), operation.events.end(), [](const LmsEvent& event) {
    return event.kind == "content-deleted" || event.kind == "course-deleted";
  });
  if (deleted) forget_orphaned_settings();
  Statement statement(database_, "UPDATE operation SET captured = 1, problem = ? WHERE id = ?");
  statement.bind(problem).bind(operation.id).run();
}

std::int64_t Lms::capture_again_from(std::int64_t at_ms) {
  Statement statement(database_,
                      "UPDATE operation SET captured = 0 WHERE at_ms >= ? AND problem = '' AND EXISTS (SELECT 1 FROM "
                      "operation_event WHERE operation_event.operation = operation.id)");
  statement.bind(at_ms).run();
  return sqlite3_changes64(database_.handle());
}

std::int64_t Lms::forget(std::string_view course_id, std::string_view user_id) {
  // An argument names a course by its id, whatever the argument is called; ids of courses are nobody else's.
  Statement statement(
      database_,
      "DELETE FROM operation_event WHERE operation IN (SELECT id FROM operation WHERE captured = 1) AND ("
      "(?1 <> '' AND (json_extract(event, '$.course_id') = ?1 OR EXISTS (SELECT 1 FROM "
      "json_each(event, '$.arguments') WHERE json_extract(value, '$[1]') = ?1))) OR "
      "(?2 <> '' AND EXISTS (SELECT 1 FROM json_each(event, '$.context') WHERE "
      "json_extract(value, '$[0]') = 'user_id' AND json_extract(value, '$[1]') = ?2)))");
  statement.bind(course_id).bind(user_id).run();
  return sqlite3_changes64(database_.handle());
}

void Lms::forget_orphaned_settings() {
  database_.execute(
      "DELETE FROM setting WHERE scope = 'content' AND owner NOT IN (SELECT id FROM item);"
      "DELETE FROM setting WHERE scope = 'course' AND owner NOT IN (SELECT id FROM course)");
}

}  // namespace host
