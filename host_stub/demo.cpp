// See demo.h.
#include "demo.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "course_operations.h"
#include "demo_proof.h"
#include "demo_stage.h"
#include "output.h"
#include "package_restore.h"
#include "receive/log_reader.h"
#include "tool_registration.h"

namespace host {

namespace {

constexpr const char* kDiesAfterFirstEvent = "when action=state-change: ok; die after";
constexpr const char* kCopesWithAll = "ok*";
constexpr int kDied = 42;

/// Tells the story on stdout, or keeps quiet for --json.
class Narrator {
 public:
  explicit Narrator(bool quiet) : quiet_(quiet), colour_(wants_colour()) {}

  void line(std::string_view text) const {
    if (!quiet_) print_line(text);
    std::fflush(stdout);
  }
  void scene(std::string_view when, std::string_view what) const {
    line("");
    line(fmt::format("{}  {}", paint(when, "1;36"), paint(what, "1")));
  }
  void detail(std::string_view text) const { line("      " + std::string(text)); }
  [[nodiscard]] std::string paint(std::string_view text, const char* code) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }

 private:
  bool quiet_;
  bool colour_;
};

class Story {
 public:
  Story(GlobalOptions global, const DemoOptions& options)
      : global_(std::move(global)), directory_(options.keep), narrator_(global_.json) {
    global_.state = directory_.path() / "state";
    global_.store.clear();
    global_.quiet = true;
    start_.secret_file = directory_.write("secret", random_hex(16));
    start_.log_file = directory_.path() / "tool.jsonl";
  }

  int play(bool keep);

 private:
  void register_and_go_down();
  void restore_while_down();
  void change_settings();
  void save_and_die();
  void save_again();
  void capture_again();
  int conclude(bool keep, std::chrono::milliseconds took);

  std::vector<LogLine> received_events() const;
  Saved save();
  void show_received(std::size_t from) const;
  std::string letter_of(std::string_view event_id) const;

  GlobalOptions global_;
  DemoDirectory directory_;
  Narrator narrator_;
  ToolProcess::Start start_;
  const Locator tool_{"acme", "quiz"};
  Operation operation_;
  Evidence evidence_;
  std::vector<std::string> surprises_;  ///< of the story itself; the promises are judged from the evidence
};

std::vector<LogLine> Story::received_events() const {
  std::vector<LogLine> events;
  const auto read = for_each_log_line(start_.log_file.string(), [&](LogLine&& line) {
    if (line.method == "POST" && line.param("action") != "state-change") events.push_back(std::move(line));
  });
  if (!read) refuse("cannot read the tool's log: {}", read.error());
  return events;
}

std::string Story::letter_of(std::string_view event_id) const {
  for (const auto& event : evidence_.accepted)
    if (event.id == event_id) return event.letter;
  return "?";
}

void Story::show_received(std::size_t from) const {
  const auto events = received_events();
  for (std::size_t i = from; i < events.size(); ++i) {
    const auto& line = events[i];
    std::string note = line.repeat ? "heard before" : "";
    if (line.answer == "die after") note += note.empty() ? "and then it dies" : ", and then it dies";
    narrator_.detail(
        fmt::format("→ {}   level={:<8} theme={:<6} nonce {}…  {}  {}", letter_of(line.param("event_id")),
                    line.param("level"), line.param("theme"), line.param("nonce").substr(0, 6),
                    said_success(line) ? narrator_.paint("SUCCESS", "32") : narrator_.paint(line.answer, "31"), note));
  }
}

Saved Story::save() {
  Session session(global_, Session::Use::act);
  return save_tool(session, tool_, "available", {}, std::nullopt);
}

void Story::register_and_go_down() {
  auto first = start_;
  first.script = kCopesWithAll;
  ToolProcess tool(first);
  start_.port = tool.port();
  ToolAdd add;
  add.descriptor_file = directory_.write_descriptor(start_.port).string();
  add.options.secret_file = start_.secret_file.string();
  add.options.allow_http = true;
  add.options.allow_private = true;
  {
    Session session(global_, Session::Use::act);
    register_tool(session, add, read_registration(add));
    session.lms().set_setting(tool_, {"system", "", "theme", "blue"});
  }
  if (save().state != "available") surprises_.emplace_back("the tool could not be saved as available");
  narrator_.scene("T0", "The tool acme/quiz is registered and available. Then its server goes down.");
  tool.stop();
}

void Story::restore_while_down() {
  Session session(global_, Session::Use::act);
  CourseRestore wanted;
  wanted.package = directory_.write_course().string();
  wanted.course_id = "_1_1";
  auto restored = restore_package(session, wanted);
  operation_ = restored.operation;
  const auto report = session.capture(operation_);
  narrator_.scene("T1", "A course with the links A, B and C is restored. Nobody answers.");
  for (std::size_t i = 0; i < report.fates.size(); ++i) {
    const auto& event = operation_.events[i];
    const auto& fate = report.fates[i];
    if (fate.answer.answer != PTB_NEW) continue;
    AcceptedEvent accepted{fate.answer.event_id, session.lms().item(event.content_id)->title, event.content_id, {}};
    session.lms().visit_settings(tool_, event.course_id, event.content_id, [&](const Setting& setting) {
      accepted.settings.emplace_back(setting.key, setting.value);
      return true;
    });
    narrator_.detail(
        fmt::format("{}   {}  {:<9} {}, {}", accepted.letter, event.kind, event.content_id, fate.state, fate.deferral));
    if (fate.state != "pending")
      surprises_.push_back(fmt::format("{} does not wait: it is {}", accepted.letter, fate.state));
    evidence_.accepted.push_back(std::move(accepted));
  }
}

void Story::change_settings() {
  Session session(global_, Session::Use::act);
  auto& lms = session.lms();
  lms.set_setting(tool_, {"system", "", "theme", "red"});
  for (const auto& item : lms.items("_1_1")) lms.set_setting(tool_, {"content", item.id, "level", "changed"});
  narrator_.detail("");
  narrator_.detail("Then somebody changes the settings: theme blue → red, and the level of each link.");
}

void Story::save_and_die() {
  auto dying = start_;
  dying.script = kDiesAfterFirstEvent;
  ToolProcess tool(dying);
  narrator_.scene("T2", "The server is brought up again.");
  narrator_.scene("T3", "The administrator saves the tool, which sends the deferred events.");
  const auto saved = save();
  if (const int status = tool.wait(); status != kDied)
    surprises_.push_back(fmt::format("the tool ended with status {} instead of dying", status));
  evidence_.requests_of_first_save = received_events().size();
  show_received(0);
  narrator_.detail(fmt::format("stopped by {}: {}", letter_of(saved.result.stopped_by), saved.result.text));
  if (saved.result.status == PTB_OK) surprises_.emplace_back("the walk did not stop although the tool died");
  if (saved.result.left != evidence_.accepted.size())
    surprises_.push_back(
        fmt::format("{} events wait after the stop instead of {}", saved.result.left, evidence_.accepted.size()));
}

void Story::save_again() {
  auto healthy = start_;
  healthy.script = kCopesWithAll;
  ToolProcess tool(healthy);
  narrator_.scene("T4", "The server is up once more and the tool is saved again: it starts with A.");
  const auto saved = save();
  show_received(evidence_.requests_of_first_save);
  if (saved.result.status != PTB_OK)
    surprises_.push_back("the second save did not send everything: " + saved.result.text);
  evidence_.received = received_events();
  capture_again();
}

void Story::capture_again() {
  Session session(global_, Session::Use::act);
  const auto report = session.capture(operation_);
  for (const auto& fate : report.fates) evidence_.duplicates_answered += fate.answer.answer == PTB_DUPLICATE ? 1 : 0;
  const auto lanes = session.bridge().report({{"report", "lanes"}});
  for (const auto& lane : lanes.at("lanes")) evidence_.still_waiting += lane.value("waiting", std::size_t{0});
  evidence_.received_after_duplicate = received_events().size() - evidence_.received.size();
  narrator_.detail("");
  narrator_.detail("And to be sure, the LMS reports the restore a second time.");
}

int Story::conclude(bool keep, std::chrono::milliseconds took) {
  const auto proofs = prove(evidence_);
  bool all = surprises_.empty();
  auto checks = Json::array();
  narrator_.line("");
  narrator_.line(narrator_.paint("What the tool's own log proves", "1"));
  for (const auto& proof : proofs) {
    all = all && proof.holds;
    checks.push_back(
        {{"promise", proof.promise}, {"title", proof.title}, {"found", proof.found}, {"holds", proof.holds}});
    narrator_.line(fmt::format("  {} {}  {:<28} {}",
                               proof.holds ? narrator_.paint("✓", "1;32") : narrator_.paint("✗", "1;31"), proof.promise,
                               proof.title, proof.found));
  }
  for (const auto& surprise : surprises_)
    narrator_.line(fmt::format("  {} the story went differently: {}", narrator_.paint("✗", "1;31"), surprise));
  if (global_.json) print_json({{"holds", all}, {"proofs", checks}, {"surprises", surprises_}, {"ms", took.count()}});
  narrator_.line("");
  narrator_.line(fmt::format("{} in {:.1f} s{}", all ? "As promised," : "NOT as promised,",
                             static_cast<double>(took.count()) / 1000.0,
                             keep ? ". Everything is in " + directory_.path().string() : ""));
  if (all) return kExitDone;
  refuse("the demo did not go as promised: run it again with --keep and look at tool.jsonl");
}

int Story::play(bool keep) {
  const auto started = std::chrono::steady_clock::now();
  narrator_.line("A tool goes down, events wait, the tool comes back.");
  register_and_go_down();
  restore_while_down();
  change_settings();
  save_and_die();
  save_again();
  const auto took = std::chrono::steady_clock::now() - started;
  return conclude(keep, std::chrono::duration_cast<std::chrono::milliseconds>(took));
}

}  // namespace

int run_demo(const GlobalOptions& global, const DemoOptions& options) {
  return Story(global, options).play(options.keep);
}

}  // namespace host
