// Tools, their secrets and their settings in the small LMS.
#include <fmt/format.h>

#include "lms.h"

namespace host {

namespace {

constexpr const char* kToolColumns =
    "vendor, program, guid, name, state, descriptor, base_urls, strict, allow_http, allow_private, allow_downgrade, "
    "wire, ca_file, told, allow_cidrs, client_cert_file, client_key_file, endpoint, lti_client_id, lti_deployment_id, "
    "max_batch";

Tool read_tool(const Statement& query) {
  Tool tool;
  tool.locator = {query.text(0), query.text(1)};
  tool.guid = query.text(2);
  tool.name = query.text(3);
  tool.state = query.text(4);
  tool.descriptor = query.text(5);
  tool.base_urls = query.text(6);
  tool.strict = query.number(7) != 0;
  tool.allow_http = query.number(8) != 0;
  tool.allow_private = query.number(9) != 0;
  tool.allow_downgrade = query.number(10) != 0;
  tool.wire = query.text(11);
  tool.ca_file = query.text(12);
  tool.told = query.number(13) != 0;
  tool.allow_cidrs = query.text(14);
  tool.client_cert_file = query.text(15);
  tool.client_key_file = query.text(16);
  tool.endpoint = query.text(17);
  tool.lti_client_id = query.text(18);
  tool.lti_deployment_id = query.text(19);
  tool.max_batch = static_cast<std::uint32_t>(query.number(20));
  return tool;
}

std::int64_t flag(bool set) { return set ? 1 : 0; }

}  // namespace

std::optional<Tool> Lms::tool(const Locator& locator) {
  Statement query(database_, fmt::format("SELECT {} FROM tool WHERE vendor = ? AND program = ?", kToolColumns));
  if (!query.bind(locator.vendor).bind(locator.program).step()) return std::nullopt;
  return read_tool(query);
}

std::vector<Tool> Lms::tools() {
  Statement query(database_, fmt::format("SELECT {} FROM tool ORDER BY vendor, program", kToolColumns));
  std::vector<Tool> tools;
  while (query.step()) tools.push_back(read_tool(query));
  return tools;
}

void Lms::put_tool(const Tool& tool) {
  Statement statement(database_,
                      fmt::format("INSERT OR REPLACE INTO tool ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                  "?, ?, ?, ?, ?, ?, ?)",
                                  kToolColumns));
  statement.bind(tool.locator.vendor).bind(tool.locator.program).bind(tool.guid).bind(tool.name).bind(tool.state);
  statement.bind(tool.descriptor).bind(tool.base_urls).bind(flag(tool.strict)).bind(flag(tool.allow_http));
  statement.bind(flag(tool.allow_private)).bind(flag(tool.allow_downgrade)).bind(tool.wire).bind(tool.ca_file);
  statement.bind(flag(tool.told)).bind(tool.allow_cidrs).bind(tool.client_cert_file).bind(tool.client_key_file);
  statement.bind(tool.endpoint).bind(tool.lti_client_id).bind(tool.lti_deployment_id);
  statement.bind(static_cast<std::int64_t>(tool.max_batch)).run();
}

void Lms::tell_all_tools_again() { database_.execute("UPDATE tool SET told = 0"); }

void Lms::set_told(const Locator& locator) {
  Statement statement(database_, "UPDATE tool SET told = 1 WHERE vendor = ? AND program = ?");
  statement.bind(locator.vendor).bind(locator.program).run();
}

void Lms::set_state(const Locator& locator, std::string_view state) {
  Statement statement(database_, "UPDATE tool SET state = ? WHERE vendor = ? AND program = ?");
  statement.bind(state).bind(locator.vendor).bind(locator.program).run();
}

void Lms::remove_tool(const Locator& locator) {
  Transaction transaction(database_);
  for (const char* sql : {"DELETE FROM tool WHERE vendor = ? AND program = ?",
                          "DELETE FROM notice_handler WHERE vendor = ? AND program = ?",
                          "DELETE FROM claim WHERE to_vendor = ? AND to_program = ?"})
    Statement(database_, sql).bind(locator.vendor).bind(locator.program).run();
  transaction.commit();
}

void Lms::put_secret(const Locator& locator, std::string_view secret) {
  Statement statement(database_, "INSERT OR REPLACE INTO secret (vendor, program, secret) VALUES (?, ?, ?)");
  statement.bind(locator.vendor).bind(locator.program).bind(secret).run();
}

void Lms::remove_secret(const Locator& locator) {
  Statement statement(database_, "DELETE FROM secret WHERE vendor = ? AND program = ?");
  statement.bind(locator.vendor).bind(locator.program).run();
}

std::vector<Locator> Lms::removed_with_secret() {
  Statement query(database_,
                  "SELECT vendor, program FROM secret WHERE NOT EXISTS (SELECT 1 FROM tool "
                  "WHERE tool.vendor = secret.vendor AND tool.program = secret.program)");
  std::vector<Locator> removed;
  while (query.step()) removed.push_back({query.text(0), query.text(1)});
  return removed;
}

std::optional<std::string> Lms::secret(const Locator& locator) {
  Statement query(database_, "SELECT secret FROM secret WHERE vendor = ? AND program = ?");
  if (!query.bind(locator.vendor).bind(locator.program).step()) return std::nullopt;
  return query.text(0);
}

void Lms::claim(const Locator& from, const Locator& to) {
  Transaction transaction(database_);
  Statement remember(database_,
                     "INSERT OR REPLACE INTO claim (vendor, program, to_vendor, to_program) VALUES (?,?,?,?)");
  remember.bind(from.vendor).bind(from.program).bind(to.vendor).bind(to.program).run();
  for (const char* sql : {"UPDATE item SET vendor = ?, program = ? WHERE vendor = ? AND program = ?",
                          "UPDATE OR IGNORE setting SET vendor = ?, program = ? WHERE vendor = ? AND program = ?"})
    Statement(database_, sql).bind(to.vendor).bind(to.program).bind(from.vendor).bind(from.program).run();
  transaction.commit();
}

std::optional<Locator> Lms::claimed_by(const Locator& from) {
  Statement query(database_, "SELECT to_vendor, to_program FROM claim WHERE vendor = ? AND program = ?");
  if (!query.bind(from.vendor).bind(from.program).step()) return std::nullopt;
  return Locator{query.text(0), query.text(1)};
}

std::string Lms::registration_password() {
  Statement query(database_, "SELECT hash FROM registration_password");
  return query.step() ? query.text(0) : std::string();
}

void Lms::put_registration_password(std::string_view hash) {
  if (hash.empty())
    Statement(database_, "DELETE FROM registration_password").run();
  else
    Statement(database_, "INSERT OR REPLACE INTO registration_password (one, hash) VALUES (1, ?)").bind(hash).run();
}

std::string Lms::lti_key() {
  Statement query(database_, "SELECT pem FROM lti_key");
  return query.step() ? query.text(0) : std::string();
}

void Lms::put_lti_key(std::string_view pem) {
  Statement(database_, "INSERT INTO lti_key (one, pem) VALUES (1, ?)").bind(pem).run();
}

std::vector<NoticeHandler> Lms::notice_handlers(const Locator& tool) {
  Statement query(database_,
                  "SELECT notice_type, handler, max_batch FROM notice_handler WHERE vendor = ? AND program = ? "
                  "ORDER BY notice_type");
  query.bind(tool.vendor).bind(tool.program);
  std::vector<NoticeHandler> handlers;
  while (query.step()) handlers.push_back({query.text(0), query.text(1), static_cast<std::uint32_t>(query.number(2))});
  return handlers;
}

void Lms::put_notice_handler(const Locator& tool, const NoticeHandler& handler) {
  if (handler.handler.empty()) {
    Statement statement(database_, "DELETE FROM notice_handler WHERE vendor = ? AND program = ? AND notice_type = ?");
    statement.bind(tool.vendor).bind(tool.program).bind(handler.notice_type).run();
    return;
  }
  Statement statement(database_,
                      "INSERT OR REPLACE INTO notice_handler (vendor, program, notice_type, handler, max_batch) "
                      "VALUES (?, ?, ?, ?, ?)");
  statement.bind(tool.vendor).bind(tool.program).bind(handler.notice_type).bind(handler.handler);
  statement.bind(static_cast<std::int64_t>(handler.max_batch)).run();
}

void Lms::set_setting(const Locator& tool, const Setting& setting) {
  Statement statement(database_,
                      "INSERT OR REPLACE INTO setting (vendor, program, scope, owner, key, value) "
                      "VALUES (?, ?, ?, ?, ?, ?)");
  statement.bind(tool.vendor).bind(tool.program).bind(setting.scope).bind(setting.owner);
  statement.bind(setting.key).bind(setting.value).run();
}

void Lms::remove_setting(const Locator& tool, const Setting& setting) {
  Statement statement(database_,
                      "DELETE FROM setting WHERE vendor = ? AND program = ? AND scope = ? AND owner = ? AND key = ?");
  statement.bind(tool.vendor).bind(tool.program).bind(setting.scope).bind(setting.owner).bind(setting.key).run();
}

std::vector<Setting> Lms::settings(const Locator& tool) {
  Statement query(database_,
                  "SELECT scope, owner, key, value FROM setting WHERE vendor = ? AND program = ? "
                  "ORDER BY CASE scope WHEN 'system' THEN 0 WHEN 'course' THEN 1 ELSE 2 END, owner, key");
  query.bind(tool.vendor).bind(tool.program);
  std::vector<Setting> settings;
  while (query.step()) settings.push_back({query.text(0), query.text(1), query.text(2), query.text(3)});
  return settings;
}

void Lms::visit_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                         const std::function<bool(const Setting&)>& visit) {
  Statement query(database_,
                  "SELECT scope, owner, key, value FROM setting WHERE vendor = ?1 AND program = ?2 AND "
                  "((scope = 'system' AND owner = '') OR (scope = 'course' AND owner = ?3) OR "
                  "(scope = 'content' AND owner = ?4))");
  query.bind(tool.vendor).bind(tool.program).bind(course_id).bind(content_id);
  while (query.step())
    if (!visit({query.text(0), query.text(1), query.text(2), query.text(3)})) return;
}

void Lms::copy_settings(std::string_view scope, std::string_view from_owner, std::string_view to_owner) {
  Statement statement(database_,
                      "INSERT OR REPLACE INTO setting (vendor, program, scope, owner, key, value) "
                      "SELECT vendor, program, scope, ?, key, value FROM setting WHERE scope = ? AND owner = ?");
  statement.bind(to_owner).bind(scope).bind(from_owner).run();
}

}  // namespace host
