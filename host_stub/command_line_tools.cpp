// See command_line.h. Tools, their settings and their policies.
#include "command_line.h"

namespace host {

namespace {

const std::vector<std::string> kWires = {"proxy-tool", "standard-webhooks", "lti-notice"};

const std::vector<std::string> kToolStates = {"available", "inactive", "unavailable"};

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
  command
      .add_option("--policy", options.policy,
                  "Delivery policy: a preset's name, or a file (with a '.' or '/' in its name)")
      ->type_name("NAME|FILE");
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

}  // namespace

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
  reregister
      ->add_option("--password", line.other, "Registration password that the tool is to use [one made for this call]")
      ->type_name("P");
  reregister->callback([&] { line.run = [&] { return tool_reregister(line.global, line.tool, line.other); }; });
  auto* claim = tool->add_subcommand("claim", "Give what waits under another locator to an installed tool");
  claim->add_option("from", line.other, "Locator that nobody is installed under, such as tool.example.org/lti")
      ->required();
  claim->add_option("tool", line.tool, "VENDOR/PROGRAM")->required();
  claim->callback([&] { line.run = [&] { return tool_claim(line.global, line.other, line.tool); }; });
}

void add_registration_commands(CLI::App& app, CommandLine& line) {
  auto* registration = group(app, "registration", "How tools register themselves");
  auto* password =
      registration->add_subcommand("password", "Whether they need a password; --set-file, --clear change it");
  password->add_option("--set-file", line.registration.file, "From now on they need the one in this file")
      ->type_name("FILE");
  password->add_flag("--clear", line.registration.clear, "They need none");
  password->callback([&] { line.run = [&] { return registration_password(line.global, line.registration); }; });
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

void add_policy_commands(CLI::App& app, CommandLine& line) {
  auto* policy =
      group(app, "policy", "Delivery policies: what counts as acknowledged, what follows a failure, order, delays");
  policy->add_subcommand("list", "The presets, and which tool has which")->callback([&] {
    line.run = [&] { return policy_list(line.global); };
  });
  auto* check = policy->add_subcommand("check", "Is it a policy? Changes nothing");
  check->add_option("policy", line.policy.policy, "File, or a preset's name")->required()->type_name("FILE");
  check->callback([&] { line.run = [&] { return policy_check(line.global, line.policy.policy); }; });
  auto* show = policy->add_subcommand("show", "Print the policy in force, as XML; or that of a preset");
  show->add_option("tool", line.tool, "VENDOR/PROGRAM, or a preset's name")->required();
  show->callback([&] { line.run = [&] { return policy_show(line.global, line.tool); }; });
  auto* set = policy->add_subcommand("set", "Put a policy in force, also for what waits already");
  set->add_option("tool", line.policy.tool, "VENDOR/PROGRAM, installed or not")->required();
  set->add_option("policy", line.policy.policy, "A preset's name, or a file (with a '.' or '/' in its name)")
      ->required()
      ->type_name("NAME|FILE");
  set->add_option("--with", line.policy.with, "Change name, order, restart, settle or settings: restart=next,settle=1")
      ->type_name("NAME=VALUE,…");
  set->callback([&] { line.run = [&] { return policy_set(line.global, line.policy); }; });
}

}  // namespace host
