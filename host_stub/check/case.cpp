// See case.h.
#include "check/case.h"

namespace host {

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  add_connection_cases(cases);
  add_signature_cases(cases);
  add_repeat_cases(cases);
  add_parameter_cases(cases);
  add_event_cases(cases);
  add_load_cases(cases);
  add_life_cases(cases);
  return cases;
}

}  // namespace host
