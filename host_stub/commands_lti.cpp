// Commands of the small LMS as an LTI platform: its key, and the server that tools register at.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include "commands.h"
#include "http/web_server.h"
#include "lti/jwks.h"
#include "lti_platform.h"
#include "lti_service.h"
#include "output.h"

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
  const auto ready = [&](std::uint16_t bound) -> tl::expected<void, std::string> {
    print_line(
        fmt::format("listening on http://127.0.0.1:{}\nkey set: /.well-known/jwks.json\n"
                    "handlers: PUT or GET /lti/notice-handlers/VENDOR/PROGRAM with Authorization: Bearer {}",
                    bound, token));
    flush_output();
    if (port_file.empty()) return {};
    std::ofstream file(port_file, std::ios::trunc);
    file << bound << '\n' << std::flush;
    if (!file) return tl::make_unexpected(fmt::format("cannot write '{}': check --port-file", port_file));
    return {};
  };
  const auto answer = [&](const Request& request) { return Answer(service.answer(request)); };
  WebOptions web;
  web.port = port;
  web.ends_on_signals = true;
  web.threads = 1;  // one request at a time holds the state directory
  auto server = WebServer::open(web, {answer, nullptr, answer, nullptr});
  if (!server) refuse("{}", server.error());
  if (auto told = ready((*server)->port()); !told) refuse("{}", told.error());
  const auto served = (*server)->run();
  if (!served) refuse("{}", served.error());
  return kExitDone;
}

}  // namespace host
