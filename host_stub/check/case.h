// One named case of the vendor check, and the list of them all. A case knows the bench and nothing of other cases, of
// order or of reports.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "check/bench.h"
#include "check/finding.h"

namespace host {

struct Case {
  enum class Turn {
    first,  ///< without it the others mean nothing
    any,    ///< in random order
    last,   ///< changes the tool for good: with --destructive only
  };
  std::string name;
  std::string sentence;
  std::function<Finding(Bench&)> run;
  Turn turn = Turn::any;
  std::size_t place = 0;  ///< in the list
};

/// In the order of docs/vendors.md.
std::vector<Case> all_cases();

// By what they look at, each in a file of its own.
void add_signature_cases(std::vector<Case>& cases);
void add_repeat_cases(std::vector<Case>& cases);
void add_parameter_cases(std::vector<Case>& cases);
void add_event_cases(std::vector<Case>& cases);
void add_life_cases(std::vector<Case>& cases);
void add_connection_cases(std::vector<Case>& cases);
void add_load_cases(std::vector<Case>& cases);

}  // namespace host
