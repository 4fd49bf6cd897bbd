#include "systems/system.h"

#include <gtest/gtest.h>

namespace ptb::test {

std::string policy_of(const std::string& attributes, const std::string& elements) {
  return "<delivery-policy xmlns=\"urn:ptbridge:delivery-policy:1\" name=\"own\" " + attributes + ">" + elements +
         "</delivery-policy>";
}

ToolModel always(const std::string& answer) {
  return [answer](const Received&) { return answer; };
}

ToolModel answers(std::map<std::string, std::string> by_name) {
  return [by_name = std::move(by_name)](const Received& got) -> std::string {
    const auto name = got.parameters.find("backup_id");
    if (name == got.parameters.end()) return "ok";
    const auto at = by_name.find(name->second);
    return at == by_name.end() ? "ok" : at->second;
  };
}

System::System(const std::string& policy, ToolState state, StoreKind store_kind)
    : SmallWorld(1, store_kind), began_ms_(clock.wall_ms) {
  install(kQuiz, state, true, policy);
  run();
}

CaptureAnswer System::happens(const std::string& name, EventKind kind, const std::string& course) {
  return happens(name, event(kQuiz, kind, name, course));
}

CaptureAnswer System::happens(const std::string& name, ReportedEvent reported) {
  const CaptureAnswer answer = capture({std::move(reported)}).at(0);
  ids_[name] = answer.id;
  run();
  return answer;
}

ReportedEvent System::of_item(const std::string& name, EventKind kind, const std::string& item,
                              const std::string& course) {
  ReportedEvent reported = event(kQuiz, kind, name, course);
  reported.content_id = item;
  reported.arguments.emplace_back("content_id", item);
  return reported;
}

Json System::explain(const std::string& name) {
  return asked(Json{{"report", "explain"}, {"id", text_id(name)}}.dump());
}

std::string System::why(const std::string& name) {
  const Json said = explain(name).at("why");
  return said.is_string() ? said.get<std::string>() : std::string();
}

std::vector<std::int64_t> System::sent_at(const std::string& name) const {
  std::vector<std::int64_t> times;
  for (const Received& one : received) {
    const auto at = one.parameters.find("backup_id");
    if (at != one.parameters.end() && at->second == name) times.push_back(one.at_ms - began_ms_);
  }
  return times;
}

std::vector<std::int64_t> System::since_first_failure(const std::string& name) const {
  const std::vector<std::int64_t> times = sent_at(name);
  std::vector<std::int64_t> since;
  for (std::size_t i = 1; i < times.size(); ++i) since.push_back(times[i] - times[0] - 1);
  return since;
}

std::vector<std::int64_t> System::distances(const std::string& name) const {
  const std::vector<std::int64_t> times = sent_at(name);
  std::vector<std::int64_t> between;
  for (std::size_t i = 1; i < times.size(); ++i) between.push_back(times[i] - times[i - 1] - 1);
  return between;
}

void System::set_policy(const std::string& policy) {
  done(Json{{"do", "policy"}, {"tool", to_text(kQuiz)}, {"policy", policy}}.dump());
  run();
}

std::string System::order_of(const std::string& what, const std::string& more) const {
  return R"({"do":")" + what + R"(","tool":")" + to_text(kQuiz) + "\"" + (more.empty() ? "" : "," + more) + "}";
}

std::string System::order_on(const std::string& what, const std::string& name, const std::string& more) const {
  return R"({"do":")" + what + R"(","id":")" + text_id(name) + "\"" + (more.empty() ? "" : "," + more) + "}";
}

std::string System::refusal(const std::string& order) {
  const auto answer = engine->administer(order);
  return answer ? std::string() : answer.error().text;
}

void System::known(const std::string& what, const std::string& whose, const std::string& key,
                   const std::string& value) {
  const auto taken = engine->value_known({kQuiz, what, whose, key, value});
  EXPECT_TRUE(taken) << taken.error().text;
  run();
}

}  // namespace ptb::test
