// The store as a whole: looked through, backed up, put back.
#include <fmt/format.h>

#include "engine/engine.h"
#include "engine/reports.h"

namespace ptb {

namespace {

Json check_json(const StoreCheck& check) {
  return {{"findings", check.findings}, {"events", check.events}, {"lanes", check.lanes}};
}

Result<std::string> file_field(const Json& order) {
  auto file = text_field(order, "file");
  if (file && file->empty()) return fail(Status::argument, "the field \"file\" names no file");
  return file;
}

}  // namespace

/// The store cannot judge what it only keeps: policies and descriptors are read here.
Result<Json> Engine::check_report() {
  auto check = store_.check();
  if (!check) return fail(check.error());
  const auto policies = store_.policies();
  if (!policies) return fail(policies.error());
  for (const auto& [locator, document] : *policies)
    if (const auto policy = read_policy_(document); !policy)
      check->findings.push_back(fmt::format("the policy of {} cannot be used: {}: put another one in force",
                                            to_text(locator), policy.error().text));
  const auto tools = store_.tools();
  if (!tools) return fail(tools.error());
  for (const Tool& tool : *tools)
    if (const auto ready = tools_.ready(tool); !ready)
      check->findings.push_back(
          fmt::format("tool {} cannot be used: {}: add it again", to_text(tool.locator), ready.error().text));
  return check_json(*check);
}

Result<std::string> Engine::back_up(const Json& order) {
  const auto file = file_field(order);
  if (!file) return fail(file.error());
  if (auto done = store_.back_up(*file, audit_entry("backup", order, clock_.now().wall_ms)); !done)
    return fail(done.error());
  return json_text({{"file", *file}});
}

/// The bridge has to be opened anew afterwards, since it knows nothing of what is there now.
Result<std::string> Engine::put_back_store(const Json& order) {
  const EventId life = event_id_v4(random_);
  const AuditEntry noted = audit_entry("restore", order, clock_.now().wall_ms);
  if (order.contains("done_outside") && order["done_outside"] == true) {
    if (auto done = store_.begin_new_life(life, noted); !done) return fail(done.error());
    return json_text({{"done_outside", true}});
  }
  const auto file = file_field(order);
  if (!file) return fail(file.error());
  const auto done = store_.put_back(*file, life, noted);
  if (!done) return fail(done.error());
  if (!done->found.findings.empty())
    return fail(
        Status::damaged,
        fmt::format(
            "{} is damaged, and nothing was put back: {}{}", *file, done->found.findings.front(),
            done->found.findings.size() == 1 ? "" : fmt::format(", and {} more", done->found.findings.size() - 1)));
  Json json{{"file", *file}};
  json["made_at"] = time_json(done->made_at_ms);
  json["events"] = done->found.events;
  json["lanes"] = done->found.lanes;
  json["waiting"] = done->waiting;
  json["high_water"] = done->high_water;
  json["kept_as"] = done->kept_as;
  return json_text(json);
}

/// The bridge is to be opened there afterwards. A URI may hold a password, which is written nowhere.
Result<std::string> Engine::move_store(const Json& order) {
  auto uri = text_field(order, "to");
  if (!uri) return fail(uri.error());
  if (!open_store_) return fail(Status::argument, "this bridge cannot open another store");
  auto target = open_store_(*uri);
  if (!target) return fail(target.error());
  Json kept = order;
  kept.erase("to");
  const auto moved = store_.move_to(**target, audit_entry("migrate", kept, clock_.now().wall_ms));
  if (!moved) return fail(moved.error());
  return json_text(
      {{"rows", moved->rows}, {"events", moved->events}, {"lanes", moved->lanes}, {"was_there", moved->was_there}});
}

}  // namespace ptb
