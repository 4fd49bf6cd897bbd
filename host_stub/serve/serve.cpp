// See serve.h. Puts the parts together.
#include "serve/serve.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "host_stub/api_texts.h"
#include "http/web_server.h"
#include "lti/jwks.h"
#include "lti_platform.h"
#include "lti_service.h"
#include "output.h"
#include "serve/access_log.h"
#include "serve/answers.h"
#include "serve/api.h"
#include "serve/metrics.h"
#include "serve/pages/pages.h"
#include "serve/uploaded_package.h"
#include "session.h"
#include "soap/soap_service.h"

namespace host {

namespace {

constexpr std::uint64_t kMostBodyBytes = 16ULL * 1024 * 1024;  // of an order to the bridge
constexpr std::uint64_t kMiB = 1024ULL * 1024;
constexpr std::uint64_t kMostStrangersBodyBytes = kMiB;  // of somebody who has not shown the token yet
constexpr std::size_t kThreads = 24;
constexpr int kMostOrders = 16;  // at once: they may wait for a tool, and pages must not wait for them
constexpr std::string_view kUploads[] = {"/api/courses-restore", "/courses/restore"};

bool is_upload(const Request& request) {
  const auto path = path_of(request);
  return request.method == "POST" && std::find(std::begin(kUploads), std::end(kUploads), path) != std::end(kUploads);
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address == "localhost";
}

/// What commands that are handed over start from: their own working directories are others than ours.
GlobalOptions settled(GlobalOptions global) {
  if (global.pumped) wrong_usage("`ptb-host serve` has a thread for the bridge: leave --pumped away");
  global.store = store_uri(global);
  global.state = state_path(global);
  return global;
}

/// One order more, as long as it lives.
class OrderCount {
 public:
  explicit OrderCount(std::atomic<int>& orders) : orders_(orders), number_(++orders) {}
  ~OrderCount() { --orders_; }
  OrderCount(const OrderCount&) = delete;
  OrderCount& operator=(const OrderCount&) = delete;
  [[nodiscard]] bool is_one_too_many() const { return number_ > kMostOrders; }

 private:
  std::atomic<int>& orders_;
  const int number_;
};

/// The house, with what an earlier process left unfinished captured.
std::shared_ptr<House> open_house(const GlobalOptions& global) {
  auto house = std::make_shared<House>(global, House::Opening::full);
  auto guest = global;
  guest.house = house;
  Session(guest, Session::Use::note).move_in();
  return house;
}

/// All that runs while it serves; made and ended in this order.
class Running {
 public:
  Running(const GlobalOptions& global, const ServeOptions& options, const RunLine& run_line)
      : options_(options),
        house_(open_house(global)),
        guest_(as_guest(global)),
        token_(Access::load_token(house_->directory() / "token")),
        access_(token_, names_of(options)),
        log_(options.access_log),
        live_(house_),
        samples_(house_),
        jobs_(guest_, [this] { live_.changed(); }),
        lti_(guest_, key_of(guest_), token_),
        soap_(guest_, {options.tls_cert.empty() ? "http" : "https"}),
        serving_{guest_, access_, jobs_, live_, samples_, {}, options.max_upload_mib},
        router_(access_),
        reception_(guest_, told(run_line)) {
    add_routes();
  }

  void run() {
    WebOptions web;
    web.address = options_.address;
    web.port = options_.port;
    web.tls_cert = options_.tls_cert;
    web.tls_key = options_.tls_key;
    web.upload_directory = upload_directory(*house_);
    web.ends_on_signals = true;
    web.threads = kThreads;
    WebHandlers handlers;
    handlers.answer = [this](const Request& request) { return answer(request); };
    handlers.plan = [this](const Request& request) { return plan(request); };
    handlers.unreadable = handlers.answer;
    handlers.access = [this](const AccessLine& line) { log_.write(line); };
    handlers.stopping = [this] { interrupt(); };
    auto opened = WebServer::open(web, std::move(handlers));
    if (!opened) refuse("{}", opened.error());
    server_ = std::move(*opened);
    announce();
    const auto served = server_->run();
    if (!served) refuse("{}", served.error());
  }

  [[nodiscard]] std::shared_ptr<House> house() const { return house_; }

  ~Running() {
    // Handlers wait for jobs, and the server for handlers.
    reception_.interrupt();
    jobs_.interrupt();
    live_.end();
    server_.reset();
  }

 private:
  GlobalOptions as_guest(GlobalOptions global) {
    global.house = house_;
    global.interrupts = &interrupts_;
    return global;
  }
  /// Pages look again after what another process had carried out.
  RunLine told(const RunLine& run_line) {
    return [this, run_line](const std::vector<std::string>& words, const GlobalOptions& guest) {
      const auto status = run_line(words, guest);
      live_.changed();
      return status;
    };
  }
  /// An address cannot be pointed elsewhere, so that it may be called by it too.
  static std::vector<std::string> names_of(const ServeOptions& options) {
    auto names = options.names;
    names.push_back(options.address.find(':') == std::string::npos ? options.address : "[" + options.address + "]");
    return names;
  }

  /// A Ctrl-C for all that waits here for a tool.
  void interrupt() {
    const int times = ++interrupts_;
    jobs_.interrupt(times);
    reception_.interrupt(times);
  }

  static RsaKey key_of(const GlobalOptions& guest) {
    Session session(guest, Session::Use::lms);
    return platform_key(session.lms());
  }

  [[nodiscard]] RequestPlan plan(const Request& request) const {
    RequestPlan plan;
    const auto path = path_of(request);
    plan.is_quick = path == "/healthz" || path == "/live";
    // A form's word comes with the form, so that a body is needed to know whether it may be.
    const bool is_known = access_.may_send(request);
    plan.max_body_bytes = is_known ? kMostBodyBytes : kMostStrangersBodyBytes;
    if (!is_upload(request)) return plan;
    if (!is_known && request.method == "POST") plan.refusal = router_.refusal(request);
    plan.max_body_bytes = options_.max_upload_mib * kMiB;
    plan.to_file = true;
    return plan;
  }

  Answer answer(const Request& request) {
    const auto path = path_of(request);
    if (request.method == "GET" && path == "/live" && access_.knows_host(request)) {
      const auto last = request.headers.find("last-event-id");
      return Answer(live_.join(last == request.headers.end() ? "" : last->second));
    }
    auto page = ordered(request);
    if (path.starts_with("/api") || path == "/metrics") page.headers.emplace_back("Cache-Control", "no-store");
    const auto has_it = [](const auto& header) { return header.first == "X-Content-Type-Options"; };
    if (std::none_of(page.headers.begin(), page.headers.end(), has_it))
      page.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return page;
  }

  Page ordered(const Request& request) {
    if (request.method == "GET") return answer_now(request);
    const OrderCount order(orders_);
    if (!order.is_one_too_many()) {
      auto page = answer_now(request);
      live_.changed();
      return page;
    }
    auto busy = json_problem(503, fmt::format("{} orders are being carried out: try again later", kMostOrders));
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }

  Page answer_now(const Request& request) {
    // Whoever registers there shows no token but what the protocol asks for.
    if (SoapService::is_for(request.target) && access_.knows_host(request)) return soap_.answer(request);
    return router_.answer(request);
  }

  void add_routes() {
    add_tool_api(router_, serving_);
    add_event_api(router_, serving_);
    add_course_api(router_, serving_);
    add_steering_api(router_, serving_);
    add_pull_api(router_, serving_);
    add_store_api(router_, serving_);
    for (const auto add : {add_base_pages, add_tools_pages, add_tool_pages, add_event_pages, add_job_pages,
                           add_lane_pages, add_policy_pages, add_audit_pages, add_course_pages, add_try_pages})
      add(router_, serving_);
    router_.get("/api", [this](const Call&) { return index(); });
    router_.get("/api/openapi.yaml", [](const Call&) {
      return Page{200, "application/yaml", std::string(api_text("../schema/openapi.yaml"))};
    });
    router_.get("/healthz", [](const Call&) { return Page{200, "text/plain; charset=utf-8", "ok\n"}; });
    router_.get("/readyz", [this](const Call&) { return ready(); });
    router_.get("/metrics", [this](const Call&) { return metrics(); });
    const auto lti = [this](const Call& call) { return lti_.answer(call.request); };
    router_.get("/.well-known/jwks.json", lti);
    for (const char* method : {"GET", "PUT"}) router_.open(method, "/lti/notice-handlers/{vendor}/{program}", lti);
  }

  Page index() {
    auto routes = Json::array();
    for (const auto& route : router_.routes())
      routes.push_back({{"method", route.method}, {"path", route.pattern}, {"token", route.needs == Needs::token}});
    routes.push_back({{"method", "GET"}, {"path", "/live"}, {"token", false}});  // no page: see answer()
    return json_answer(200, {{"name", "ptb-host"}, {"version", options_.version}, {"routes", routes}});
  }

  /// Ready: the bridge's store answers.
  Page ready() {
    if (server_->is_stopping()) return {503, "text/plain; charset=utf-8", "ending\n"};
    try {
      house_->bridge().report({{"report", "tools"}});
      return {200, "text/plain; charset=utf-8", "ready\n"};
    } catch (const Refusal& refusal) {
      return {503, "text/plain; charset=utf-8", std::string(refusal.what()) + "\n"};
    }
  }

  Page metrics() {
    Measured measured;
    measured.lanes = house_->bridge().report({{"report", "lanes"}}).at("lanes");
    measured.tools = house_->bridge().report({{"report", "tools"}}).at("tools");
    measured.nodes = house_->bridge().report({{"report", "nodes"}});
    measured.outcomes = live_.outcomes();
    measured.walks = live_.walks();
    measured.web = server_->counts();
    measured.responses = log_.counts();
    measured.now_ms = now_ms();
    measured.began_at_ms = began_at_ms_;
    measured.version = options_.version;
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(measured)};
  }

  void announce() {
    const auto port = server_->port();
    const auto host = is_loopback(options_.address) ? std::string("127.0.0.1")
                      : options_.names.empty()      ? options_.address
                                                    : options_.names.front();
    serving_.name = fmt::format("{}://{}:{}", options_.tls_cert.empty() ? "http" : "https", host, port);
    print_line(
        fmt::format("ptb-host serves {} on {}\nto change something, log in: {}/login?token={}\nthe token is also "
                    "in {}; API: {}/api, Authorization: Bearer TOKEN",
                    house_->directory().string(), serving_.name, serving_.name, token_,
                    (house_->directory() / "token").string(), serving_.name));
    flush_output();
    if (options_.port_file.empty()) return;
    std::ofstream file(options_.port_file, std::ios::trunc);
    file << port << '\n' << std::flush;
    if (!file) refuse("cannot write '{}': check --port-file", options_.port_file);
  }

  const ServeOptions& options_;
  const std::int64_t began_at_ms_ = now_ms();
  std::shared_ptr<House> house_;
  Interrupts interrupts_ = 0;    ///< of what is ordered over HTTP
  std::atomic<int> orders_ = 0;  ///< under way
  GlobalOptions guest_;
  std::string token_;
  Access access_;
  AccessLog log_;
  LiveFeed live_;
  Samples samples_;
  Jobs jobs_;
  LtiService lti_;
  SoapService soap_;
  Serving serving_;
  Router router_;
  std::unique_ptr<WebServer> server_;
  Reception reception_;
};

}  // namespace

int serve(const GlobalOptions& global, const ServeOptions& options, const RunLine& run_line) {
  std::signal(SIGPIPE, SIG_IGN);
  std::shared_ptr<House> house;
  {
    Running running(settled(global), options, run_line);
    running.run();
    print_line("ending: what is under way stops after the exchange in flight");
    flush_output();
    house = running.house();
  }
  house->tell_high_water();  // nothing works in it any more
  return kExitDone;
}

}  // namespace host
