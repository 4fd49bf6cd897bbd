// One run of the vendor check: which cases, in which order, and what came of each. Knows no case by name and prints
// nothing but progress.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "check/case.h"

namespace host {

struct CaseOutcome {
  std::string name;
  std::string sentence;
  Finding finding;
  std::int64_t took_ms = 0;
};

struct CheckRun {
  std::string tool;
  std::string name;
  std::string url;
  std::string version;  ///< of the check
  std::int64_t at_ms = 0;
  std::uint64_t seed = 0;
  std::vector<CaseOutcome> outcomes;  ///< in the order they were run

  [[nodiscard]] int count(Result result) const;
};

/// The chosen cases, or all: those that come first in their order, then the others in the order of the seed, then those
/// that come last. Pure.
std::vector<Case> in_order(std::vector<Case> cases, const std::vector<std::string>& chosen, std::uint64_t seed);

/// `before` is told of each case. Where the first finds nobody, or nothing is answered in time again and again, the
/// rest is skipped.
std::vector<CaseOutcome> run_cases(const std::vector<Case>& cases, Bench& bench,
                                   const std::function<void(std::size_t, const std::string&)>& before);

/// Takes the secret out of all texts, and makes them fit to be printed: nothing that a tool answers may carry it into a
/// report, or carry control characters to a terminal.
void make_presentable(CheckRun& run, const std::string& secret);

}  // namespace host
