// The command line of ptb-host: what its options are read into, and who declares which commands. Only
// command_line*.cpp know CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "check/check.h"
#include "commands.h"
#include "demo.h"
#include "receive/receive.h"
#include "serve/serve.h"

namespace host {

using Run = std::function<int()>;

/// Holds what the options are read into, for as long as the command runs.
struct CommandLine {
  GlobalOptions global;
  Run run;
  bool alone = false;  ///< works in no state directory, or keeps it for itself: never handed over
  void run_alone(Run what) {
    run = std::move(what);
    alone = true;
  }
  std::string tool;
  std::string other;
  std::string state;
  std::string id;
  std::string reason;
  std::string not_before;
  CopyTerms copy;
  std::string port_file;
  std::uint16_t port = 0;
  bool flag = false;
  ToolAdd add;
  ToolOptions save;
  SettingSet setting;
  RegistrationPassword registration;
  CourseRestore restore;
  EventsList list;
  EventsExport exported;
  ReplayFrom replay;
  LanesWatch watch;
  LaneWhich lane;
  PolicySet policy;
  StoreRestore store_restore;
  PullTerms pull;
  std::vector<std::string> ids;
  std::uint64_t limit = 0;
  ReceiveOptions receive;
  DemoOptions demo;
  ServeOptions serve;
  CheckOptions check;
};

/// A command that is nothing but a name for the commands under it.
CLI::App* group(CLI::App& app, const std::string& name, const std::string& text);

void add_tool_commands(CLI::App& app, CommandLine& line);
void add_registration_commands(CLI::App& app, CommandLine& line);
void add_setting_commands(CLI::App& app, CommandLine& line);
void add_policy_commands(CLI::App& app, CommandLine& line);
void add_course_commands(CLI::App& app, CommandLine& line);
void add_event_commands(CLI::App& app, CommandLine& line);
void add_lane_commands(CLI::App& app, CommandLine& line);
void add_pull_commands(CLI::App& app, CommandLine& line);
void add_store_commands(CLI::App& app, CommandLine& line);
void add_check_command(CLI::App& app, CommandLine& line);

/// Carries out what was typed after the program's name and returns the exit status: in the process that works in the
/// state directory, if there is one, else in this. `guest`: of the process that works in it, where that calls. Prints
/// what went wrong.
int run_line(const std::vector<std::string>& words, const GlobalOptions* guest);

}  // namespace host
