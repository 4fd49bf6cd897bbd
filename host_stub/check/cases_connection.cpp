// Cases about connections: is the tool there, TLS, keep-alive.
#include <fmt/format.h>

#include <ctime>

#include "check/case.h"

namespace host {

namespace {

constexpr std::int64_t kDayS = 24 * 3600;
constexpr std::int64_t kSoonDays = 30;
constexpr int kCallsOfOneConnection = 4;

std::string remedy(const HttpFault& fault) {
  using Kind = HttpFault::Kind;
  switch (fault.kind) {
    case Kind::not_sent:
      return "An address in a private network needs --allow-private or --allow-cidr, plain http --allow-http.";
    case Kind::tls:
      return "The certificate must be valid, name this host, and come from an authority that the system knows or that "
             "--ca-file names; TLS 1.2 is the least.";
    case Kind::unreachable:
    case Kind::timed_out:
    case Kind::broken: break;
  }
  return "Start the tool, or correct the base URL in the descriptor.";
}

Finding reachable(Bench& bench) {
  if (bench.subject().actions.empty())
    return {Result::failed,
            "the descriptor names no action at all",
            "nothing",
            "an action",
            "",
            "Name the events that the "
            "tool wants to hear in <http-actions>."};
  HttpCall call = bench.subject().call;
  call.url = bench.subject().actions.front().url;
  const auto answer = HttpConnection().exchange(call);
  // A GET is no event; whatever is answered, somebody is there.
  if (answer) return passed();
  ToolAnswer none;
  none.fault = answer.error();
  none.sent = "GET " + call.url;
  auto finding = failed(fmt::format("{} cannot be reached: {}", call.url, none.fault.text), none, "any HTTP answer",
                        remedy(none.fault));
  return finding;
}

Finding old_tls(Bench& bench, const ToolAction& action) {
  HttpCall call = bench.subject().call;
  call.url = action.url;
  call.old_tls_only = true;
  const auto answer = HttpConnection().exchange(call);
  if (!answer) return passed();
  ToolAnswer came = read_answer(*answer);
  came.sent = "a TLS handshake that offers TLS 1.0 and 1.1 only";
  return failed("speaks TLS 1.0 or 1.1", came, "no TLS session",
                "Allow TLS 1.2 and 1.3 only in the configuration of your web server.");
}

Finding tls(Bench& bench) {
  if (!bench.subject().is_https())
    return skipped("the base URL is plain http: whoever is on the way can read and repeat calls; give https");
  const auto& action = bench.subject().actions.front();
  HttpCall call = bench.subject().call;
  call.url = action.url;
  const auto answer = HttpConnection().exchange(call);
  if (!answer) {
    ToolAnswer none;
    none.fault = answer.error();
    none.sent = "GET " + call.url;
    return failed("no TLS session that can be believed", none, "TLS 1.2 or later", remedy(none.fault));
  }
  if (auto finding = old_tls(bench, action); finding.result != Result::passed) return finding;
  const auto days = (answer->certificate_ends_s - std::time(nullptr)) / kDayS;
  if (answer->certificate_ends_s != 0 && days < kSoonDays) {
    ToolAnswer came = read_answer(*answer);
    came.sent = "GET " + call.url;
    auto finding = warned(fmt::format("its certificate expires in {} days", days), came,
                          fmt::format("a certificate that is good for {} days at least", kSoonDays),
                          "Renew it; a tool with an expired one hears nothing.");
    finding.came = finding.reason;
    return finding;
  }
  return passed(answer->certificate_ends_s != 0 ? fmt::format("its certificate is good for {} days", days) : "");
}

Finding keep_alive(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  HttpConnection connection;
  Departure departure;
  departure.headers = {"Connection: keep-alive"};
  departure.over = &connection;
  bool announced = false;
  for (int i = 0; i < kCallsOfOneConnection; ++i) {
    const auto answer = bench.send_signed(*action, bench.call_for(*action), departure);
    const char* const expected = "an answer on the same connection, or Connection: close in the one before";
    if (i > 0 && announced)
      return warned("closes the connection after each answer", answer, "a connection that stays",
                    "Leave connections open for some seconds: a replay of a thousand events makes a thousand of them "
                    "otherwise.");
    if (i > 0 && (!answer.came || answer.http.new_connection))
      return failed(fmt::format("closed the connection after {} answers without saying so", i), answer, expected,
                    "Announce with Connection: close what you will close: a call that meets the closing is lost, and "
                    "stops a walk.");
    if (!answer.success())
      return failed("refused a plain call", answer, "<result>SUCCESS<result>", "See accepts-right-mac.");
    announced = answer.http.says_close;
  }
  return passed();
}

}  // namespace

void add_connection_cases(std::vector<Case>& cases) {
  cases.push_back({"reachable", "Somebody answers at the base URL.", reachable, Case::Turn::first});
  cases.push_back(
      {"tls", "TLS 1.2 or later and nothing older, with a certificate that can be believed for a month.", tls});
  cases.push_back({"keep-alive", "Several calls can be made on one connection.", keep_alive});
}

}  // namespace host
