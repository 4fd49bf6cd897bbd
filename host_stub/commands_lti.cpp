// Commands of the small LMS as an LTI platform: its key, and the server that tools register at.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "commands.h"
#include "lti/jwks.h"
#include "lti_platform.h"
#include "lti_service.h"
#include "output.h"
#include "soap/soap_service.h"

namespace host {

int lti_key(const GlobalOptions& global) {
  Session session(global, Session::Use::lms);
  print_json(jwks_of(platform_key(session.lms())));
  return kExitDone;
}

int lti_serve(const GlobalOptions& global, std::uint16_t port, const std::string& port_file) {
  const auto key = [&] {
    Session session(global, Session::Use::note);
    return platform_key(session.lms());
  }();
  const auto token = random_hex(32);
  std::signal(SIGPIPE, SIG_IGN);
  LtiService service(global, key, token);
  SoapService soap(global);
  const auto ready = [&](std::uint16_t bound) -> tl::expected<void, std::string> {
    print_line(
        fmt::format("listening on http://127.0.0.1:{}\nkey set: /.well-known/jwks.json\n"
                    "handlers: PUT or GET /lti/notice-handlers/VENDOR/PROGRAM with Authorization: Bearer {}\n"
                    "SOAP: /webapps/ws/services/Context.WS and Util.WS, described at ?wsdl",
                    bound, token));
    flush_output();
    if (port_file.empty()) return {};
    std::ofstream file(port_file, std::ios::trunc);
    file << bound << '\n' << std::flush;
    if (!file) return tl::make_unexpected(fmt::format("cannot write '{}': check --port-file", port_file));
    return {};
  };
  const auto served = serve(
      port,
      [&](const Request& request) {
        return SoapService::is_for(request.target) ? Reply{{}, soap.answer(request), ""} : service.answer(request);
      },
      ready);
  if (!served) refuse("{}", served.error());
  return kExitDone;
}

}  // namespace host
