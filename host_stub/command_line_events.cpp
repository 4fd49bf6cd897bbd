// See command_line.h. Events, lanes, and pulling.
#include "command_line.h"

namespace host {

namespace {

const std::vector<std::string> kEventStates = {"pending", "delivered", "refused", "parked", "discarded"};

}  // namespace

void add_event_commands(CLI::App& app, CommandLine& line) {
  auto* events = group(app, "events", "Events and what became of them");
  auto* list = events->add_subcommand("list", "Events, by lane and in order");
  list->add_option("tool", line.list.tool, "Only of VENDOR/PROGRAM");
  list->add_option("--state", line.list.state, "Only in this state")->check(CLI::IsMember(kEventStates));
  list->add_option("--limit", line.list.limit, "At most so many [all]")->type_name("N");
  list->callback([&] { line.run = [&] { return events_list(line.global, line.list); }; });
  const auto with_id = [&](const char* name, const char* text, Run run) {
    auto* made = events->add_subcommand(name, text);
    made->add_option("id", line.id, "Of the event")->required();
    made->callback([&line, run] { line.run = run; });
    return made;
  };
  with_id("show", "One event, with its arguments and settings", [&] { return events_show(line.global, line.id); });
  with_id("explain", "Why it waits, and for what", [&] { return events_explain(line.global, line.id); });
  with_id("retry", "Send it again", [&] { return events_order(line.global, "retry", line.id, {}); });
  with_id("park", "Set it aside", [&] { return events_order(line.global, "park", line.id, line.reason); })
      ->add_option("--reason", line.reason, "Why, for whoever looks later")
      ->type_name("TEXT");
  with_id("unpark", "Send what was set aside", [&] { return events_order(line.global, "unpark", line.id, {}); });
  with_id("discard", "Give it up", [&] { return events_discard(line.global, line.id, line.reason); })
      ->add_option("--reason", line.reason, "Why, for whoever looks later")
      ->required()
      ->type_name("TEXT");

  auto* exported = events->add_subcommand("export", "Write events as JSON lines, with settings and attempts");
  exported->add_option("--tool", line.exported.tool, "Only of VENDOR/PROGRAM")->type_name("V/P");
  exported->add_option("--state", line.exported.state, "Only in this state")->check(CLI::IsMember(kEventStates));
  exported->add_option("--file", line.exported.file, "File that is not there yet [stdout]")->type_name("FILE");
  exported->callback([&] { line.run = [&] { return events_export(line.global, line.exported); }; });
  auto* import = events->add_subcommand("import", "Take over events of another bridge: ids, order and settings stay");
  import->add_option("file", line.other, "As `events export` wrote it")->required()->type_name("FILE");
  import->callback([&] { line.run = [&] { return events_import(line.global, line.other);
};
}  // namespace host
);

auto* again = app.add_subcommand("replay", "Send a tool what waits for it now, or again what it was sent");
again->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
again->add_option("--from-event", line.replay.event, "Again from this event on")->type_name("ID");
again->add_option("--from-time", line.replay.time, "Again what was captured from then on, 2026-11-23T08:00:00Z")
    ->type_name("TIME");
again->add_option("--from-backup", line.replay.backup, "Again what came of this backup, as `events show` names it")
    ->type_name("ID");
again->add_flag("--dry-run", line.replay.dry_run, "Show what would be sent, and which settings have changed since");
again->callback([&] { line.run = [&] { return replay(line.global, line.tool, line.replay); }; });
}

void add_lane_commands(CLI::App& app, CommandLine& line) {
  auto* all = app.add_subcommand("lanes", "What waits where");
  all->add_flag("--watch", line.watch.on, "Look again every second, until Ctrl-C");
  all->add_option("--count", line.watch.count, "With --watch: at most so many looks")->type_name("N");
  all->callback([&] { line.run = [&] { return lanes(line.global, line.watch); }; });
  auto* lane = group(app, "lane", "Orders to lanes");
  for (const char* order : {"hold", "release"}) {
    auto* made = lane->add_subcommand(order, order == std::string("hold") ? "Send nothing from it" : "Let it go on");
    made->add_option("lane", line.lane.lane, "As `ptb-host lanes` shows it");
    made->add_option("--tool", line.lane.tool, "All lanes of VENDOR/PROGRAM")->type_name("V/P");
    made->add_flag("--all", line.lane.all, "All lanes of all tools");
    made->add_option("--reason", line.lane.reason, "Why, for whoever looks later")->type_name("TEXT");
    made->callback([&line, order] { line.run = [&line, order] { return lane_order(line.global, order, line.lane); }; });
  }
  auto* trail = app.add_subcommand("audit", "What people ordered, oldest first");
  trail->add_option("--limit", line.limit, "At most so many [all]")->type_name("N");
  trail->callback([&] { line.run = [&] { return audit(line.global, line.limit); }; });
}

void add_pull_commands(CLI::App& app, CommandLine& line) {
  auto* pull = group(app, "pull", "Take events instead of having them sent: policies with then=\"queue\"");
  auto* list = pull->add_subcommand("list", "What waits to be pulled");
  list->add_option("tool", line.pull.tool, "VENDOR/PROGRAM")->required();
  list->add_option("--url", line.pull.url, "Only what would go to this address")->type_name("URL");
  list->callback([&] { line.run = [&] { return pull_list(line.global, line.pull); }; });
  auto* take = pull->add_subcommand("take", "Take the first ones, for some time: nobody else gets them");
  take->add_option("tool", line.pull.tool, "VENDOR/PROGRAM")->required();
  take->add_option("--limit", line.pull.limit, "At most so many")->capture_default_str()->check(CLI::Range(1, 1000));
  take->add_option("--lease", line.pull.lease_s, "For so long")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  take->callback([&] { line.run = [&] { return pull_take(line.global, line.pull); }; });
  for (const char* order : {"ack", "give-back"}) {
    const bool done = order == std::string("ack");
    auto* made = pull->add_subcommand(order, done ? "They are dealt with" : "Somebody else may take them");
    made->add_option("token", line.other, "As `pull take` gave it")->required();
    made->add_option("ids", line.ids, "Of the events")->required()->type_name("ID…");
    made->callback([&line, done] {
      line.run = [&line, done] {
        return pull_end(line.global, done ? "pull_ack" : "pull_give_back", line.other, line.ids);
      };
    });
  }
  auto* send = pull->add_subcommand("redeliver", "Send them after all: everything that waits, or these events");
  send->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  send->add_option("ids", line.ids, "Of events; none: all")->type_name("ID…");
  send->callback([&] { line.run = [&] { return pull_redeliver(line.global, line.tool, line.ids); }; });
}

}  // namespace host
