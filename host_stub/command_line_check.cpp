// See command_line.h. The vendor check.
#include "command_line.h"

namespace host {

void add_check_command(CLI::App& app, CommandLine& line) {
  auto& options = line.check;
  auto* check = app.add_subcommand("check", "Does this tool cope? Named cases; exit status 1 if one fails");
  check->add_option("descriptor", options.descriptor_file, "Registration document of the tool")->type_name("XML");
  check->add_option("--secret-file", options.secret_file, "File with the secret shared with the tool")
      ->type_name("FILE");
  check->add_flag("--list", options.list, "Show all cases and end");
  check->add_option("--case", options.cases, "Only this case; may come more than once")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  check->add_option("--seed", options.seed, "Repeat the order of an earlier run")->type_name("N");
  check->add_option("--probe", options.probe, "Where the tool says how many events it has acted on: a number, or JSON")
      ->type_name("URL");
  check->add_option("--junit", options.junit_file, "Write the results as JUnit XML")->type_name("FILE");
  check->add_option("--html", options.html_file, "Write the results as a page to send to a colleague")
      ->type_name("FILE");
  check->add_flag("--destructive", options.destructive, "Also ask it to register again, and remove it at the end");
  check->add_option("--guid", options.guid, "The guid that the tool knows from its registration")->type_name("HEX");
  check->add_flag("--strict", options.strict, "Send none of the bridge's own parameters");
  check->add_option("--rate", options.rate, "Events a second in load-in-order")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1000U));
  check->add_option("--load", options.load, "So many events in load-in-order")
      ->capture_default_str()
      ->check(CLI::Range(1U, 10'000U));
  check->add_option("--within-ms", options.within_ms, "answers-in-time fails above [the time-out]")
      ->type_name("MS")
      ->check(CLI::Range(1U, 3'600'000U));
  check->add_flag("--allow-private", options.allow_private, "Allow loopback and private addresses");
  check->add_flag("--allow-http", options.allow_http, "Allow plain http");
  check->add_option("--allow-cidr", options.allow_cidrs, "Allow this private range; may come more than once")
      ->type_name("CIDR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  check->add_option("--ca-file", options.ca_file, "CA certificates in PEM, instead of the system's")->type_name("FILE");
  check->add_option("--client-cert", options.client_cert, "Certificate in PEM, where the tool asks for one")
      ->type_name("FILE");
  check->add_option("--client-key", options.client_key, "Its key in PEM, without a passphrase")->type_name("FILE");
  check->callback([&] { line.run_alone([&] { return run_check(line.global, line.check); }); });
}

}  // namespace host
