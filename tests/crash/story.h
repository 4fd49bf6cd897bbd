// The stories that are told with kills in them: what a person does with ptb-host, step by step, and what the tool does
// meanwhile. Values only; knows nothing of how a story is played.
#pragma once

#include <string>
#include <vector>

namespace ptb::test {

/// One command. Words may hold @package, @descriptor, @secret, @item (the first of course _1_1), @eventN (that
/// sequence).
struct Step {
  std::vector<std::string> words = {};
  bool victim = false;  ///< may be killed
  bool must = false;    ///< given again after a kill, since the rest makes no sense without it
  bool waits = true;    ///< ends only when what it caused has been answered or deferred
  bool orders_a_repeat = false;
  std::string tool = {};    ///< what the tool does from here on: a script, "down", or empty: as before
  std::string colour = {};  ///< the value that the setting `colour` has after this step
};

struct Story {
  std::string name;
  std::vector<std::string> options;  ///< global options of every command
  std::vector<Step> steps;
};

/// Each ends with whatever it left; the playhouse then brings the tool up and saves it as available.
std::vector<Story> all_stories();

/// The tool of all stories.
inline constexpr const char* kTool = "acme/quiz";
inline constexpr const char* kLaunchHost = "tools.acme.example";

}  // namespace ptb::test
