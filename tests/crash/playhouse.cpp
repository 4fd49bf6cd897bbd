#include "crash/playhouse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "package/cartridge_writer.h"

namespace ptb::test {

namespace {

namespace fs = std::filesystem;
constexpr int kLinks = 2;
constexpr const char* kUp = "ok*";
/// Killed there, a process has recorded the end of each of its walks.
const std::set<std::string> kWalksAreOver = {"store.end_walk.after_commit", "walk.after_end"};

std::string write_package(const Scratch& scratch) {
  host::Cartridge cartridge;
  cartridge.identifier = "backup-1";
  cartridge.title = "A course";
  for (int i = 1; i <= kLinks; ++i) {
    host::CartridgeLink link;
    link.identifier = "link" + std::to_string(i);
    link.title = "Quiz " + std::to_string(i);
    link.launch_url = std::string("https://") + kLaunchHost + "/launch";
    link.launch_host = kLaunchHost;
    link.custom = {{"level", std::to_string(i)}};
    cartridge.links.push_back(link);
  }
  const auto written = host::write_cartridge(scratch.path("course.imscc"), cartridge);
  if (!written) throw std::runtime_error(written.error());
  return scratch.path("course.imscc");
}

/// Bound but not listening: nobody else gets the port while the tool is down, and connections to it are refused.
int keep_port(int port) {
  const int keeper = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(keeper, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(keeper, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot keep port " + std::to_string(port));
  return keeper;
}

/// The files only: a process that was killed also leaves its socket. What only takes room is left out.
void copy_directory(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  if (!fs::exists(from)) return;
  fs::create_directory(to);
  fs::permissions(to, fs::status(from).permissions());
  for (const auto& entry : fs::directory_iterator(from))
    if (entry.is_regular_file() && entry.path().extension() != ".reserve")
      fs::copy_file(entry.path(), fs::path(to) / entry.path().filename());
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

Database open_database(const std::string& file) {
  sqlite3* database = nullptr;
  sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  return Database(database);
}

/// Each row as its columns' texts; a single row that starts with "error" where it could not be asked.
std::vector<std::vector<std::string>> ask(sqlite3* database, const char* question) {
  std::vector<std::vector<std::string>> rows;
  const auto take = [](void* into, int columns, char** values, char**) {
    std::vector<std::string> row;
    for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
    static_cast<std::vector<std::vector<std::string>>*>(into)->push_back(std::move(row));
    return 0;
  };
  if (sqlite3_exec(database, question, take, &rows, nullptr) != SQLITE_OK)
    return {{std::string("error: ") + sqlite3_errmsg(database)}};
  return rows;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& one : words) text += (text.empty() ? "" : " ") + one;
  return text;
}

}  // namespace

Playhouse::Playhouse()
    : witness_(scratch_.path("witness"), scratch_.path("witness.log")),
      tool_(scratch_),
      lms_(scratch_),
      package_(write_package(scratch_)) {
  tool_.start();
  tool_.stop();
  port_keeper_ = keep_port(tool_.port());
  descriptor_ =
      scratch_.file("tool.xml", descriptor("acme", "quiz", "http://127.0.0.1:" + std::to_string(tool_.port())));
}

Playhouse::~Playhouse() { close(port_keeper_); }

Chronicle Playhouse::rehearse(const Story& story, std::vector<Scene>& scenes) {
  Scene start;
  start.state = scratch_.path("nothing");
  start.tool = "down";
  const Plan nobody_dies{[](std::size_t, int) { return std::nullopt; }};
  return go_on(story, start, nobody_dies, &scenes);
}

Chronicle Playhouse::play(const Story& story, const Scene& from, const Plan& plan) {
  return go_on(story, from, plan, nullptr);
}

Chronicle Playhouse::go_on(const Story& story, const Scene& from, const Plan& plan, std::vector<Scene>* scenes) {
  ++plays_;
  witness_.take();
  copy_directory(from.state, lms_.state());
  set_tool(from.tool);
  colour_ = from.colour;
  now_ = from.before;
  lms_.options = {"--plugin", PTB_CRASH_PLUGIN};
  lms_.options.insert(lms_.options.end(), story.options.begin(), story.options.end());
  for (std::size_t i = from.step; i < story.steps.size(); ++i) {
    const Step& step = story.steps[i];
    if (!step.tool.empty() && (i != from.step || scenes != nullptr)) set_tool(step.tool);
    const std::string points_file = scratch_.path("points");
    if (scenes != nullptr && step.victim) {
      const std::string copy = scratch_.path("scene" + std::to_string(plays_) + "." + std::to_string(i));
      copy_directory(lms_.state(), copy);
      scenes->push_back({i, copy, script_, colour_, now_, {}, 0});
      fs::remove(points_file);
    }
    const auto started = std::chrono::steady_clock::now();
    for (int attempt = 0;; ++attempt) {
      const bool killed = take_turn(step, step.victim ? plan.kill(i, attempt) : std::nullopt,
                                    scenes != nullptr && step.victim ? points_file : "");
      if (!killed || (!step.must && !plan.again)) break;
    }
    // A command captures again what an earlier one left before it does its own work.
    if (!step.colour.empty()) colour_ = step.colour;
    if (scenes != nullptr && step.victim) {
      Scene& scene = scenes->back();
      scene.duration_us =
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started).count();
      std::ifstream seen(points_file);
      for (std::string name; std::getline(seen, name);) scene.points.insert(name);
    }
  }
  set_tool(kUp);
  take_turn({.words = {"tool", "save", kTool, "--state", "available"}}, std::nullopt, "");
  if (now_.turns.back().status != 0) now_.unsound.push_back("the last save failed: " + now_.turns.back().err);
  read_the_end();
  return now_;
}

bool Playhouse::take_turn(const Step& step, const std::optional<Kill>& kill, const std::string& points_file) {
  std::vector<std::string> words;
  for (const auto& one : step.words) words.push_back(word(one));
  Turn turn;
  turn.command = joined(words);
  turn.orders_a_repeat = step.orders_a_repeat;
  turn.colour = colour_;
  Environment environment = {{"PTB_WITNESS", witness_.socket_path()}};
  if (!points_file.empty()) environment["PTB_POINTS_SEEN"] = points_file;
  if (kill && !kill->point.empty())
    environment[kill->point.starts_with("host.") ? "PTB_HOST_KILL_AT" : "PTB_KILL_AT"] =
        kill->point + ":" + std::to_string(kill->nth);
  witness_.begin_turn(now_.turns.size());
  const auto process = lms_.start(words, environment);
  if (kill && kill->point.empty()) {
    std::this_thread::sleep_for(std::chrono::microseconds(kill->after_us));
    process->signal(SIGKILL);
  }
  const Ran ran = process->wait();
  turn.status = ran.status;
  turn.err = ran.err;
  turn.waited = step.waits && ran.status == 0;
  const bool killed = kill && ran.status == -SIGKILL;
  if (killed) {
    ++kills_;
    turn.killed_at =
        kill->point.empty() ? std::to_string(kill->after_us) + " us" : kill->point + ":" + std::to_string(kill->nth);
    turn.walks_were_over = kWalksAreOver.contains(kill->point);
  }
  if (script_ != "down") wait_until_tool_is_quiet();
  now_.turns.push_back(turn);
  for (auto& said : witness_.take()) now_.said.push_back(std::move(said));
  note_arrivals();
  if (killed) check_databases();
  return killed;
}

/// A tool that does nothing but answer stays as it is; any other one starts at the beginning of its script.
void Playhouse::set_tool(const std::string& script) {
  if (script == script_ && (script == kUp || script == "down")) return;
  tool_.stop();
  fs::remove(tool_.log_file());
  log_read_ = 0;
  script_ = script;
  if (script != "down") tool_.start(script);
}

void Playhouse::note_arrivals() {
  std::ifstream log(tool_.log_file());
  log.seekg(log_read_);
  for (std::string line; std::getline(log, line) && !log.eof();) {
    log_read_ += static_cast<std::streamoff>(line.size()) + 1;
    Arrival arrival;
    arrival.turn = now_.turns.size() - 1;
    arrival.request = Json::parse(line);
    arrival.event_id = Receiver::parameter(arrival.request, "event_id");
    arrival.answer = arrival.request.at("answer");
    now_.arrivals.push_back(std::move(arrival));
  }
}

/// What a process that is gone has sent may still be on its way: waits until the tool has closed all connections.
void Playhouse::wait_until_tool_is_quiet() const {
  char local[32];
  std::snprintf(local, sizeof local, " 0100007F:%04X ", static_cast<unsigned>(tool_.port()));
  const std::set<std::string> open_states = {"01", "03", "08"};  // established, being set up, the other end is gone
  for (int i = 0; i < 10'000; ++i) {
    std::ifstream table("/proc/net/tcp");
    bool quiet = true;
    for (std::string line; std::getline(table, line);) {
      const auto at = line.find(local);
      std::string slot;
      std::string here;
      std::string there;
      std::string state;
      std::istringstream(line) >> slot >> here >> there >> state;
      if (at != std::string::npos && " " + here + " " == local && open_states.contains(state)) quiet = false;
    }
    if (quiet) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error("the tool does not let go of the connections of a process that is gone");
}

/// On a copy, as it would be found after the crash: opening it repairs it.
void Playhouse::check_databases() {
  const std::string copy = scratch_.path("examined");
  copy_directory(lms_.state(), copy);
  for (const char* name : {"bridge.db", "lms.db"}) {
    if (!fs::exists(copy + "/" + name)) continue;
    const auto rows = ask(open_database(copy + "/" + name).get(), "PRAGMA integrity_check");
    if (rows.size() != 1 || rows[0] != std::vector<std::string>{"ok"})
      now_.unsound.push_back(std::string(name) + " after " + now_.turns.back().command + ": " +
                             (rows.empty() ? "no answer" : rows[0][0]));
  }
}

void Playhouse::read_the_end() {
  check_databases();
  const Ran listed = lms_.run({"events", "list"});
  now_.events = listed.status == 0 ? listed.json().get<std::vector<Json>>() : std::vector<Json>();
  if (listed.status != 0) now_.unsound.push_back("events list failed: " + listed.err);
  const auto database = open_database(scratch_.path("examined") + "/lms.db");
  for (const auto& row : ask(database.get(),
                             "SELECT o.id, o.captured, e.event FROM operation o JOIN operation_event e "
                             "ON e.operation = o.id ORDER BY o.id, e.place")) {
    if (row.size() != 3) {
      now_.unsound.push_back("the operations of the LMS cannot be read: " + row[0]);
      continue;
    }
    const Json event = Json::parse(row[2]);
    Owed owed{std::stoll(row[0]), event.at("kind"), {}, row[1] == "1"};
    for (const auto& pair : event.at("arguments")) owed.arguments[pair.at(0)] = pair.at(1);
    now_.owed.push_back(std::move(owed));
  }
}

std::string Playhouse::word(const std::string& text) const {
  if (text == "@package") return package_;
  if (text == "@descriptor") return descriptor_;
  if (text == "@secret") return tool_.secret_file();
  if (text == "@item") {
    const Ran listed = lms_.run({"content", "list", "_1_1"});
    if (listed.status != 0 || listed.json().empty()) return "gone";
    return listed.json().at(0).at("content_id");
  }
  if (text.starts_with("@event")) {
    const Ran listed = lms_.run({"events", "list"});
    if (listed.status == 0)
      for (const Json& event : listed.json())
        if (event.at("sequence").dump() == text.substr(6)) return event.at("id");
    return "00000000-0000-4000-8000-000000000000";
  }
  return text;
}

}  // namespace ptb::test
