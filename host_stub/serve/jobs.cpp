// See jobs.h.
#include "serve/jobs.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "lms.h"
#include "output.h"
#include "refusal.h"
#include "serve/answers.h"

namespace host {

namespace {

constexpr std::size_t kMostAtOnce = 32;
constexpr std::size_t kMostKept = 200;

}  // namespace

Json to_json(const JobView& job) {
  const auto time = [](std::int64_t at_ms) { return at_ms == 0 ? Json() : Json(time_text(at_ms)); };
  return {{"job", job.number},
          {"what", job.what},
          {"tool", job.tool.empty() ? Json() : Json(job.tool)},
          {"by", job.by},
          {"began_at", time(job.began_at_ms)},
          {"ended_at", time(job.ended_at_ms)},
          {"state", job.ended_at_ms == 0 ? (job.stopping ? "stopping" : "running") : (job.good ? "done" : "failed")},
          {"result", job.result},
          {"notes", job.notes}};
}

Jobs::Jobs(GlobalOptions options, std::function<void()> changed)
    : options_(std::move(options)), changed_(std::move(changed)) {}

Jobs::~Jobs() {
  interrupt();
  for (const auto& job : jobs_)
    if (job->thread.joinable()) job->thread.join();
}

void Jobs::interrupt(int times) {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& job : jobs_)
    if (job->interrupts < times) job->interrupts = times;
}

std::uint64_t Jobs::begin(const std::string& what, const std::string& tool, const std::string& by, Command command) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) refuse("`ptb-host serve` is ending: nothing more is begun");
    forget_old();
    const auto going =
        std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->view.ended_at_ms == 0; });
    if (static_cast<std::size_t>(going) >= kMostAtOnce)
      refuse("{} saves and replays are under way already: wait until one has ended, or stop it", kMostAtOnce);
    auto job = std::make_shared<Job>();
    number = job->view.number = ++last_;
    job->view.what = what;
    job->view.tool = tool;
    job->view.by = by;
    job->view.began_at_ms = now_ms();
    auto& made = *job;
    jobs_.push_front(std::move(job));
    try {
      made.thread = std::thread([this, &made, command = std::move(command)] { run(made, command); });
    } catch (const std::system_error&) {
      jobs_.pop_front();
      refuse("there is no room for another thread: try again later");
    }
  }
  changed_();
  return number;
}

void Jobs::run(Job& job, const Command& command) {
  auto options = options_;
  options.by = job.view.by;
  options.interrupts = &job.interrupts;
  CommandAnswer answer;
  std::uint32_t http_status = 0;
  try {
    answer = run_command(options, command);
  } catch (const Refusal& refusal) {
    answer.status = kExitRefused;
    answer.notes.emplace_back(refusal.what());
    http_status = status_of(refusal);
  } catch (const std::exception& problem) {
    answer.status = kExitRefused;
    http_status = 500;
    answer.notes.emplace_back(problem.what());
  }
  {
    const std::lock_guard lock(mutex_);
    job.view.result = std::move(answer.value);
    job.view.notes = std::move(answer.notes);
    job.view.http_status = http_status;
    job.view.good = answer.status == kExitDone;
    job.view.ended_at_ms = now_ms();
  }
  ended_.notify_all();
  changed_();
}

/// Under the mutex.
void Jobs::forget_old() {
  for (auto at = jobs_.end(); jobs_.size() > kMostKept && at != jobs_.begin();) {
    --at;
    if ((*at)->view.ended_at_ms == 0) continue;
    (*at)->thread.join();
    at = jobs_.erase(at);
  }
}

std::optional<JobView> Jobs::wait(std::uint64_t number, std::uint32_t wait_ms) {
  std::unique_lock lock(mutex_);
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job->view.number == number; });
  if (found == jobs_.end()) return std::nullopt;
  const auto job = *found;  // it may be forgotten meanwhile
  ended_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return job->view.ended_at_ms != 0; });
  return job->view;
}

std::vector<JobView> Jobs::list() {
  const std::lock_guard lock(mutex_);
  std::vector<JobView> views;
  for (const auto& job : jobs_) views.push_back(job->view);
  return views;
}

bool Jobs::stop(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->view.number != number || job->view.ended_at_ms != 0) continue;
    job->view.stopping = true;
    ++job->interrupts;
    return true;
  }
  return false;
}

}  // namespace host
