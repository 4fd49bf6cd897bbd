// See check.h.
#include "check/check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "check/report.h"
#include "output.h"

namespace host {

namespace {

int list_cases(const GlobalOptions& global) {
  if (global.json) {
    JsonList list;
    for (const auto& one : all_cases()) list.add({{"name", one.name}, {"sentence", one.sentence}});
    list.end();
    return kExitDone;
  }
  Table table({"case", "what it wants to see"});
  for (const auto& one : all_cases()) table.add({one.name, one.sentence});
  table.print();
  return kExitDone;
}

void need_known(const std::vector<std::string>& chosen) {
  const auto cases = all_cases();
  for (const auto& name : chosen)
    if (std::none_of(cases.begin(), cases.end(), [&](const Case& one) { return one.name == name; }))
      wrong_usage("there is no case '{}': `ptb-host check --list` shows them all", cut(name, 60));
}

std::uint64_t drawn_seed() {
  std::random_device device;
  return device() % 1'000'000;
}

}  // namespace

int run_check(const GlobalOptions& global, const CheckOptions& options) {
  if (options.list) return list_cases(global);
  if (options.descriptor_file.empty())
    wrong_usage("check wants the tool's descriptor: `ptb-host check DESCRIPTOR.xml --secret-file FILE`");
  if (options.secret_file.empty()) wrong_usage("check wants the secret shared with the tool: --secret-file FILE");
  need_known(options.cases);
  const auto subject = read_subject(global, options);
  CheckRun run;
  run.tool = subject.locator;
  run.name = subject.name;
  run.url = subject.base_url;
  run.at_ms = now_ms();
  run.seed = options.seed.value_or(drawn_seed());
  const auto cases = in_order(all_cases(), options.cases, run.seed);
  Bench bench(subject);
  const bool shows_progress = !global.quiet && !global.json && ::isatty(STDERR_FILENO) == 1;
  run.outcomes = run_cases(cases, bench, [&](std::size_t done, const std::string& name) {
    if (shows_progress) fmt::print(stderr, "\r\x1b[K{} of {}: {}", done + 1, cases.size(), name);
  });
  if (shows_progress) fmt::print(stderr, "\r\x1b[K");
  make_presentable(run, subject.secret);
  if (!options.junit_file.empty()) write_report(options.junit_file, "--junit", junit_report(run));
  if (!options.html_file.empty()) write_report(options.html_file, "--html", html_report(run));
  if (global.json)
    print_json(json_report(run));
  else
    print_report(run);
  if (run.outcomes.front().finding.result == Result::failed)
    print_aside(fmt::format("{}; {}", run.outcomes.front().finding.reason, run.outcomes.front().finding.fix));
  return run.count(Result::failed) == 0 ? kExitDone : kExitRefused;
}

}  // namespace host
