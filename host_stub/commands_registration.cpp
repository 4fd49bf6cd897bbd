// Commands about how tools register themselves.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "registration_password.h"

namespace host {

int registration_password(const GlobalOptions& global, const RegistrationPassword& change) {
  if (change.clear && !change.file.empty()) wrong_usage("--set-file and --clear exclude each other: give one of them");
  std::string hash;
  if (!change.file.empty()) hash = hash_password(read_secret(change.file));
  Session session(global, Session::Use::lms);
  if (change.clear || !hash.empty()) session.lms().put_registration_password(hash);
  const bool is_set = !session.lms().registration_password().empty();
  if (global.json)
    print_json({{"registration_password", is_set}});
  else
    print_line(is_set ? "tools need the registration password to register themselves, and start as unavailable"
                      : "no registration password is set: any tool may register itself");
  return kExitDone;
}

}  // namespace host
