// What the LMS, administrators and tools do in a simulated world.
#include <array>

#include "random_policy.h"
#include "simulation.h"

namespace ptb::test {

namespace {

constexpr std::array<const char*, 3> kCourses = {"_1_1", "_2_1", "_3_1"};
constexpr std::array<const char*, 2> kItems = {"_7_1", "_8_1"};

constexpr std::array<EventKind, 12> kKinds = {
    EventKind::course_imported, EventKind::course_imported,  EventKind::course_copied,   EventKind::course_copied,
    EventKind::group_imported,  EventKind::content_imported, EventKind::content_copied,  EventKind::content_deleted,
    EventKind::group_copied,    EventKind::course_deleted,   EventKind::course_exported, EventKind::content_imported};

bool is_of_content(EventKind kind) {
  return kind == EventKind::content_imported || kind == EventKind::content_copied ||
         kind == EventKind::content_deleted || kind == EventKind::content_exported;
}

Pairs arguments_of(const Reported& one) {
  Pairs all = {{"type", "exact"}, {"course_id", one.course}, {"backup_id", one.operation}};
  if (!one.item.empty()) all.emplace_back("content_id", one.item);
  if (!one.other_course.empty()) {
    all.emplace_back("newCourseId", one.course);
    all.emplace_back("oldCourseId", one.other_course);
  }
  return all;
}

std::string words_for(const Reported& one) {
  std::string words =
      one.operation + " " + std::string(to_text(one.kind)) + " of " + to_text(one.locator) + ", course " + one.course;
  if (!one.other_course.empty()) words += " from " + one.other_course;
  if (one.not_before_ms != 0) words += ", not before " + rfc3339(one.not_before_ms);
  return words;
}

}  // namespace

// ---- the LMS

Settings Simulation::settings_of(const Locator& tool, std::string_view course) const {
  Settings settings = {{Scope::system, "colour", colours_.at(tool)}};
  if (const auto at = licences_.find({tool, std::string(course)}); at != licences_.end())
    settings.push_back({Scope::course, "licence", at->second});
  return settings;
}

Reported Simulation::something_new() {
  Reported made;
  made.kind = chance_.of(kKinds);
  made.locator = chance_.of(tools_);
  made.operation = "op" + std::to_string(++operations_);
  made.course = chance_.of(kCourses);
  if (made.kind == EventKind::course_copied && !chance_.one_in(3)) {
    made.other_course = chance_.of(kCourses);
    if (made.other_course == made.course) made.other_course.clear();
  }
  if (is_of_content(made.kind)) made.item = chance_.of(kItems);
  if (chance_.one_in(12)) made.not_before_ms = world_.clock.wall_ms + chance_.between(1'000, 600'000);
  return made;
}

void Simulation::lms_captures() {
  std::vector<Reported> all;
  for (std::int64_t many = chance_.one_in(3) ? chance_.between(2, 6) : 1; many > 0; --many) {
    if (chance_.one_in(6) && !reported_.empty()) {
      all.push_back(chance_.of(reported_));  // again
      continue;
    }
    all.push_back(something_new());
    if (!chance_.one_in(6)) continue;
    // The same operation is of interest to another tool.
    Reported other = all.back();
    other.locator = chance_.of(tools_);
    all.push_back(other);
  }
  for (const Reported& one : all) say("capture " + words_for(one));
  reported_.insert(reported_.end(), all.begin(), all.end());
  capture(all);
}

void Simulation::capture(std::vector<Reported> all) {
  // A time that the LMS took from a clock that was a year ahead would be kept to.
  for (Reported& one : all)
    if (one.not_before_ms > world_.clock.wall_ms + 86'400'000) one.not_before_ms = 0;
  std::vector<ReportedEvent> events;
  std::vector<std::string> settings;
  for (const Reported& one : all) {
    ReportedEvent& event = events.emplace_back();
    event.kind = one.kind;
    event.locator = one.locator;
    event.operation = one.operation;
    event.course_id = one.course;
    event.content_id = one.item;
    event.arguments = arguments_of(one);
    event.not_before_ms = one.not_before_ms;
    settings.push_back(encode_settings(settings_of(one.locator, one.course)));
  }
  unproved_ = all;
  std::vector<CaptureAnswer> answers;
  const auto done = world_.engine->capture(std::move(events), answers, chance_.one_in(2));
  unproved_.clear();
  if (!done) return oracle_.object("P1: a capture failed: " + done.error().text);
  for (std::size_t i = 0; i < all.size(); ++i)
    oracle_.captured(all[i], arguments_of(all[i]), settings[i], answers[i], was_unproved_);
}

void Simulation::lms_learns_a_value() {
  const Locator& tool = chance_.of(tools_);
  if (chance_.one_in(2)) {
    colours_[tool] = "c" + std::to_string(chance_.below(1'000));
    say("colour of " + to_text(tool) + " is " + colours_[tool]);
    if (chance_.one_in(2)) licences_[{tool, chance_.of(kCourses)}] = "l" + std::to_string(chance_.below(9));
    return;
  }
  KnownValue known{tool, "item", chance_.of(kItems), "", "x" + std::to_string(chance_.below(99))};
  if (chance_.one_in(2)) known = {tool, "setting:course", chance_.of(kCourses), "licence", "L"};
  if (chance_.one_in(3)) known = {tool, "setting:system", "", "licence", "L"};
  say("known: " + known.what + " " + known.whose + " of " + to_text(tool));
  oracle_.value_known(known);
  (void)world_.engine->value_known(known);
}

// ---- tools and their administrators

void Simulation::tool_changes_mood() {
  const Locator& tool = chance_.of(tools_);
  static constexpr std::array<std::pair<Mood, const char*>, 10> kMoods = {{{Mood::healthy, "healthy"},
                                                                           {Mood::healthy, "healthy"},
                                                                           {Mood::healthy, "healthy"},
                                                                           {Mood::slow, "slow"},
                                                                           {Mood::down, "down"},
                                                                           {Mood::down, "down"},
                                                                           {Mood::hanging, "hanging"},
                                                                           {Mood::erratic, "erratic"},
                                                                           {Mood::refusing, "refusing"},
                                                                           {Mood::broken, "broken"}}};
  const auto& [mood, name] = chance_.of(kMoods);
  moods_[tool.vendor + ".example"] = mood;
  say(to_text(tool) + " is " + name);
}

void Simulation::tool_is_installed(const Locator& tool) {
  const auto known = world_.store->tool(tool);
  static constexpr std::array<ToolState, 3> kStates = {ToolState::available, ToolState::inactive,
                                                       ToolState::unavailable};
  const ToolState state = *known ? (*known)->state : chance_.of(kStates);
  say("install " + to_text(tool) + " as " + std::string(to_text(state)));
  oracle_.person_acts_on(tool);
  world_.install(tool, state, !chance_.one_in(3));
}

void Simulation::tool_is_removed(const Locator& tool) {
  say("remove " + to_text(tool));
  oracle_.person_removes(tool);
  (void)world_.engine->tool_removed(tool);
}

void Simulation::tool_is_saved(const Locator& tool, ToolState state) {
  say("save " + to_text(tool) + " as " + std::string(to_text(state)));
  if (state == ToolState::available)
    oracle_.person_saves(tool);
  else
    oracle_.person_acts_on(tool);
  (void)world_.engine->tool_saved(tool, state);
}

void Simulation::tool_gets_policy(const Locator& tool) {
  const std::string text = random_policy(chance_);
  const auto policy = read_policy(text);
  if (!policy) return oracle_.object("a random policy is refused: " + policy.error().text + "\n" + text);
  say("policy of " + to_text(tool) + ": " + text);
  oracle_.policy_set(tool, *policy);
  order({{"do", "policy"}, {"tool", to_text(tool)}, {"policy", text}});
}

void Simulation::tool_is_claimed() {
  const Locator& from = chance_.of(tools_);
  const Locator& to = chance_.of(tools_);
  if (from == to || *world_.store->tool(from) || !*world_.store->tool(to)) return;
  say("claim " + to_text(from) + " for " + to_text(to));
  oracle_.person_claims(from);
  oracle_.person_acts_on(to);
  order({{"do", "claim"}, {"from", to_text(from)}, {"to", to_text(to)}});
}

void Simulation::tool_is_contacted() {
  const Locator& tool = chance_.of(tools_);
  say("contact " + to_text(tool));
  if (chance_.one_in(2))
    (void)world_.engine->tool_contacted(tool);
  else
    order({{"do", "ping"}, {"tool", to_text(tool)}});
}

}  // namespace ptb::test
