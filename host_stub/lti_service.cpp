// See lti_service.h.
#include "lti_service.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "lti/jwks.h"
#include "lti_platform.h"
#include "output.h"
#include "text/bounded_json.h"
#include "tool_registration.h"

namespace host {

namespace {

constexpr std::string_view kHandlers = "/lti/notice-handlers/";
constexpr std::uint32_t kMostBatch = 1000;
constexpr std::size_t kMostWaiting = 1000;
constexpr std::size_t kMostUrlBytes = 2000;

Page json_page(std::uint32_t status, const Json& object) {
  return {status, "application/json", object.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Page problem(std::uint32_t status, const std::string& text) { return json_page(status, {{"error", text}}); }

/// A registration as the tool wrote it. Throws Refusal with what is wrong.
NoticeHandler read_handler(const std::string& body) {
  const auto object = parse_bounded(body);
  const auto is_text = [&](const char* name) { return object.contains(name) && object.at(name).is_string(); };
  if (!object.is_object() || !is_text("notice_type") || !is_text("handler"))
    refuse("write JSON with notice_type and handler, both text");
  NoticeHandler handler{text_of(object, "notice_type"), text_of(object, "handler"), 0};
  if (handler.notice_type != kCopyNotice && handler.notice_type != kHelloNotice)
    refuse("there is no notice {}: use {} or {}", cut(handler.notice_type, 60), kCopyNotice, kHelloNotice);
  if (handler.handler.size() > kMostUrlBytes) refuse("the handler's address has more than {} bytes", kMostUrlBytes);
  if (!handler.handler.empty() && !handler.handler.starts_with("https://") && !handler.handler.starts_with("http://"))
    refuse("the handler {} is no http or https address", cut(handler.handler, 100));
  if (const auto size = object.find("max_batch_size"); size != object.end() && !size->is_null()) {
    if (!size->is_number_unsigned() || size->get<std::uint64_t>() < 1)
      refuse("max_batch_size is a whole number of 1 or more");
    handler.max_batch = static_cast<std::uint32_t>(std::min<std::uint64_t>(size->get<std::uint64_t>(), kMostBatch));
  }
  return handler;
}

Json to_json(const NoticeHandler& handler) {
  Json object = {{"notice_type", handler.notice_type}, {"handler", handler.handler}};
  if (handler.max_batch != 0) object["max_batch_size"] = handler.max_batch;
  return object;
}

Json handlers_of(Session& session, const Tool& tool) {
  auto list = Json::array();
  for (const auto& handler : session.lms().notice_handlers(tool.locator)) list.push_back(to_json(handler));
  return {{"client_id", tool.lti_client_id}, {"deployment_id", tool.lti_deployment_id}, {"notice_handlers", list}};
}

}  // namespace

HelloSender::HelloSender() : thread_([this](const std::stop_token& stop) { run(stop); }) {}
HelloSender::~HelloSender() = default;

void HelloSender::post(Tool tool, std::string handler, std::string body) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaiting) refuse("too many registrations at once: try again later");
  waiting_.push_back({std::move(tool), std::move(handler), std::move(body)});
  more_.notify_one();
}

void HelloSender::run(const std::stop_token& stop) {
  while (true) {
    Hello hello;
    {
      std::unique_lock lock(mutex_);
      if (!more_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      hello = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const auto came = send_hello(hello.tool, hello.handler, hello.body, stop);
    if (stop.stop_requested()) return;
    print_line(came);
    flush_output();
  }
}

LtiService::LtiService(GlobalOptions options, RsaKey key, std::string token)
    : options_(std::move(options)), key_(std::move(key)), token_(std::move(token)) {}

bool LtiService::is_allowed(const Request& request) const {
  const auto found = request.headers.find("authorization");
  const auto wanted = "Bearer " + token_;
  return found != request.headers.end() && found->second.size() == wanted.size() &&
         CRYPTO_memcmp(found->second.data(), wanted.data(), wanted.size()) == 0;
}

Page LtiService::answer(const Request& request) {
  if (!request.http_problem.empty()) return problem(request.http_status, request.http_problem);
  const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == "/.well-known/jwks.json")
    return request.method == "GET" ? json_page(200, jwks_of(key_)) : problem(405, "the key set can only be read");
  if (!path.starts_with(kHandlers)) return problem(404, "there is /.well-known/jwks.json and /lti/notice-handlers/V/P");
  if (!is_allowed(request)) return problem(401, "send the token that `ptb-host serve` printed: Authorization: Bearer");
  try {
    return handlers(request, locator_from(path.substr(kHandlers.size())));
  } catch (const BridgeError& error) {
    const bool no = error.status() == PTB_E_ARGUMENT || error.status() == PTB_E_REFUSED;
    return problem(no ? 409 : 500, error.what());
  } catch (const StateHeld& held) {
    return problem(503, held.what());
  } catch (const Refusal& refusal) {
    return problem(400, refusal.what());
  } catch (const std::exception& fault) {
    return problem(500, fault.what());
  }
}

Page LtiService::handlers(const Request& request, const Locator& locator) {
  if (request.method != "GET" && request.method != "PUT")
    return problem(405, "handlers are read with GET and set with PUT");
  std::optional<NoticeHandler> handler;
  if (request.method == "PUT") handler = read_handler(request.body);
  // Only a tool that loses its handler is saved, which takes a bridge that may send.
  const auto use = !handler ? Session::Use::lms : handler->handler.empty() ? Session::Use::act : Session::Use::note;
  Session session(options_, use);
  const auto tool = session.lms().tool(locator);
  if (!tool || tool->wire != kLtiNotice)
    return problem(404, fmt::format("no tool {} with the wire {} is installed", to_text(locator), kLtiNotice));
  return handler ? put_handler(session, *tool, *handler) : json_page(200, handlers_of(session, *tool));
}

Page LtiService::put_handler(Session& session, const Tool& tool, const NoticeHandler& handler) {
  if (handler.notice_type == kCopyNotice && !handler.handler.empty()) {
    auto changed = tool;
    changed.endpoint = handler.handler;
    changed.max_batch = handler.max_batch;
    if (changed != tool) store_tool(session, changed, std::nullopt, "");
  } else if (handler.notice_type == kCopyNotice && tool.state == "available") {
    // The tool has nowhere to be told any more: what comes waits until it names a handler and is saved again.
    save_tool(session, tool.locator, "inactive", {}, std::nullopt);
  }
  session.lms().put_notice_handler(tool.locator, handler);
  if (!handler.handler.empty()) hello_.post(tool, handler.handler, hello_notice(tool, options_.tcbaseurl, key_));
  print_line(fmt::format("{} {} {}", to_text(tool.locator), handler.notice_type,
                         handler.handler.empty() ? "has no handler any more" : "goes to " + cut(handler.handler, 200)));
  flush_output();
  return json_page(200, to_json(handler));
}

}  // namespace host
