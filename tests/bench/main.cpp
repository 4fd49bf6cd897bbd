// ptb-bench: the command line, and the order of the groups.
#include <curl/curl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <optional>

#include "groups.h"
#include "measure.h"

#ifndef PTB_BENCH_PLUGIN
#define PTB_BENCH_PLUGIN "ptbridge.so"
#endif

namespace bench {
namespace {

struct Options {
  std::string json_file;
  std::vector<std::string> only;
  int rounds = 5;
  std::string plugin = PTB_BENCH_PLUGIN;
  std::string directory = program_directory().string();
  std::string replay_pump = "caller";
  bool list = false;
  bool small = false;
  std::string peers;
};

void list_figures() {
  for (const Figure& figure : catalogue()) {
    const std::string goal =
        figure.goal ? fmt::format(" (goal {} {:g})", figure.goal->at_least ? ">=" : "<=", figure.goal->bound) : "";
    fmt::print("{:<37} {}{}\n", figure.name, figure.what, goal);
  }
}

/// The last of the usable CPUs: the first ones are where interrupts tend to go.
int replay_cpu() { return usable_cpus().back(); }

int measure(const Options& options) {
  Report report(options.only);
  bool any = false;
  for (const Figure& figure : catalogue()) any = any || report.wants(figure.name);
  if (!any) {
    fmt::print(stderr, "ptb-bench: no figure starts with '{}'; see --list\n", fmt::join(options.only, "' or '"));
    return 2;
  }
  ToolServer server(replay_cpu());
  watch_for_interrupt();
  curl_global_init(CURL_GLOBAL_ALL);
  const Plugin plugin(options.plugin);
  Workspace workspace(options.directory);
  if (filesystem_type(workspace.path()) == "tmpfs") {
    fmt::print(stderr, "ptb-bench: {} is in memory: syncs cost nothing there; choose a disk with --dir\n",
               options.directory);
  }
  const Machine machine = look_at_machine(workspace.path());
  fmt::print("{}\n\n", to_text(machine));
  if (options.small) report.note("In small: the figures mean nothing.");
  std::fflush(stdout);
  Run run;
  run.rounds = options.rounds;
  run.small = options.small;
  run.peers = options.peers;
  run.replay_pump = options.replay_pump == "thread" ? Pump::bridge_thread : Pump::caller;
  run.plugin_file = options.plugin;
  run.plugin = &plugin;
  run.server = &server;
  run.workspace = &workspace;
  run.report = &report;
  int status = 0;
  for (const auto group : {measure_captures, measure_replays, measure_backlog, measure_lanes, measure_batches,
                           measure_php, measure_peers, measure_postgres, measure_serving}) {
    try {
      group(run);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {  // what was measured before counts
      report.note(fmt::format("broken off: {}", error.what()));
      fmt::print(stderr, "ptb-bench: {}\n", error.what());
      status = 1;
    }
  }
  fmt::print("{}", report.table());
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file);
    file << report.json(machine);
    file.flush();
    if (!file) throw std::runtime_error(fmt::format("cannot write {}", options.json_file));
  }
  return status;
}

int run_command_line(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments.front() == "walk-and-tell-memory") {
    return walk_and_tell_memory({arguments.begin() + 1, arguments.end()});
  }
  if (!arguments.empty() && arguments.front() == "rest-and-tell") {
    return rest_and_tell({arguments.begin() + 1, arguments.end()});
  }
  Options options;
  CLI::App app("Measures ptbridge.so against what the machine allows");
  app.add_option("--json", options.json_file, "write the figures to this file too");
  app.add_option("--only", options.only, "only the figures whose names start with this, or with one of these: A,B")
      ->delimiter(',');
  app.add_option("--rounds", options.rounds, "rounds of each figure")->check(CLI::Range(1, 101))->capture_default_str();
  app.add_option("--plugin", options.plugin, "the library to measure")->capture_default_str();
  app.add_option("--dir", options.directory, "where to make the stores; its disk is what is measured")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--replay-pump", options.replay_pump,
                 "who sends in replays: the caller of wait, or the bridge's thread")
      ->check(CLI::IsMember({"caller", "thread"}))
      ->capture_default_str();
  app.add_option("--peers", options.peers, "measure other queues too; where ./dev bench --peers has prepared them")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--small", options.small, "a few events of each, to see that all of it runs; the figures mean nothing");
  app.add_flag("--list", options.list, "name the figures and end");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (options.list) {
    list_figures();
    return 0;
  }
  return measure(options);
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  try {
    return bench::run_command_line(count, words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ptb-bench: {}\n", error.what());
    return 1;
  }
}
