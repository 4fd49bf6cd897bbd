// Commands about the small LMS's own data: back it up, put it back, and begin a new generation after that.
#include <fmt/format.h>

#include <set>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr const char* kWayOut =
    "next: look at what waits (`ptb-host lanes`, `ptb-host events list --state pending`); then `ptb-host state "
    "new-generation`, discard what should not be sent, and `ptb-host lane release --all`";

/// Tools that only the bridge knows: they were added after the backup was made.
std::vector<std::string> tools_of_the_bridge_alone(Session& session) {
  std::vector<std::string> alone;
  const auto answer = session.bridge().report({{"report", "tools"}});
  for (const auto& tool : answer.at("tools"))
    if (!session.lms().tool(locator_from(text_of(tool, "tool")))) alone.push_back(text_of(tool, "tool"));
  return alone;
}

std::uint64_t waiting(Session& session) {
  std::uint64_t sum = 0;
  const auto answer = session.bridge().report({{"report", "lanes"}});
  for (const auto& lane : answer.at("lanes")) sum += lane.value("waiting", std::uint64_t{0});
  return sum;
}

struct PutBack {
  std::int64_t operations_before = 0;
  std::int64_t operations_now = 0;
  bool other_generation = false;
};

/// The file may be of a generation that has ended since. Its numbers mean other things now, and a bridge that has
/// forgotten it could not tell: so it begins a generation of its own at once.
PutBack replace_data(const GlobalOptions& global, const std::string& file) {
  if (global.house != nullptr) Session(global, Session::Use::settle);  // says that it cannot be done now
  Session session(global, Session::Use::lms);
  PutBack done;
  done.operations_before = session.lms().high_water();
  const auto generation = session.lms().generation();
  session.lms().put_back(file);
  done.operations_now = session.lms().high_water();
  done.other_generation = session.lms().generation() != generation;
  if (done.other_generation) session.lms().begin_generation();
  return done;
}

}  // namespace

int state_backup(const GlobalOptions& global, const std::string& file) {
  Session session(global, Session::Use::lms);
  session.lms().back_up(file);
  if (global.json)
    print_json({{"file", file}, {"operations", session.lms().high_water()}});
  else
    print_line(fmt::format("the small LMS is kept in {}, up to operation {}; it holds secrets", file,
                           with_commas(static_cast<std::uint64_t>(session.lms().high_water()))));
  print_next(global.json, fmt::format("`ptb-host state restore {}` puts it back; the bridge's store is backed up apart "
                                      "from it, and need not be put back with it",
                                      file));
  return kExitDone;
}

int state_restore(const GlobalOptions& global, const std::string& file) {
  const auto done = replace_data(global, file);
  std::string why;
  if (has_store(global)) {
    Session session(global, Session::Use::settle);  // the bridge notices, and holds its lanes
    why = session.put_back();
    if (done.other_generation) {
      why = "the backup is of an earlier generation";
      session.order({{"do", "hold"}, {"all", true}, {"reason", why}});
    }
  }
  if (global.json) {
    print_json({{"file", file},
                {"operations_before", done.operations_before},
                {"operations", done.operations_now},
                {"held", !why.empty()},
                {"why", why.empty() ? Json() : Json(why)}});
    return kExitDone;
  }
  print_line(fmt::format("{} is put back: operations up to {} are known here, before it was {}", file,
                         done.operations_now, done.operations_before));
  if (why.empty()) {
    print_next(false, "nothing was captured since, so all goes on as before: `ptb-host lanes`");
    return kExitDone;
  }
  print_line(fmt::format("the bridge says: {}\nevery lane is held: nothing is sent, and nothing new is captured", why));
  print_line(done.other_generation
                 ? "next: look at what waits (`ptb-host lanes`), discard what should not be sent, then `ptb-host lane "
                   "release --all`"
                 : kWayOut);
  return kExitDone;
}

int state_new_generation(const GlobalOptions& global) {
  std::string why;
  std::uint64_t left = 0;
  std::vector<std::string> alone;
  {
    Session session(global, Session::Use::settle);
    why = session.put_back();
    if (why.empty())
      refuse(
          "the bridge does not take this LMS for one that was put back: a new generation is for after "
          "`ptb-host state restore`");
    left = waiting(session);
    alone = tools_of_the_bridge_alone(session);
    session.lms().begin_generation();
  }
  Session session(global, Session::Use::note);
  if (global.json) {
    print_json({{"generation", session.lms().generation()}, {"waiting", left}, {"removed_tools", alone}});
    return kExitDone;
  }
  print_line(
      fmt::format("a new generation has begun: what is done from now on is captured as new, whatever its number; "
                  "{} events from before still wait, and are held",
                  with_commas(left)));
  for (const auto& tool : alone)
    print_line(
        fmt::format("{} was added after the backup and is not known here any more: it is removed; add it again to "
                    "send it what waits for it",
                    tool));
  print_next(false,
             "`ptb-host events discard ID --reason TEXT` for what should not be sent any more, then `ptb-host lane "
             "release --all`");
  return kExitDone;
}

}  // namespace host
