#include "receive/receive.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "http/web_server.h"
#include "receive/bugs.h"
#include "receive/effects.h"
#include "receive/fault_script.h"
#include "receive/log_reader.h"
#include "receive/log_writer.h"
#include "receive/recorder_service.h"
#include "receive/reply.h"
#include "receive/wire_inspector.h"

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

/// Where whoever checks a tool reads how many events it has acted on.
constexpr std::string_view kEffectsPath = "/_receive/effects";

/// Where all parts of the tool meet: judges a request, chooses the step, logs.
class ToolDesk {
 public:
  ToolDesk(std::unique_ptr<WireInspector> wire, FaultScript script, std::optional<LogWriter> log,
           std::optional<Bug> bug, RecorderService& recorder)
      : wire_(std::move(wire)),
        script_(std::move(script)),
        log_(std::move(log)),
        bug_(std::move(bug)),
        recorder_(recorder) {
    recorder_.on_switch([this](FaultScript other) { script_ = std::move(other); });
  }

  Reply handle(const Request& request) {
    return bug_ ? handle_read(bug_->read(request, now_ms())) : handle_read(request);
  }

  [[nodiscard]] Page effects_page() const {
    return {200, "application/json", fmt::format("{{\"effects\": {}}}\n", done_)};
  }

 private:
  Reply handle_read(const Request& request) {
    LogLine line;
    line.at_ms = now_ms();
    line.method = request.head_only ? "HEAD" : request.method;
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
    if (log_)
      if (auto logged = log_->append(to_json_line(line)); !logged) reply.end = std::move(logged.error());
    if (!reply.page) recorder_.record(line);
    return reply;
  }

  static void refuse(LogLine& line, Reply& reply, Step step, std::string problem) {
    reply.step = step;
    line.problem = std::move(problem);
  }

  void take_call(const Request& request, LogLine& line, Reply& reply) {
    auto found = wire_->inspect(request, line.at_ms);
    line.params = std::move(found.params);
    line.mac_ok = found.mac_ok;
    line.repeat = found.repeat;
    if (!found.problem.empty()) return refuse(line, reply, found.refusal, std::move(found.problem));
    reply.step = script_.next(line.path, line.params);
    if (reply.step.act == Act::error) reply.step = wire_->says_error();
    if (bug_) bug_->answer(line.params, line.repeat, request, reply);
    // What was acknowledged has had its effect; what happens to the answer on its way does not take it back.
    if (reply.step.act == Act::ok || reply.step.act == Act::slow || reply.step.act == Act::die_after)
      act_on(line.params);
  }

  void act_on(const Params& params) {
    const bool first_time = effects_.add(params);
    if (bug_ ? bug_->counts(params, first_time) : first_time) ++done_;
  }

  void show_page(const Request& request, LogLine& line, Reply& reply) const {
    if (request.method != "GET") return refuse(line, reply, {Act::status, 405}, "only POST and GET are served");
    if (request.target != "/" && !request.target.starts_with("/?"))
      return refuse(line, reply, {Act::status, 404}, "no such page");
    line.answer = "page";
    reply.page = recorder_.front_page(request);
  }

  std::unique_ptr<WireInspector> wire_;
  FaultScript script_;
  std::optional<LogWriter> log_;
  std::optional<Bug> bug_;
  Effects effects_;
  std::uint64_t done_ = 0;  // what it counts itself, which a defect may get wrong
  RecorderService& recorder_;
};

tl::expected<std::optional<LogWriter>, std::string> open_log(const std::string& path, WireInspector& wire) {
  if (path.empty()) return std::optional<LogWriter>();
  auto log = LogWriter::open(path);
  if (!log) return tl::make_unexpected(std::move(log.error()));
  auto read = for_each_log_line(path, [&](LogLine&& line) {
    if (was_received(line)) wire.recall(line);
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

constexpr std::int64_t kProxyToolWindowMs = 120'000;
constexpr std::int64_t kOtherWindowMs = 300'000;  // wire profiles: five minutes
constexpr std::uint64_t kMaxFormBytes = 1'048'576;
constexpr std::uint64_t kMaxBatchBytes = 16 * kMaxFormBytes;
constexpr std::uint32_t kMaxHeaderBytes = 64 * 1024;
constexpr std::chrono::milliseconds kStopTime{500};  // a step may be slow for an hour

tl::expected<std::unique_ptr<WireInspector>, std::string> make_inspector(const ReceiveOptions& options) {
  const bool classic = options.wire == "proxy-tool";
  const auto window_ms = options.window_ms.value_or(classic ? kProxyToolWindowMs : kOtherWindowMs);
  if (options.wire == "lti-notice") {
    if (options.jwks.empty()) return lti_notice_inspector(std::nullopt, window_ms);
    JwksSource source(options.jwks);
    // An address may not be up yet; a file that cannot be read is a typing error.
    if (source.is_file())
      if (auto loaded = source.load(); !loaded) return tl::make_unexpected(std::move(loaded.error()));
    return lti_notice_inspector(std::move(source), window_ms);
  }
  auto secret = read_secret(options.secret_file);
  if (!secret) return tl::make_unexpected(std::move(secret.error()));
  if (!classic) return standard_webhooks_inspector(*secret, window_ms);
  return proxy_tool_inspector(
      Verifier(std::move(*secret), options.digest == "md5" ? Digest::md5 : Digest::sha1, window_ms));
}

tl::expected<std::optional<Bug>, std::string> make_bug(const ReceiveOptions& options) {
  if (options.bug.empty()) return std::optional<Bug>();
  auto secret = read_secret(options.secret_file);
  if (!secret) return tl::make_unexpected(std::move(secret.error()));
  auto bug = Bug::named(options.bug, secret->value_or(""), options.digest == "md5" ? Digest::md5 : Digest::sha1);
  if (!bug) return tl::make_unexpected(std::move(bug.error()));
  return std::optional<Bug>(std::move(*bug));
}

std::string usage_problem(const ReceiveOptions& options) {
  if (options.wire != "proxy-tool" && options.wire != "standard-webhooks" && options.wire != "lti-notice")
    return fmt::format("unknown wire '{}': use --wire proxy-tool, standard-webhooks or lti-notice", options.wire);
  if (options.digest != "md5" && options.digest != "sha1")
    return fmt::format("unknown digest '{}': use --digest md5 or sha1", options.digest);
  if (options.window_ms && (*options.window_ms < 0 || *options.window_ms > kMaxWindowMs))
    return fmt::format("a window of {} ms is not possible: use --window-ms 0 or more", *options.window_ms);
  if (!options.bug.empty() && options.wire != "proxy-tool") return "--bug is for --wire proxy-tool only";
  if (!options.bug.empty() && options.secret_file.empty())
    return "--bug wants a secret to get wrong: --secret-file FILE";
  if (!options.jwks.empty() && options.wire != "lti-notice") return "--jwks is for --wire lti-notice only";
  if (!options.secret_file.empty() && options.wire == "lti-notice")
    return "--wire lti-notice has no shared secret: name the platform's key set with --jwks";
  return {};
}

int receive(const ReceiveOptions& options) {
  auto script = FaultScript::load(options.script);
  if (!script) return complain(kExitUsage, script.error());
  if (const auto problem = usage_problem(options); !problem.empty()) return complain(kExitUsage, problem);
  auto wire = make_inspector(options);
  if (!wire) return complain(kExitFailed, wire.error());
  auto log = open_log(options.log_file, **wire);
  if (!log) return complain(kExitFailed, log.error());
  const bool is_checked = !(options.wire == "lti-notice" ? options.jwks : options.secret_file).empty();
  RecorderService recorder({options.wire, script->text(), is_checked, log->has_value()});
  auto bug = make_bug(options);
  if (!bug) return complain(kExitUsage, bug.error());
  ToolDesk desk(std::move(*wire), std::move(*script), std::move(*log), std::move(*bug), recorder);
  const auto is_recorders = [](const Request& request) { return request.target.starts_with(RecorderService::kPrefix); };
  const auto answer = [&](const Request& request) -> Answer {
    if (request.target == kEffectsPath && request.method == "GET") return desk.effects_page();
    return is_recorders(request) && request.http_problem.empty() ? recorder.answer(request)
                                                                 : to_answer(desk.handle(request));
  };
  const auto plan = [&](const Request& request) {
    const auto most = options.wire == "proxy-tool" ? kMaxFormBytes : kMaxBatchBytes;
    return RequestPlan{is_recorders(request) ? RecorderService::kMaxBodyBytes : most};
  };
  WebOptions web;
  web.port = options.port;
  web.ends_on_signals = true;
  // The desk judges one request after another. Only a key set at an address makes it wait.
  web.threads = options.jwks.empty() ? 0 : 1;
  web.max_header_bytes = kMaxHeaderBytes;
  web.stop_time = kStopTime;
  auto server = WebServer::open(web, {answer, plan, answer, nullptr});
  if (!server) return complain(kExitFailed, server.error());
  if (auto told = tell_port((*server)->port(), options.port_file); !told) return complain(kExitFailed, told.error());
  const auto served = (*server)->run();
  return served ? 0 : complain(kExitFailed, served.error());
}

}  // namespace

int run_receive(const ReceiveOptions& options) {
  if (options.list_bugs) {
    for (const auto& kind : bug_kinds())
      fmt::print("{:<26} {}; found by {}\n", kind.name, kind.sentence, kind.found_by);
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return receive(options);
  } catch (const std::exception& error) {
    return complain(kExitFailed, error.what());
  }
}

}  // namespace host
