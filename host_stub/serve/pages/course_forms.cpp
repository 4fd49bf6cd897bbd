// See course_forms.h. Each form is the command that it is called after. What tools must hear of is a job with a page of
// its own; what only changes the small LMS is done at once.
#include "serve/pages/course_forms.h"

#include <fmt/format.h>

#include <functional>
#include <memory>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/pages/operation_model.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"
#include "serve/uploaded_package.h"

namespace host {

namespace {

/// So long a form waits for what it began: most has ended by then, and its page need not be loaded again.
constexpr std::uint32_t kPatienceMs = 1'500;

/// Shows the page of the form again.
using Again = std::function<Page(const SentForm&)>;

std::string operation_url(std::uint64_t job) { return fmt::format("/operations/{}", job); }

/// Begins it and goes to its page, or where it is refused at once back to the form. `begun`: is told its number.
Page operated(const Serving& serving, const Call& call, const char* form, const char* what, const Again& again,
              const std::function<Command()>& command, const std::function<void(std::uint64_t)>& begun = {}) {
  std::string problem;
  try {
    const auto number = serving.jobs.begin(what, "", options_of(serving, call).by, command());
    if (begun) begun(number);
    const auto job = serving.jobs.wait(number, kPatienceMs);
    serving.live.changed();
    const bool is_refused = job && job->ended_at_ms != 0 && !job->good && job->result.is_null();
    if (!is_refused) return see_other(operation_url(number));
    problem = job->notes.empty() ? "It failed." : job->notes.back();
  } catch (const Refusal& refusal) {
    problem = refusal.what();
  }
  return again({form, problem, call.form});
}

/// Runs it now and goes to `target`, which says `text`, or back to the form.
Page done_now(const Serving& serving, const Call& call, const char* form, const std::string& target,
              const std::string& text, const Again& again, const Command& command) {
  try {
    run_command(options_of(serving, call), command);
    serving.live.changed();
    return done_page(target, Said::good, text);
  } catch (const Refusal& refusal) {
    return again({form, refusal.what(), call.form});
  }
}

Page restore(const Serving& serving, const Call& call) {
  const auto again = [&](const SentForm& sent) { return courses_page(serving, call, sent); };
  return operated(serving, call, "restore", "restore", again, [&] {
    const auto* sent = call.file("package");
    if (sent == nullptr) wrong_usage("choose the package that the course is restored from");
    auto wanted = restore_in(call);
    wanted.package = sent->content->path();
    return restoring(std::move(wanted), sent->name.empty() ? "the package" : cut(sent->name, 100), sent->content);
  });
}

Page make_course(const Serving& serving, const Call& call) {
  const auto id = call.value("id");
  return done_now(
      serving, call, "create", course_url(id), fmt::format("Course {} was created. No tool has to hear of it.", id),
      [&](const SentForm& sent) { return courses_page(serving, call, sent); },
      [&](const auto& options) { return course_create(options, id); });
}

Page make_group(const Serving& serving, const Call& call) {
  const auto id = call.path.at(0);
  const auto name = call.value("name");
  return done_now(
      serving, call, "group", course_url(id), fmt::format("Group {} was created.", cut(name, 100)),
      [&](const SentForm& sent) { return course_page(serving, call, sent); },
      [&](const auto& options) { return group_create(options, id, name); });
}

Page copy(const Serving& serving, const Call& call) {
  const auto again = [&](const SentForm& sent) { return course_page(serving, call, sent); };
  return operated(serving, call, "copy", "copy course", again, [&]() -> Command {
    return [from = call.path.at(0), to = call.value("to"), exact = call.value("how") == "exact",
            terms = terms_in(call)](const auto& options) { return course_copy(options, from, to, exact, terms); };
  });
}

Page delete_it(const Serving& serving, const Call& call) {
  const auto again = [&](const SentForm& sent) { return course_page(serving, call, sent); };
  return operated(serving, call, "delete", "delete course", again, [&]() -> Command {
    return [id = call.path.at(0)](const auto& options) { return course_delete(options, id); };
  });
}

Page write_package(const Serving& serving, const Call& call, PackageShelf& shelf) {
  const auto id = call.path.at(0);
  std::shared_ptr<const UploadFile> file;
  const auto again = [&](const SentForm& sent) { return course_page(serving, call, sent); };
  return operated(
      serving, call, "export", "export course", again,
      [&]() -> Command {
        file = new_package(serving);
        return [id, file](const auto& options) { return course_export(options, id, file->path()); };
      },
      [&](std::uint64_t number) {
        shelf.put({number, id + ".imscc", file});
      });
}

Page copy_item(const Serving& serving, const Call& call) {
  const bool moves = call.value("how") == "move";
  const auto again = [&](const SentForm& sent) { return item_page(serving, call, sent); };
  return operated(serving, call, "copy", moves ? "move item" : "copy item", again, [&]() -> Command {
    return [item = call.path.at(0), to = call.value("to"), moves, terms = terms_in(call)](const auto& options) {
      return content_copy(options, item, to, moves, terms);
    };
  });
}

Page make_known(const Serving& serving, const Call& call) {
  const auto again = [&](const SentForm& sent) { return item_page(serving, call, sent); };
  return operated(serving, call, "known", "make known", again, [&]() -> Command {
    return [item = call.path.at(0), external = call.value("external_id")](const auto& options) {
      return content_known(options, item, external);
    };
  });
}

JobView need_job(const Serving& serving, const Call& call) {
  const auto& text = call.path.at(0);
  const bool is_number = text.size() < 19 && text.find_first_not_of("0123456789") == std::string::npos;
  if (auto job = is_number ? serving.jobs.find(std::stoull(text)) : std::nullopt) return *job;
  not_found("there is no operation {}: what came of the last 200 is kept until ptb-host serve ends", cut(text, 20));
}

/// The result's events by id, as the bridge reports them now.
Json events_now(const Serving& serving, const Json& result) {
  Json now = Json::object();
  if (!result.is_object() || !result.contains("events")) return now;
  const auto& events = result.at("events");
  Session session(serving.options, Session::Use::look);
  for (std::size_t i = 0; i < std::min(events.size(), kMostEventsShown); ++i) {
    const auto id = text_of(events[i], "id");
    if (id.empty()) continue;
    try {
      now[id] = session.bridge().report({{"report", "event"}, {"id", id}});
    } catch (const Refusal&) {
      // Not kept any more: what it was when the operation ended is shown.
    }
  }
  return now;
}

Page operation_page(const Serving& serving, const Call& call, PackageShelf& shelf) {
  const auto job = need_job(serving, call);
  const auto has_package = job.result.is_object() && shelf.find(job.number).file != nullptr;
  auto model = operation_model(job, events_now(serving, job.result),
                               has_package ? operation_url(job.number) + "/package" : std::string());
  PageHead head{text_of(model, "title"), "/courses"};
  if (job.ended_at_ms == 0) head.refresh_s = 2;
  return html_page(serving, call, head, "operation", std::move(model));
}

Page stop(const Serving& serving, const Call& call) {
  const auto job = need_job(serving, call);
  serving.jobs.stop(job.number);
  return see_other(operation_url(job.number));
}

Page download(const Serving& serving, const Call& call, PackageShelf& shelf) {
  const auto kept = shelf.find(need_job(serving, call).number);
  if (!kept.file) not_found("that package is not kept any more: export the course again");
  return download_page(kept.file->path(), kept.name);
}

}  // namespace

void add_course_forms(Router& router, Serving& serving) {
  const auto with = [&serving](auto run) { return [&serving, run](const Call& call) { return run(serving, call); }; };
  const auto shelf = std::make_shared<PackageShelf>();
  const auto with_shelf = [&serving, shelf](auto run) {
    return [&serving, shelf, run](const Call& call) { return run(serving, call, *shelf); };
  };
  router.change("POST", "/courses", with(make_course));
  router.change("POST", "/courses/restore", with(restore));
  router.change("POST", "/courses/{course}/groups", with(make_group));
  router.change("POST", "/courses/{course}/copy", with(copy));
  router.change("POST", "/courses/{course}/delete", with(delete_it));
  router.change("POST", "/courses/{course}/export", with_shelf(write_package));
  router.change("POST", "/content/{item}/copy", with(copy_item));
  router.change("POST", "/content/{item}/known", with(make_known));
  router.get("/operations/{job}", with_shelf(operation_page));
  router.get("/operations/{job}/package", with_shelf(download));
  router.change("POST", "/operations/{job}/stop", with(stop));
}

}  // namespace host
