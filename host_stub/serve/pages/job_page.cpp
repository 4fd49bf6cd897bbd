// See pages.h. What somebody began, while it goes on and afterwards.
#include <fmt/format.h>

#include "output.h"
#include "serve/pages/job_view.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"

namespace host {

namespace {

Page job_page(const Serving& serving, const Call& call) {
  const auto job = job_of(serving, call);
  const auto view = job_view(to_json(job), serving.live.walks(), now_ms());
  const auto title = text_of(view, "title");
  PageHead head{title};
  head.refresh_s = job.ended_at_ms == 0 ? 2 : 0;
  return html_page(serving, call, head, "job_page", {{"title", title}, {"job", view}});
}

Page stop(const Serving& serving, const Call& call) {
  const auto job = job_of(serving, call);
  const auto target =
      job.tool.empty() ? fmt::format("/jobs/{}", job.number) : fmt::format("{}?job={}", tool_url(job.tool), job.number);
  if (serving.jobs.stop(job.number))
    return done_page(target, Said::warn, "It stops after the exchange that is in flight.");
  return done_page(target, Said::warn, "It had ended already.");
}

}  // namespace

void add_job_pages(Router& router, Serving& serving) {
  router.get("/jobs/{job}", [&serving](const Call& call) { return job_page(serving, call); });
  router.change("POST", "/jobs/{job}/stop", [&serving](const Call& call) { return stop(serving, call); });
}

}  // namespace host
