// The command line of ptb-host: reads it, calls the command, turns a Refusal into one line and an exit status. The only
// file that knows CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>

#include "commands.h"
#include "demo.h"
#include "receive/receive.h"

namespace host {

namespace {

using Run = std::function<int()>;

const std::vector<std::string> kWires = {"proxy-tool", "standard-webhooks", "lti-notice"};

/// A yes-no option that remembers whether it was given: --NAME, --no-NAME.
void add_switch(CLI::App& command, const std::string& name, std::optional<bool>& value, const std::string& text) {
  command.add_flag_callback(
      "--" + name, [&value] { value = true; }, text);
  command
      .add_flag_callback(
          "--no-" + name, [&value] { value = false; }, "")
      ->group("");
}

void add_tool_options(CLI::App& command, ToolOptions& options) {
  command.add_option("--secret-file", options.secret_file, "File with the secret shared with the tool")
      ->type_name("FILE");
  add_switch(command, "strict", options.strict, "Send none of the bridge's own parameters");
  add_switch(command, "allow-private", options.allow_private, "Allow loopback and private addresses");
  add_switch(command, "allow-http", options.allow_http, "Allow plain http");
  add_switch(command, "allow-downgrade", options.allow_downgrade,
             "Fall back from https to http when no TLS session can be made");
  command.add_option("--ca-file", options.ca_file, "CA certificates in PEM, instead of the system's")
      ->type_name("FILE");
  command.add_option("--wire", options.wire, "How events are sent: proxy-tool, standard-webhooks or lti-notice")
      ->check(CLI::IsMember(kWires));
  command.add_option("--allow-cidr", options.allow_cidrs, "Allow this private range; may come more than once")
      ->type_name("CIDR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--client-cert", options.client_cert, "Certificate in PEM, where the tool asks for one")
      ->type_name("FILE");
  command.add_option("--client-key", options.client_key, "Its key in PEM, without a passphrase")->type_name("FILE");
  command
      .add_option("--endpoint", options.endpoint, "standard-webhooks, lti-notice: the address that takes all events")
      ->type_name("URL");
  command.add_option("--max-batch", options.max_batch, "standard-webhooks, lti-notice: most events in one request [1]")
      ->type_name("N")
      ->check(CLI::Range(1U, 1000U));
  command.add_option("--lti-client-id", options.lti_client_id, "lti-notice: the tool's client id")->type_name("ID");
  command.add_option("--lti-deployment-id", options.lti_deployment_id, "lti-notice: its deployment here")
      ->type_name("ID");
}

void add_global_options(CLI::App& app, GlobalOptions& global) {
  app.add_option("--state", global.state, "State directory [$PTB_STATE, else ~/.ptb-host]")->type_name("DIR");
  app.add_option("--store", global.store, "The bridge's store [sqlite:DIR/bridge.db]")->type_name("URI");
  app.add_option("--plugin", global.plugin, "ptbridge.so [$PTB_PLUGIN, else beside this program]")->type_name("FILE");
  app.add_option("--tcbaseurl", global.tcbaseurl, "How tools reach this LMS")->type_name("URL")->capture_default_str();
  app.add_option("--timeout-ms", global.exchange_timeout_ms, "For one exchange with a tool [120000]")
      ->type_name("MS")
      ->check(CLI::Range(1000U, 3'600'000U));
  app.add_option("--connect-timeout-ms", global.connect_timeout_ms, "For reaching a tool [10000]")
      ->type_name("MS")
      ->check(CLI::Range(1U, 3'600'000U));
  app.add_option("--contact-interval-ms", global.contact_interval_ms,
                 "From a failed walk to the next that a contact starts [5000]")
      ->type_name("MS")
      ->check(CLI::Range(1U, 3'600'000U));
  app.add_flag("--json", global.json, "Print JSON");
  app.add_flag("--pumped", global.pumped, "Run the bridge without a thread of its own");
  app.add_flag("--verbose", global.verbose, "Show what the bridge logs");
  app.add_flag("--quiet", global.quiet, "Show no progress");
}

/// Holds what the options are read into, for as long as the command runs.
struct CommandLine {
  GlobalOptions global;
  Run run;
  std::string tool;
  std::string other;
  std::string state;
  std::string id;
  std::string reason;
  std::string user;
  std::string port_file;
  std::uint16_t port = 0;
  bool flag = false;
  ToolAdd add;
  ToolOptions save;
  SettingSet setting;
  CourseRestore restore;
  EventsList list;
  ReceiveOptions receive;
  DemoOptions demo;
};

const std::vector<std::string> kToolStates = {"available", "inactive", "unavailable"};
const std::vector<std::string> kEventStates = {"pending", "delivered", "refused", "parked", "discarded"};

CLI::App* group(CLI::App& app, const std::string& name, const std::string& text) {
  auto* made = app.add_subcommand(name, text);
  made->require_subcommand(1);
  return made;
}

void add_tool_commands(CLI::App& app, CommandLine& line) {
  auto* tool = group(app, "tool", "Proxy tools");
  auto* add = tool->add_subcommand("add", "Register a tool by its descriptor");
  add->add_option("descriptor", line.add.descriptor_file, "Registration document")->required()->type_name("XML");
  add_tool_options(*add, line.add.options);
  add->add_flag("--registration-password", line.add.registration_password,
                "The LMS asks for a registration password: the tool starts as unavailable");
  add->callback([&] { line.run = [&] { return tool_add(line.global, line.add); }; });

  auto* save = tool->add_subcommand("save", "Save a tool; as available: what waits for it is sent");
  save->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  save->add_option("--state", line.state, "available, inactive or unavailable")
      ->required()
      ->check(CLI::IsMember(kToolStates));
  add_tool_options(*save, line.save);
  save->callback([&] { line.run = [&] { return tool_save(line.global, line.tool, line.state, line.save); }; });

  tool->add_subcommand("list", "All tools")->callback([&] { line.run = [&] { return tool_list(line.global); }; });
  const auto with_tool = [&](const char* name, const char* text, auto command) {
    auto* made = tool->add_subcommand(name, text);
    made->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
    made->callback([&line, command] { line.run = [&line, command] { return command(line.global, line.tool); }; });
  };
  with_tool("show", "One tool", tool_show);
  with_tool("remove", "Remove a tool, which is told; what waits for it goes on waiting", tool_remove);
  with_tool("ping", "Ask a tool whether it is there", tool_ping);
  auto* reregister = tool->add_subcommand("reregister", "Ask a tool to register again; it is unavailable from then on");
  reregister->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  reregister->add_option("--password", line.other, "Registration password that the tool is to use")->type_name("P");
  reregister->callback([&] { line.run = [&] { return tool_reregister(line.global, line.tool, line.other); }; });
  auto* claim = tool->add_subcommand("claim", "Give what waits under another locator to an installed tool");
  claim->add_option("from", line.other, "Locator that nobody is installed under, such as tool.example.org/lti")
      ->required();
  claim->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  claim->callback([&] { line.run = [&] { return tool_claim(line.global, line.other, line.tool); }; });

  auto* again = app.add_subcommand("replay", "Send a tool what waits for it now");
  again->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  again->callback([&] { line.run = [&] { return replay(line.global, line.tool); }; });
}

void add_setting_commands(CLI::App& app, CommandLine& line) {
  auto* setting = group(app, "setting", "Tool settings");
  auto* set = setting->add_subcommand("set", "Set one");
  set->add_option("tool", line.setting.tool, "VENDOR/PROGRAM")->required();
  set->add_option("--scope", line.setting.scope, "system, course or content")
      ->required()
      ->check(CLI::IsMember({"system", "course", "content"}));
  set->add_option("--id", line.setting.id, "Of the course or the content item")->type_name("ID");
  set->add_option("key", line.setting.key, "a-z 0-9 _, at most 200")->required();
  set->add_option("value", line.setting.value, "Any text")->required();
  set->callback([&] { line.run = [&] { return setting_set(line.global, line.setting); }; });
  auto* list = setting->add_subcommand("list", "All settings of a tool");
  list->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  list->callback([&] { line.run = [&] { return setting_list(line.global, line.tool); }; });
}

void add_user_option(CLI::App& command, std::string& user) {
  command.add_option("--as-user", user, "Who does it; kept with the events, never sent")->type_name("ID");
}

void add_course_commands(CLI::App& app, CommandLine& line) {
  auto* course = group(app, "course", "Courses");
  auto* create = course->add_subcommand("create", "Make an empty course");
  create->add_option("id", line.id, "Its id")->required();
  create->callback([&] { line.run = [&] { return course_create(line.global, line.id); }; });
  auto* restore = course->add_subcommand("restore", "Make a course from a Common Cartridge");
  restore->add_option("package", line.restore.package, ".imscc")->required()->type_name("FILE");
  restore->add_option("--id", line.restore.course_id, "Id of the new course")->type_name("ID");
  restore->add_option("--map", line.restore.maps, "Links that launch on this host belong to this tool")
      ->type_name("LAUNCH_HOST=VENDOR/PROGRAM")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_user_option(*restore, line.restore.user_id);
  restore->callback([&] { line.run = [&] { return course_restore(line.global, line.restore); }; });
  auto* copy = course->add_subcommand("copy", "Copy a course with its content and settings");
  copy->add_option("source", line.id, "Course to copy")->required();
  copy->add_option("target", line.other, "Id of the new course")->required();
  copy->add_flag("--exact", line.flag, "With user data");
  add_user_option(*copy, line.user);
  copy->callback(
      [&] { line.run = [&] { return course_copy(line.global, line.id, line.other, line.flag, line.user); }; });
  auto* export_to = course->add_subcommand("export", "Write a course to a Common Cartridge, and tell its tools");
  export_to->add_option("id", line.id, "Its id")->required();
  export_to->add_option("file", line.other, "Package to write, .imscc")->required();
  export_to->callback([&] { line.run = [&] { return course_export(line.global, line.id, line.other); }; });
  auto* remove = course->add_subcommand("delete", "Delete a course");
  remove->add_option("id", line.id, "Its id")->required();
  remove->callback([&] { line.run = [&] { return course_delete(line.global, line.id); }; });
  course->add_subcommand("list", "All courses")->callback([&] { line.run = [&] { return course_list(line.global); }; });

  auto* content = group(app, "content", "Content items");
  auto* copy_item = content->add_subcommand("copy", "Copy a content item; with --delete: move it");
  copy_item->add_option("item", line.id, "Its id")->required();
  copy_item->add_option("--to", line.other, "Course that gets it")->required()->type_name("COURSE");
  copy_item->add_flag("--delete", line.flag, "Remove the original");
  add_user_option(*copy_item, line.user);
  copy_item->callback(
      [&] { line.run = [&] { return content_copy(line.global, line.id, line.other, line.flag, line.user); }; });
  auto* list = content->add_subcommand("list", "The content of a course");
  list->add_option("course", line.id, "Its id")->required();
  list->callback([&] { line.run = [&] { return content_list(line.global, line.id); }; });

  auto* groups = group(app, "group", "Groups of a course");
  auto* make = groups->add_subcommand("create", "Make a group");
  make->add_option("course", line.id, "Id of the course")->required();
  make->add_option("name", line.other, "Its name")->required();
  make->callback([&] { line.run = [&] { return group_create(line.global, line.id, line.other); }; });
  auto* list_groups = groups->add_subcommand("list", "The groups of a course");
  list_groups->add_option("course", line.id, "Id of the course")->required();
  list_groups->callback([&] { line.run = [&] { return group_list(line.global, line.id); }; });

  auto* forgotten = app.add_subcommand("forget", "Remove what events say of a course or of a person");
  forgotten->add_option("--course", line.id, "The course")->type_name("ID");
  forgotten->add_option("--user", line.user, "Who had restored or copied: see --as-user")->type_name("ID");
  forgotten->callback([&] { line.run = [&] { return forget(line.global, line.id, line.user); }; });
}

void add_lti_commands(CLI::App& app, CommandLine& line) {
  auto* lti = group(app, "lti", "This LMS as an LTI platform");
  lti->add_subcommand("key", "Print the platform's key set; the key is made the first time")->callback([&] {
    line.run = [&] { return lti_key(line.global); };
  });
  auto* serving = lti->add_subcommand("serve", "Publish the key set, and let tools register their notice handlers");
  serving->add_option("--port", line.port, "On 127.0.0.1; 0: a free one")->capture_default_str();
  serving->add_option("--port-file", line.port_file, "Gets the port once it listens")->type_name("FILE");
  serving->callback([&] { line.run = [&] { return lti_serve(line.global, line.port, line.port_file); }; });
}

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
  with_id("retry", "Send it again", [&] { return events_order(line.global, "retry", line.id); });
  with_id("park", "Set it aside", [&] { return events_order(line.global, "park", line.id); });
  with_id("unpark", "Send what was set aside", [&] { return events_order(line.global, "unpark", line.id); });
  with_id("discard", "Give it up", [&] { return events_discard(line.global, line.id, line.reason); })
      ->add_option("--reason", line.reason, "Why, for whoever looks later")
      ->required()
      ->type_name("TEXT");

  app.add_subcommand("lanes", "What waits where")->callback([&] { line.run = [&] { return lanes(line.global); }; });
  auto* lane = group(app, "lane", "Orders to one lane");
  for (const char* order : {"hold", "release"}) {
    auto* made = lane->add_subcommand(order, order == std::string("hold") ? "Send nothing from it" : "Let it go on");
    made->add_option("lane", line.id, "As `ptb-host lanes` shows it")->required();
    made->callback([&line, order] { line.run = [&line, order] { return lane_order(line.global, order, line.id); }; });
  }
}

void add_receive_command(CLI::App& app, CommandLine& line) {
  auto* receive = app.add_subcommand("receive", "The reference tool, with faults on demand");
  receive->add_option("--port", line.receive.port, "On 127.0.0.1; 0: a free one")->capture_default_str();
  receive->add_option("--secret-file", line.receive.secret_file, "File with the shared secret, or with webhook keys")
      ->type_name("FILE");
  receive->add_option("--script", line.receive.script, "What to answer, such as \"ok*2, drop, ok*\"; @FILE reads it")
      ->capture_default_str();
  receive->add_option("--log", line.receive.log_file, "One JSON object a request")->type_name("FILE");
  receive->add_option("--port-file", line.receive.port_file, "Gets the port once it listens")->type_name("FILE");
  receive->add_option("--digest", line.receive.digest, "md5 or sha1")->capture_default_str();
  receive
      ->add_option("--window-ms", line.receive.window_ms,
                   "How far a timestamp may be off [120000; on the other wires 300000]")
      ->type_name("MS");
  receive->add_option("--wire", line.receive.wire, "proxy-tool, standard-webhooks or lti-notice")
      ->check(CLI::IsMember(kWires))
      ->capture_default_str();
  receive->add_option("--jwks", line.receive.jwks, "lti-notice: the platform's key set")->type_name("FILE|URL");
  receive->callback([&] { line.run = [&] { return run_receive(line.receive); }; });
}

/// One line that names the word which was wrong, and the help that knows the right ones.
int complain(const CLI::App& app, const CLI::ParseError& error) {
  std::string command = "ptb-host";
  const CLI::App* deepest = &app;
  while (!deepest->get_subcommands().empty()) {
    deepest = deepest->get_subcommands().front();
    command += " " + deepest->get_name();
  }
  std::string problem = error.what();
  if (const auto rest = app.remaining(true); error.get_name() == "RequiredError" && !rest.empty())
    problem = fmt::format("\"{}\" is no command of `{}`", rest.front().substr(0, 80), command);
  std::replace(problem.begin(), problem.end(), '\n', ' ');
  fmt::print(stderr, "ptb-host: {}; `{} --help` shows what there is\n", problem, command);
  return kExitUsage;
}

int run(int argc, char** argv) {
  CommandLine line;
  CLI::App app("ptb-host: a small LMS that loads ptbridge, to try proxy tools without a large one", "ptb-host");
  app.set_version_flag("--version", "ptb-host " PTB_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, line.global);
  add_tool_commands(app, line);
  add_setting_commands(app, line);
  add_course_commands(app, line);
  add_event_commands(app, line);
  add_lti_commands(app, line);
  add_receive_command(app, line);
  auto* demo = app.add_subcommand("demo", "The story in one minute: a tool is down, events wait, all is replayed");
  demo->add_flag("--keep", line.demo.keep, "Keep the directory it works in");
  demo->callback([&] { line.run = [&] { return run_demo(line.global, line.demo); }; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return complain(app, error);
  }
  return line.run();
}

}  // namespace

}  // namespace host

int main(int argc, char** argv) {
  try {
    return host::run(argc, argv);
  } catch (const host::Refusal& refusal) {
    std::fflush(stdout);
    fmt::print(stderr, "ptb-host: {}\n", refusal.what());
    return refusal.exit_status();
  } catch (const std::exception& problem) {
    std::fflush(stdout);
    fmt::print(stderr, "ptb-host: {} (a fault of ptb-host itself)\n", problem.what());
    return host::kExitRefused;
  }
}
