// See api.h. What the parts of the API share.
#include "serve/api.h"

#include <fmt/format.h>

#include <algorithm>

#include "output.h"
#include "serve/answers.h"
#include "session.h"
#include "text/bounded_json.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::uint32_t kUsualWaitMs = 60'000;
constexpr std::uint32_t kMostWaitMs = 600'000;
constexpr std::size_t kMostNameColumns = 80;

std::uint32_t wait_ms_of(const Call& call) {
  const auto text = call.value("wait_ms");
  if (text.empty()) return kUsualWaitMs;
  if (text.size() > 7 || text.find_first_not_of("0123456789") != std::string::npos)
    wrong_usage("wait_ms is a number of milliseconds");
  return std::min(static_cast<std::uint32_t>(std::stoul(text)), kMostWaitMs);
}

}  // namespace

Json object_in(const Call& call) {
  if (call.request.body.empty()) return Json::object();
  if (!is_utf8(call.request.body)) wrong_usage("the body is not UTF-8");
  auto object = parse_bounded(call.request.body);
  if (!object.is_object()) wrong_usage("the body is no JSON object");
  return object;
}

std::string text_in(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return {};
  if (!found->is_string()) wrong_usage("\"{}\" is to be text", member);
  return found->get<std::string>();
}

std::string need_text_in(const Json& object, const char* member) {
  auto text = text_in(object, member);
  if (text.empty()) wrong_usage("the body wants \"{}\", a text", member);
  return text;
}

bool flag_in(const Json& object, const char* member, bool otherwise) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return otherwise;
  if (!found->is_boolean()) wrong_usage("\"{}\" is to be true or false", member);
  return found->get<bool>();
}

GlobalOptions options_of(const Serving& serving, const Call& call) {
  auto options = serving.options;
  const auto named = call.request.headers.find("x-ptb-as");
  options.by =
      named == call.request.headers.end() || !is_utf8(named->second) ? "web" : cut(named->second, kMostNameColumns);
  return options;
}

std::string tool_in(const Call& call) { return to_text(locator_from(call.path.at(0) + "/" + call.path.at(1))); }

JobView job_of(const Serving& serving, const Call& call) {
  const auto& text = call.path.at(0);
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos)
    throw NotFound(fmt::format("there is no job {}", cut(text, 40)));
  if (auto job = serving.jobs.find(std::stoull(text))) return std::move(*job);
  throw NotFound(
      fmt::format("job {} is not known: it ended long ago, or before this server began. What it did is in the audit "
                  "trail",
                  text));
}

Page command_page(const Serving& serving, const Call& call, const Command& command) {
  auto answer = run_command(options_of(serving, call), command);
  if (answer.value.is_object() && !answer.notes.empty()) answer.value["notes"] = answer.notes;
  if (!answer.value.is_null()) return json_answer(200, answer.value);
  const auto text = answer.notes.empty() ? std::string() : answer.notes.back();
  return answer.status == kExitDone ? json_answer(200, Json::object()) : json_problem(409, text);
}

Page job_page(const Serving& serving, const Call& call, const std::string& what, const std::string& tool,
              Command command) {
  const auto wait_ms = wait_ms_of(call);
  const auto number = serving.jobs.begin(what, tool, options_of(serving, call).by, std::move(command));
  const auto job = serving.jobs.wait(number, wait_ms);
  if (!job || job->ended_at_ms == 0) return json_answer(202, job ? to_json(*job) : Json{{"job", number}});
  // Nothing came of it but a reason: it was refused before it began.
  if (job->result.is_null() && !job->good)
    return json_problem(job->http_status == 0 ? 409 : job->http_status,
                        job->notes.empty() ? "it failed" : job->notes.back());
  return json_answer(200, to_json(*job));
}

Page report_page(const Serving& serving, const Json& question) {
  Session session(serving.options, Session::Use::look);
  return json_answer(200, session.bridge().report(question));
}

}  // namespace host
