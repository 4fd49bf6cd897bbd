#include "receive/recorder_service.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "http/browser_guard.h"
#include "receive/wire_inspector.h"
#include "text/bounded_json.h"
#include "web/page_frame.h"

namespace host {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";
constexpr std::size_t kMostListed = Recorder::kMaxRequests;

Page json_page(std::uint32_t status, const Json& value) {
  return {status,
          "application/json",
          value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
          {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}};
}

Page problem_page(std::uint32_t status, const std::string& text) { return json_page(status, {{"error", text}}); }

Page not_allowed(const std::string& methods) {
  auto page = problem_page(405, "use " + methods);
  page.headers.emplace_back("Allow", methods);
  return page;
}

/// Back to the page, so that loading it again sends no form again.
Page to_front() { return {303, "", "", {{"Location", "/"}}}; }

Page wrong_name() {
  return problem_page(403, "this page is served to its own computer only: call it by 127.0.0.1 or localhost");
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A number of the query. What is no number is as if it were not there.
std::optional<std::uint64_t> query_number(const Request& request, std::string_view name) {
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return std::nullopt;
  const auto params = parse_form(std::string_view(request.target).substr(mark + 1));
  const auto* value = params ? find_param(*params, name) : nullptr;
  return value == nullptr ? std::nullopt : number_in(*value);
}

Json to_json(const Recorded& recorded) {
  Json object = {{"number", recorded.number}};
  object.update(Json::parse(to_json_line(recorded.line)));
  return object;
}

}  // namespace

void RecorderService::record(const LogLine& line) {
  const auto number = recorder_.add(line).number;
  channel_.post("request", counts_text(number));
}

std::string RecorderService::counts_text(std::uint64_t number) const {
  const auto& counts = recorder_.counts();
  return Json{
      {"number", number}, {"received", counts.received}, {"repeats", counts.repeats}, {"refused", counts.refused}}
      .dump();
}

Page RecorderService::front_page(const Request& request) const {
  if (!is_for_loopback(request)) return wrong_name();
  return requests_page(recorder_, view_, query_number(request, "before"));
}

Answer RecorderService::answer(const Request& request) {
  if (!is_for_loopback(request)) return wrong_name();
  auto path = std::string_view(request.target);
  path = path.substr(0, path.find('?')).substr(kPrefix.size());
  if (request.method == "GET") return read(request, path);
  if (is_cross_site(request)) return problem_page(403, "another site's page asks for this: it is refused");
  return change(request, path);
}

Answer RecorderService::read(const Request& request, std::string_view path) {
  constexpr std::string_view kView = "view/";
  constexpr std::string_view kRequests = "requests/";
  if (path == "style.css") return asset_page("text/css; charset=utf-8", style_css());
  if (path == "recorder.js") return recorder_script();
  if (path == "rows") return rows_page(recorder_, query_number(request, "after").value_or(0));
  if (path == "requests") return json_list(request);
  if (path == "script") return json_page(200, {{"script", view_.script}});
  if (path == "clear") return not_allowed("POST");
  if (path.starts_with(kView)) return view_of(path.substr(kView.size()));
  if (path.starts_with(kRequests)) return json_of(path.substr(kRequests.size()));
  if (path == "events") {
    const auto last = request.headers.find("last-event-id");
    return channel_.join(last == request.headers.end() ? "" : last->second);
  }
  return no_page(404, "There is no such page.", view_);
}

Page RecorderService::view_of(std::string_view text) const {
  const auto number = number_in(text);
  const auto* recorded = number ? recorder_.find(*number) : nullptr;
  if (recorded == nullptr) return no_page(404, "This request is not kept, or not any more. The log has all.", view_);
  return request_page(*recorded, view_, recorder_.find(*number - 1) != nullptr, recorder_.find(*number + 1) != nullptr);
}

Page RecorderService::json_of(std::string_view text) const {
  const auto number = number_in(text);
  const auto* recorded = number ? recorder_.find(*number) : nullptr;
  if (recorded == nullptr) return problem_page(404, "this request is not kept, or not any more");
  return json_page(200, to_json(*recorded));
}

Page RecorderService::json_list(const Request& request) const {
  const auto before = query_number(request, "before").value_or(std::numeric_limits<std::uint64_t>::max());
  const auto limit = std::min<std::uint64_t>(query_number(request, "limit").value_or(kMostListed), kMostListed);
  const auto& counts = recorder_.counts();
  auto list = Json::array();
  for (const auto* recorded : recorder_.latest(before, limit)) list.push_back(to_json(*recorded));
  return json_page(200, {{"received", counts.received},
                         {"repeats", counts.repeats},
                         {"refused", counts.refused},
                         {"requests", std::move(list)}});
}

Page RecorderService::change(const Request& request, std::string_view path) {
  if (path == "script")
    return request.method == "PUT" || request.method == "POST" ? change_script(request) : not_allowed("GET, PUT, POST");
  if (path == "clear") return request.method == "POST" ? clear(request) : not_allowed("POST");
  return not_allowed("GET");
}

/// A form is answered with a page, JSON and plain text with JSON.
Page RecorderService::change_script(const Request& request) {
  const auto type = media_type(request);
  std::string text;
  if (type == kForm) {
    const auto params = parse_form(request.body);
    const auto* typed = params ? find_param(*params, "script") : nullptr;
    if (typed == nullptr) return problem_page(400, params ? "the form has no field 'script'" : params.error());
    text = *typed;
  } else if (type == "application/json") {
    const auto object = parse_bounded(request.body);
    if (!object.is_object() || !object.contains("script") || !object.at("script").is_string())
      return problem_page(400, "write JSON such as {\"script\": \"ok*2, drop, ok*\"}");
    text = object.at("script").get<std::string>();
  } else if (type == "text/plain") {
    text = request.body;
  } else {
    return problem_page(415, "send the script as application/json, {\"script\": TEXT}, or as text/plain");
  }
  std::erase(text, '\r');
  auto script = FaultScript::parse(text);
  if (!script && type == kForm)
    return requests_page(recorder_, view_, std::nullopt, ScriptProblem{text, script.error()});
  if (!script) return problem_page(400, script.error());
  view_.script = text;
  take_script_(std::move(*script));
  channel_.post("changed", "script");
  return type == kForm ? to_front() : json_page(200, {{"script", view_.script}});
}

Page RecorderService::clear(const Request& request) {
  recorder_.clear();
  channel_.post("changed", "list");
  return media_type(request) == kForm ? to_front() : json_page(200, {{"cleared", true}});
}

}  // namespace host
