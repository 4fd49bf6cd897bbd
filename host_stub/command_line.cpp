// See command_line.h. Reads the words, hands them over where another process works in the state directory, and turns a
// Refusal into one line and an exit status.
#include "command_line.h"

#include <algorithm>
#include <sstream>

#include "handover/handing.h"
#include "output.h"

namespace host {

CLI::App* group(CLI::App& app, const std::string& name, const std::string& text) {
  auto* made = app.add_subcommand(name, text);
  made->require_subcommand(1);
  return made;
}

namespace {

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
  app.add_option("--as", global.by, "Who orders it, for the audit trail [$USER]")->type_name("NAME");
  app.add_flag("--json", global.json, "Print JSON");
  app.add_flag("--pumped", global.pumped, "Run the bridge without a thread of its own");
  app.add_flag("--verbose", global.verbose, "Show what the bridge logs");
  app.add_flag("--quiet", global.quiet, "Show no progress");
}

void add_lti_commands(CLI::App& app, CommandLine& line) {
  auto* lti = group(app, "lti", "This LMS as an LTI platform");
  lti->add_subcommand("key", "Print the platform's key set; the key is made the first time")->callback([&] {
    line.run = [&] { return lti_key(line.global); };
  });
}

void add_demo_command(CLI::App& app, CommandLine& line) {
  auto* demo = app.add_subcommand("demo", "The story in one minute: a tool is down, events wait, all is replayed");
  demo->add_flag("--keep", line.demo.keep, "Keep the directory it works in");
  demo->callback([&] { line.run_alone([&] { return run_demo(line.global, line.demo); }); });
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
      ->check(CLI::IsMember({"proxy-tool", "standard-webhooks", "lti-notice"}))
      ->capture_default_str();
  receive->add_option("--jwks", line.receive.jwks, "lti-notice: the platform's key set")->type_name("FILE|URL");
  receive->add_option("--bug", line.receive.bug, "Have one known defect, for `check` to find")->type_name("NAME");
  receive->add_flag("--list-bugs", line.receive.list_bugs, "Show the defects and end");
  receive->callback([&] { line.run_alone([&] { return run_receive(line.receive); }); });
}

int run_for_another(const std::vector<std::string>& words, const GlobalOptions& guest) {
  return run_line(words, &guest);
}

void add_serve_command(CLI::App& app, CommandLine& line) {
  auto* serving = app.add_subcommand("serve", "Web pages, JSON API, registration of tools, metrics; until Ctrl-C");
  auto& options = line.serve;
  serving->add_option("--address", options.address, "Address to listen on")->capture_default_str();
  serving->add_option("--port", options.port, "0: a free one")->capture_default_str();
  serving->add_option("--port-file", options.port_file, "Gets the port once it listens")->type_name("FILE");
  serving->add_option("--tls-cert", options.tls_cert, "Certificate chain in PEM, for https")->type_name("FILE");
  serving->add_option("--tls-key", options.tls_key, "Its key in PEM")->type_name("FILE");
  serving->add_option("--name", options.names, "A name this server may be called by, beside localhost")
      ->type_name("HOST")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  serving->add_option("--access-log", options.access_log, "One line a request; -: stdout")->type_name("FILE");
  serving->add_option("--max-upload-mib", options.max_upload_mib, "Largest course package that is taken")
      ->capture_default_str()
      ->check(CLI::Range(1U, 65'536U));
  options.version = PTB_VERSION;
  serving->callback([&] { line.run_alone([&] { return serve(line.global, line.serve, run_for_another); }); });
}

void add_bench_commands(CLI::App& app, CommandLine& line) {
  add_serve_command(app, line);
  add_receive_command(app, line);
  add_check_command(app, line);
  add_demo_command(app, line);
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
  print_aside(fmt::format("{}; `{} --help` shows what there is", problem, command));
  return kExitUsage;
}

/// Options that only whoever opens the bridge can give.
constexpr const char* kOpeningOptions[] = {
    "--plugin", "--tcbaseurl", "--timeout-ms", "--connect-timeout-ms", "--contact-interval-ms",
    "--pumped", "--verbose"};

/// The options of a command that another process carries out: how it prints is its own, all else is the house's.
GlobalOptions as_guest(const CLI::App& app, const GlobalOptions& typed, const GlobalOptions& guest) {
  for (const char* name : kOpeningOptions)
    if (app.get_option(name)->count() > 0)
      print_aside(fmt::format("{} has no effect here: `ptb-host serve` has opened the bridge without it", name));
  if (!typed.store.empty() && store_uri(typed) != store_uri(guest))
    wrong_usage("`ptb-host serve` works with the store {}: end it to work with {}", without_passwords(store_uri(guest)),
                without_passwords(typed.store));
  GlobalOptions options = guest;
  options.json = typed.json;
  options.verbose = typed.verbose;
  options.quiet = typed.quiet;
  if (!typed.by.empty()) options.by = typed.by;
  return options;
}

int help_text(const CLI::App& app, const CLI::Success& success) {
  std::ostringstream out;
  const int status = app.exit(success, out, out);
  auto text = out.str();
  if (text.ends_with('\n')) text.pop_back();
  print_line(text);
  return status;
}

int carry_out(const std::vector<std::string>& words, const GlobalOptions* guest) {
  CommandLine line;
  CLI::App app("ptb-host: a small LMS that loads ptbridge, to try proxy tools without a large one", "ptb-host");
  app.set_version_flag("--version", "ptb-host " PTB_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, line.global);
  add_tool_commands(app, line);
  add_registration_commands(app, line);
  add_setting_commands(app, line);
  add_policy_commands(app, line);
  add_course_commands(app, line);
  add_event_commands(app, line);
  add_lane_commands(app, line);
  add_pull_commands(app, line);
  add_store_commands(app, line);
  add_lti_commands(app, line);
  add_bench_commands(app, line);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    return help_text(app, success);
  } catch (const CLI::ParseError& error) {
    return complain(app, error);
  }
  if (guest != nullptr) {
    if (line.alone) refuse("this command works for itself alone, and is never handed over");
    line.global = as_guest(app, line.global, *guest);
  } else if (!line.alone) {
    if (const auto status = hand_over(line.global, words)) return *status;
    line.global.run_line = run_for_another;
  }
  try {
    return line.run();
  } catch (const StateHeld&) {
    // It may listen by now.
    const auto status = guest == nullptr && !line.alone ? hand_over(line.global, words) : std::nullopt;
    if (!status) throw;
    return *status;
  }
}

}  // namespace

int run_line(const std::vector<std::string>& words, const GlobalOptions* guest) {
  try {
    return carry_out(words, guest);
  } catch (const Refusal& refusal) {
    print_aside(refusal.what());
    return refusal.exit_status();
  } catch (const std::exception& problem) {
    print_aside(fmt::format("{} (a fault of ptb-host itself)", problem.what()));
    return kExitRefused;
  }
}

}  // namespace host
