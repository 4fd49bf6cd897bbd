#include "receive/recorder_page.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <kainjow/mustache.hpp>
#include <limits>

#include "receive/receive_texts.h"
#include "web/page_frame.h"

namespace host {

namespace mustache = kainjow::mustache;
using View = mustache::data;

namespace {

constexpr std::size_t kMostRows = 100;

std::string rendered(std::string_view name, const View& data) {
  mustache::mustache whole{std::string(receive_text(name))};
  return whole.render(data);
}

std::string moment(std::int64_t at_ms, bool has_date) {
  const auto whole = fmt::gmtime(static_cast<std::time_t>(at_ms / 1000));
  return fmt::format("{}.{:03}{}",
                     has_date ? fmt::format("{:%Y-%m-%dT%H:%M:%S}", whole) : fmt::format("{:%H:%M:%S}", whole),
                     at_ms % 1000, has_date ? "Z" : "");
}

View badge(const char* look, const char* text) {
  View one;
  one.set("look", look);
  one.set("text", text);
  return one;
}

View badges_of(const LogLine& line) {
  View badges(View::type::list);
  if (line.mac_ok) badges.push_back(*line.mac_ok ? badge("good", "signature right") : badge("bad", "signature wrong"));
  if (!line.mac_ok && line.method == "POST") badges.push_back(badge("", "signature not checked"));
  if (line.repeat) badges.push_back(badge("warn", "repeat"));
  if (!line.problem.empty()) badges.push_back(badge("bad", "refused"));
  return badges;
}

const char* look_of_answer(const LogLine& line) {
  if (line.answer == "ok") return "good";
  return line.answer == "error" || line.answer.starts_with("status") ? "bad" : "warn";
}

/// What the list and the page of a request have in common.
View described(const Recorded& recorded) {
  const auto& line = recorded.line;
  View one;
  one.set("number", std::to_string(recorded.number));
  one.set("time", moment(line.at_ms, false));
  one.set("date", moment(line.at_ms, true));
  one.set("method", line.method);
  one.set("path", line.path);
  const auto action = line.param("action");
  one.set("event", action.empty() ? std::string("no event") : std::string(action));
  const auto id = line.param("event_id");
  id.empty() ? one.set("event_id", false) : one.set("event_id", std::string(id));
  const auto events = std::count_if(line.params.begin(), line.params.end(),
                                    [](const auto& param) { return param.first == "event_id"; });
  events > 1 ? one.set("more", std::to_string(events - 1)) : one.set("more", false);
  one.set("badges", badges_of(line));
  line.problem.empty() ? one.set("problem", false) : one.set("problem", line.problem);
  one.set("answer", line.answer);
  one.set("answer_look", look_of_answer(line));
  return one;
}

std::string rows_of(const std::vector<const Recorded*>& requests) {
  View rows(View::type::list);
  for (const auto* request : requests) rows.push_back(described(*request));
  View data;
  data.set("rows", rows);
  return rendered("recorder_rows.mustache", data);
}

View quick_faults() {
  static constexpr std::array<std::pair<const char*, const char*>, 10> kFaults = {{{"ok*", "SUCCESS"},
                                                                                   {"error*", "ERROR"},
                                                                                   {"drop*", "drop"},
                                                                                   {"reset*", "reset"},
                                                                                   {"slow 2000*", "slow (2 s)"},
                                                                                   {"garbage*", "garbage"},
                                                                                   {"huge*", "huge"},
                                                                                   {"status 503*", "status 503"},
                                                                                   {"die before", "die before"},
                                                                                   {"die after", "die after"}}};
  View faults(View::type::list);
  for (const auto& [script, text] : kFaults) {
    View one;
    one.set("script", script);
    one.set("text", text);
    faults.push_back(one);
  }
  return faults;
}

Page in_frame(std::uint32_t status, const RecorderView& view, std::string title, std::string body,
              std::string script_url = {}) {
  Frame frame;
  frame.title = std::move(title);
  frame.product = "ptb-host receive";
  frame.subtitle = "the reference tool";
  frame.style_url = "/_receive/style.css";
  frame.script_url = std::move(script_url);
  frame.footer = fmt::format(
      "Wire {}. Also as JSON: GET /_receive/requests, GET and PUT /_receive/script, "
      "POST /_receive/clear.",
      view.wire);
  frame.body = std::move(body);
  return framed_page(status, frame);
}

View pairs(const auto& all) {
  View list(View::type::list);
  for (const auto& [name, value] : all) {
    View one;
    one.set("name", name);
    one.set("value", value);
    list.push_back(one);
  }
  return list;
}

/// The names in the order in which the classic wire digests their values.
std::string signed_order(const Params& params) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : params)
    if (name != "mac" && !name.starts_with("top_") && !name.starts_with("bottom_")) names.push_back(name);
  std::stable_sort(names.begin(), names.end());
  return fmt::format("{}", fmt::join(names, ", "));
}

const char* advice_for(const LogLine& line, const RecorderView& view) {
  if (line.problem.find("away from now") != std::string::npos)
    return "The clocks of sender and tool differ, or the request was kept back: signatures are made when it is sent.";
  if (line.problem.find("used before") != std::string::npos)
    return "Every sending needs a nonce of its own, also the repeat of an event.";
  if (line.mac_ok != false) return nullptr;
  return view.wire == "lti-notice"
             ? "Is --jwks the key set of the platform that sends?"
             : "Do both sides have the same secret? White space at its end counts, but for one newline.";
}

}  // namespace

Page requests_page(const Recorder& recorder, const RecorderView& view, std::optional<std::uint64_t> before,
                   const std::optional<ScriptProblem>& problem) {
  const auto requests = recorder.latest(before.value_or(std::numeric_limits<std::uint64_t>::max()), kMostRows);
  const auto& script = problem ? problem->typed : view.script;
  const auto& counts = recorder.counts();
  View data;
  data.set("wire", view.wire);
  data.set("unchecked", !view.has_secret);
  data.set("has_log", view.has_log);
  data.set("is_live", !before);
  data.set("received", std::to_string(counts.received));
  data.set("repeats", std::to_string(counts.repeats));
  data.set("refused", std::to_string(counts.refused));
  data.set("script", script);
  data.set("script_rows",
           std::to_string(std::clamp<std::ptrdiff_t>(std::count(script.begin(), script.end(), '\n') + 1, 3, 12)));
  problem ? data.set("problem", problem->text) : data.set("problem", false);
  data.set("quick", quick_faults());
  data.set("last", std::to_string(recorder.last_number()));
  data.set("most", std::to_string(kMostRows));
  data.set("rows", rows_of(requests));
  data.set("has_rows", !requests.empty());
  const bool has_older = !requests.empty() && recorder.find(requests.back()->number - 1) != nullptr;
  has_older ? data.set("older", std::to_string(requests.back()->number)) : data.set("older", false);
  return in_frame(problem ? 400 : 200, view, "Received requests", rendered("recorder.mustache", data),
                  before ? "" : "/_receive/recorder.js");
}

Page rows_page(const Recorder& recorder, std::uint64_t after) {
  auto requests = recorder.latest(std::numeric_limits<std::uint64_t>::max(), kMostRows);
  std::erase_if(requests, [&](const auto* request) { return request->number <= after; });
  return {200,
          "text/html; charset=utf-8",
          rows_of(requests),
          {{"Content-Security-Policy", "default-src 'none'"}, {"X-Content-Type-Options", "nosniff"}}};
}

Page request_page(const Recorded& recorded, const RecorderView& view, bool has_older, bool has_newer) {
  const auto& line = recorded.line;
  auto data = described(recorded);
  data.set("body_bytes", std::to_string(line.body_bytes));
  data.set("params", pairs(line.params));
  data.set("has_params", !line.params.empty());
  data.set("headers", pairs(line.headers));
  const auto* advice = advice_for(line, view);
  advice != nullptr ? data.set("advice", advice) : data.set("advice", false);
  if (view.wire == "proxy-tool" && !line.params.empty())
    data.set("signed_order", signed_order(line.params));
  else
    data.set("signed_order", false);
  has_older ? data.set("older", std::to_string(recorded.number - 1)) : data.set("older", false);
  has_newer ? data.set("newer", std::to_string(recorded.number + 1)) : data.set("newer", false);
  return in_frame(200, view, fmt::format("Request {}", recorded.number), rendered("recorder_request.mustache", data));
}

Page no_page(std::uint32_t status, const std::string& text, const RecorderView& view) {
  View data;
  data.set("text", text);
  mustache::mustache body{R"(<h1>Not here</h1><p>{{text}}</p><p><a class="button" href="/">All requests</a></p>)"};
  return in_frame(status, view, "Not here", body.render(data));
}

Page recorder_script() { return asset_page("text/javascript; charset=utf-8", receive_text("recorder.js")); }

}  // namespace host
