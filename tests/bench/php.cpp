// What a host of short-lived processes pays: a PHP program opens the store, captures one event and closes, and then the
// same in C++ does. The program is php/capture_once.php, with the binding of tests/hosts.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "groups.h"
#include "measure.h"
#include "program.h"

#ifndef PTB_BENCH_SOURCES
#define PTB_BENCH_SOURCES "."
#endif

namespace bench {
namespace {

constexpr const char* kFigure = "php.open_capture_close_ms";

std::filesystem::path store_with_tool(Run& run, std::string_view name) {
  std::filesystem::path store = run.workspace->fresh(name) / "bridge.db";
  Bridge bridge(*run.plugin, store, Pump::caller);
  bridge.install(0, run.server->url());
  return store;
}

/// Milliseconds of each turn, as the program tells them.
std::vector<double> turns_of_php(const Run& run, const std::string& store, int turns) {
  const std::filesystem::path sources = PTB_BENCH_SOURCES;
  const std::string told =
      output_of_program({"php", "-d", "ffi.enable=1", (sources / "php" / "capture_once.php").string(),
                         (sources / ".." / "hosts" / "php" / "ptbridge.php").string(), run.plugin_file.string(),
                         (sources / ".." / ".." / "plugin" / "include" / "ptbridge" / "ptbridge.h").string(), store,
                         std::to_string(turns)});
  return nlohmann::json::parse(told).get<std::vector<double>>();
}

double turn_of_cpp_ms(const Run& run, const std::filesystem::path& store) {
  EventArray event(1);
  event.renew(0);
  const std::int64_t start = monotonic_ns();
  {
    Bridge bridge(*run.plugin, store, Pump::nobody);
    bridge.capture(event);
  }
  return static_cast<double>(monotonic_ns() - start) / 1e6;
}

double median(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers.at(numbers.size() / 2);
}

}  // namespace

void measure_php(Run& run) {
  if (!run.report->wants(kFigure)) return;
  if (!has_program("php") || output_of_program({"php", "-r", "echo extension_loaded('FFI') ? 'yes' : 'no';"}) != "yes")
    return run.report->note(fmt::format("{}: skipped: there is no php with ext-ffi (php-cli)", kFigure));
  const std::filesystem::path store = store_with_tool(run, "php");
  const std::filesystem::path store_of_cpp = store_with_tool(run, "cpp");
  double first = 0;
  for (int round = 0; round < run.rounds; ++round) {
    check_interrupt();
    const std::vector<double> php = turns_of_php(run, store.string(), run.size(40, 3));
    first = php.front();
    std::vector<double> cpp;
    for (std::size_t turn = 0; turn < php.size(); ++turn) cpp.push_back(turn_of_cpp_ms(run, store_of_cpp));
    run.report->add(kFigure, {median(php), median(cpp)});
  }
  run.report->note(fmt::format(
      "PHP: captures only (PTB_CAPTURE_ONLY), in turns of one process; its first turn took {:.1f} ms.", first));
}

}  // namespace bench
