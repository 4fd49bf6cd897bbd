// See api.h. Lanes, jobs, policies, and what has been sampled.
#include <fmt/format.h>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"

namespace host {

namespace {

Page stop_job(const Serving& serving, const Call& call) {
  const auto job = job_of(serving, call);
  if (!serving.jobs.stop(job.number)) throw NotFound(fmt::format("there is no job {} that goes on", job.number));
  return json_answer(200, to_json(job_of(serving, call)));
}

Page jobs(const Serving& serving) {
  auto list = Json::array();
  for (const auto& job : serving.jobs.list()) list.push_back(to_json(job));
  return json_answer(200, {{"jobs", list}});
}

Page walks(const Serving& serving) {
  auto list = Json::array();
  for (const auto& walk : serving.live.walks()) list.push_back(to_json(walk));
  return json_answer(200, {{"walks", list}});
}

Page samples(const Serving& serving, const Call& call) {
  auto list = Json::array();
  for (const auto& sample : serving.samples.of(call.value("tool")))
    list.push_back({{"at", time_text(sample.at_ms)}, {"waiting", sample.waiting}});
  return json_answer(200, {{"samples", list}});
}

Page lane_page(const Serving& serving, const Call& call, const std::string& order) {
  const auto object = object_in(call);
  const LaneWhich which{text_in(object, "lane"), text_in(object, "tool"), flag_in(object, "all"),
                        text_in(object, "reason")};
  const Command command = [=](const GlobalOptions& options) { return lane_order(options, order, which); };
  // A release sends what waited.
  return order == "release" ? job_page(serving, call, order, which.tool, command)
                            : command_page(serving, call, command);
}

}  // namespace

void add_steering_api(Router& router, Serving& serving) {
  router.get("/api/lanes", [&serving](const Call&) { return report_page(serving, {{"report", "lanes"}}); });
  for (const char* order : {"hold", "release"})
    router.change("POST", fmt::format("/api/lanes/{}", order),
                  [&serving, order = std::string(order)](const Call& call) { return lane_page(serving, call, order); });
  router.get("/api/jobs", [&serving](const Call&) { return jobs(serving); });
  router.get("/api/jobs/{job}",
             [&serving](const Call& call) { return json_answer(200, to_json(job_of(serving, call))); });
  router.change("POST", "/api/jobs/{job}/stop", [&serving](const Call& call) { return stop_job(serving, call); });
  router.get("/api/walks", [&serving](const Call&) { return walks(serving); });
  router.get("/api/samples", [&serving](const Call& call) { return samples(serving, call); });
  router.get("/api/policies", [&serving](const Call& call) {
    return command_page(serving, call, [](const GlobalOptions& options) { return policy_list(options); });
  });
  router.get("/api/policies/{preset}", [&serving](const Call& call) {
    return report_page(serving, {{"report", "policy"}, {"preset", call.path.at(0)}});
  });
  router.open("POST", "/api/policies-check", [&serving](const Call& call) {
    return report_page(serving, {{"report", "policy"}, {"document", need_text_in(object_in(call), "document")}});
  });
}

}  // namespace host
