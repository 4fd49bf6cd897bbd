// The command of the small LMS as an LTI platform: its key set.
#include "commands.h"
#include "lti/jwks.h"
#include "lti_platform.h"
#include "output.h"

namespace host {

int lti_key(const GlobalOptions& global) {
  Session session(global, Session::Use::lms);
  print_json(jwks_of(platform_key(session.lms())));
  return kExitDone;
}

}  // namespace host
