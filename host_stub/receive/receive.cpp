#include "receive/receive.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>

#include "receive/fault_script.h"
#include "receive/log_reader.h"
#include "receive/log_writer.h"
#include "receive/tool_server.h"
#include "receive/verifier.h"

namespace host {

namespace {

constexpr std::int64_t kMaxWindowMs = 100LL * 365 * 24 * 3600 * 1000;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int complain(int status, const std::string& text) {
  fmt::print(stderr, "receive: {}\n", text);
  return status;
}

std::int64_t now_ms() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

tl::expected<std::optional<std::string>, std::string> read_secret(const std::string& path) {
  if (path.empty()) return std::optional<std::string>();
  std::ifstream file(path, std::ios::binary);
  std::string secret((std::istreambuf_iterator<char>(file)), {});
  if (!file) return tl::make_unexpected(fmt::format("cannot read the secret file '{}': check --secret-file", path));
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty())
    return tl::make_unexpected(fmt::format("the secret file '{}' is empty: write the secret to it", path));
  return std::optional<std::string>(std::move(secret));
}

bool is_form(const Request& request) {
  const auto found = request.headers.find("content-type");
  if (found == request.headers.end()) return false;
  auto type = found->second.substr(0, found->second.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  for (auto& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return type == "application/x-www-form-urlencoded";
}

/// Where all parts of the tool meet: judges a request, chooses the step, logs.
class ToolDesk {
 public:
  ToolDesk(Verifier verifier, FaultScript script, std::optional<LogWriter> log)
      : verifier_(std::move(verifier)), script_(std::move(script)), log_(std::move(log)) {}

  Reply handle(const Request& request) {
    LogLine line;
    line.at_ms = now_ms();
    line.method = request.method;
    line.path = request.target;
    line.headers = request.headers;
    line.body_bytes = request.body.size();
    Reply reply;
    if (!request.http_problem.empty())
      refuse(line, reply, {Act::status, request.http_status}, request.http_problem);
    else if (request.method == "POST")
      take_call(request, line, reply);
    else
      show_page(request, line, reply);
    if (line.answer.empty()) line.answer = word_of(reply.step);
    count(line);
    if (log_)
      if (auto logged = log_->append(to_json_line(line)); !logged) reply.end = std::move(logged.error());
    return reply;
  }

 private:
  static void refuse(LogLine& line, Reply& reply, Step step, std::string problem) {
    reply.step = step;
    line.problem = std::move(problem);
  }

  void take_call(const Request& request, LogLine& line, Reply& reply) {
    if (!is_form(request))
      return refuse(line, reply, {Act::error}, "content type is not application/x-www-form-urlencoded");
    auto params = parse_form(request.body);
    if (!params) return refuse(line, reply, {Act::error}, std::move(params.error()));
    line.params = std::move(*params);
    auto verdict = verifier_.check(line.params, line.at_ms);
    line.mac_ok = verdict.mac_ok;
    line.repeat = verdict.repeat;
    if (!verdict.problem.empty()) return refuse(line, reply, {Act::error}, std::move(verdict.problem));
    reply.step = script_.next(line.path, line.params);
  }

  void show_page(const Request& request, LogLine& line, Reply& reply) const {
    if (request.method != "GET") return refuse(line, reply, {Act::status, 405}, "only POST and GET are served");
    if (request.target != "/") return refuse(line, reply, {Act::status, 404}, "no such page");
    line.answer = "page";
    reply.body = fmt::format("ptb-host receive: the reference tool\nreceived {}\nrepeats  {}\nrefused  {}\n", received_,
                             repeats_, refused_);
  }

  void count(const LogLine& line) {
    if (line.method != "POST") return;
    if (was_received(line)) ++received_;
    if (line.repeat) ++repeats_;
    if (!line.problem.empty()) ++refused_;
  }

  Verifier verifier_;
  FaultScript script_;
  std::optional<LogWriter> log_;
  std::uint64_t received_ = 0;
  std::uint64_t repeats_ = 0;
  std::uint64_t refused_ = 0;
};

tl::expected<std::optional<LogWriter>, std::string> open_log(const std::string& path, Verifier& verifier) {
  if (path.empty()) return std::optional<LogWriter>();
  auto log = LogWriter::open(path);
  if (!log) return tl::make_unexpected(std::move(log.error()));
  auto read = for_each_log_line(path, [&](LogLine&& line) {
    if (was_received(line)) verifier.recall(line.params);
  });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return std::optional<LogWriter>(std::move(*log));
}

tl::expected<void, std::string> tell_port(std::uint16_t port, const std::string& port_file) {
  if (!port_file.empty()) {
    std::ofstream file(port_file, std::ios::trunc);
    file << port << '\n' << std::flush;
    if (!file) return tl::make_unexpected(fmt::format("cannot write '{}': check --port-file", port_file));
  }
  fmt::print("listening on http://127.0.0.1:{}\n", port);
  std::fflush(stdout);
  return {};
}

int receive(const ReceiveOptions& options) {
  auto script = FaultScript::load(options.script);
  if (!script) return complain(kExitUsage, script.error());
  if (options.digest != "md5" && options.digest != "sha1")
    return complain(kExitUsage, fmt::format("unknown digest '{}': use --digest md5 or sha1", options.digest));
  if (options.window_ms < 0 || options.window_ms > kMaxWindowMs)
    return complain(kExitUsage,
                    fmt::format("a window of {} ms is not possible: use --strict-window 0 or more", options.window_ms));
  auto secret = read_secret(options.secret_file);
  if (!secret) return complain(kExitFailed, secret.error());
  Verifier verifier(std::move(*secret), options.digest == "md5" ? Digest::md5 : Digest::sha1, options.window_ms);
  auto log = open_log(options.log_file, verifier);
  if (!log) return complain(kExitFailed, log.error());
  ToolDesk desk(std::move(verifier), std::move(*script), std::move(*log));
  const auto served = serve(
      options.port, [&](const Request& request) { return desk.handle(request); },
      [&](std::uint16_t port) { return tell_port(port, options.port_file); });
  return served ? 0 : complain(kExitFailed, served.error());
}

}  // namespace

int run_receive(const ReceiveOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return receive(options);
  } catch (const std::exception& error) {
    return complain(kExitFailed, error.what());
  }
}

}  // namespace host
