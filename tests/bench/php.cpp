// What a host of short-lived processes pays: a PHP program opens the store, captures one event and closes, and then the
// same in C++ does. The store is a file, or in PostgreSQL. The program is php/capture_once.php, with the binding of
// tests/hosts.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "groups.h"
#include "measure.h"
#include "peer_servers.h"
#include "program.h"

#ifndef PTB_BENCH_SOURCES
#define PTB_BENCH_SOURCES "."
#endif

namespace bench {
namespace {

constexpr const char* kFigure = "php.open_capture_close_ms";
constexpr const char* kPostgresFigure = "php.open_capture_close_postgres_ms";

/// As the binding in PHP names it: the path of a file, or a URI.
struct Store {
  std::string name;
  [[nodiscard]] StoreUri uri() const { return {name.find("://") == std::string::npos ? "sqlite:" + name : name}; }
};

void install_tool(Run& run, const Store& store) {
  Bridge bridge(*run.plugin, store.uri(), Pump::caller);
  bridge.install(0, run.server->url());
}

Store store_with_tool(Run& run, std::string_view name) {
  Store store{(run.workspace->fresh(name) / "bridge.db").string()};
  install_tool(run, store);
  return store;
}

/// Milliseconds of each turn, as the program tells them.
std::vector<double> turns_of_php(const Run& run, const Store& store, int turns) {
  const std::filesystem::path sources = PTB_BENCH_SOURCES;
  const std::string told =
      output_of_program({"php", "-d", "ffi.enable=1", (sources / "php" / "capture_once.php").string(),
                         (sources / ".." / "hosts" / "php" / "ptbridge.php").string(), run.plugin_file.string(),
                         (sources / ".." / ".." / "plugin" / "include" / "ptbridge" / "ptbridge.h").string(),
                         store.name, std::to_string(turns)});
  return nlohmann::json::parse(told).get<std::vector<double>>();
}

double turn_of_cpp_ms(const Run& run, const Store& store) {
  EventArray event(1);
  event.renew(0);
  const std::int64_t start = monotonic_ns();
  {
    Bridge bridge(*run.plugin, store.uri(), Pump::nobody);
    bridge.capture(event);
  }
  return static_cast<double>(monotonic_ns() - start) / 1e6;
}

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers.at(numbers.size() / 2);
}

/// The milliseconds of the first turn of all.
double measure_turns(Run& run, const char* figure, const Store& store, const Store& store_of_cpp) {
  double first = 0;
  for (int round = 0; round < run.rounds; ++round) {
    check_interrupt();
    const std::vector<double> php = turns_of_php(run, store, run.size(40, 3));
    first = php.front();
    std::vector<double> cpp;
    for (std::size_t turn = 0; turn < php.size(); ++turn) cpp.push_back(turn_of_cpp_ms(run, store_of_cpp));
    run.report->add(figure, {median(php), median(cpp)});
  }
  return first;
}

void measure_on_postgres(Run& run) {
  const ServerPrograms programs = find_servers(run.peers / "servers");
  if (programs.postgres.empty())
    return run.report->note(fmt::format("{}: skipped: there is no PostgreSQL server", kPostgresFigure));
  const PostgresServer server(programs, *run.workspace);
  const Store store{server.uri()};
  try {
    install_tool(run, store);
  } catch (const std::exception& problem) {
    return run.report->note(fmt::format("{}: skipped: {}", kPostgresFigure, problem.what()));
  }
  run.report->note(fmt::format("PHP on PostgreSQL: each turn makes a connection of its own; the first took {:.1f} ms.",
                               measure_turns(run, kPostgresFigure, store, store)));
}

}  // namespace

void measure_php(Run& run) {
  const bool on_sqlite = run.report->wants(kFigure);
  const bool on_postgres = run.report->wants(kPostgresFigure);
  if (!on_sqlite && !on_postgres) return;
  if (!has_program("php") || output_of_program({"php", "-r", "echo extension_loaded('FFI') ? 'yes' : 'no';"}) != "yes")
    return run.report->note("php.*: skipped: there is no php with ext-ffi (php-cli)");
  if (on_sqlite)
    run.report->note(
        fmt::format("PHP: captures only (PTB_CAPTURE_ONLY), in turns of one process; its first turn took {:.1f} ms.",
                    measure_turns(run, kFigure, store_with_tool(run, "php"), store_with_tool(run, "cpp"))));
  if (on_postgres) measure_on_postgres(run);
}

}  // namespace bench
