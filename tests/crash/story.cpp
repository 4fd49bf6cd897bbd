#include "crash/story.h"

namespace ptb::test {

namespace {

Step may_die(Step step) {
  step.victim = true;
  return step;
}
Step with_tool(const std::string& script, Step step) {
  step.tool = script;
  return step;
}
Step ends_at_once(Step step) {
  step.waits = false;
  return step;
}
Step must(Step step) {
  step.must = true;
  return step;
}

Step add() {
  return must(ends_at_once(
      {.words = {"tool", "add", "@descriptor", "--secret-file", "@secret", "--allow-private", "--allow-http"}}));
}
Step colour(const std::string& value) {
  return ends_at_once({.words = {"setting", "set", kTool, "--scope", "system", "colour", value}, .colour = value});
}
Step save() { return {.words = {"tool", "save", kTool, "--state", "available"}}; }
Step restore(const std::string& course) {
  return {.words = {"course", "restore", "@package", "--id", course, "--map", std::string(kLaunchHost) + "=" + kTool}};
}
Step order(std::vector<std::string> words) { return ends_at_once({.words = std::move(words)}); }
Step create(const std::string& course) { return {.words = {"course", "create", course}}; }

constexpr const char* kUp = "ok*";
constexpr const char* kDown = "down";
const std::vector<std::string> kPumped = {"--pumped"};
const std::vector<std::string> kEager = {"--contact-interval-ms", "1"};

}  // namespace

std::vector<Story> all_stories() {
  return {
      {"the first command", {}, {may_die(add()), with_tool(kUp, may_die(save())), colour("red"), restore("_1_1")}},
      {"delivered at once",
       {},
       {with_tool(kUp, add()), colour("red"), save(), may_die(restore("_1_1")), colour("green"),
        may_die({.words = {"course", "copy", "_1_1", "_2_1"}})}},
      {"delivered at once, pumped",
       kPumped,
       {with_tool(kUp, add()), colour("red"), save(), may_die(restore("_1_1")), colour("green"), restore("_2_1")}},
      {"deferred, then saved",
       {},
       {with_tool(kDown, add()), colour("red"), may_die(restore("_1_1")), colour("green"), create("_9_1"),
        may_die({.words = {"content", "copy", "@item", "--to", "_9_1", "--delete"}}), colour("blue"),
        with_tool(kUp, may_die(save()))}},
      {"the tool dies in mid-walk",
       {},
       {with_tool(kDown, add()), colour("red"), restore("_1_1"), colour("green"),
        with_tool("ok, ok, die before", may_die(save())), colour("blue"), with_tool(kUp, may_die(save()))}},
      {"the tool dies after an answer, pumped",
       kPumped,
       {with_tool(kDown, add()), colour("red"), restore("_1_1"), colour("green"),
        with_tool("ok, ok, die after", may_die(save()))}},
      {"refused, and sent again",
       {},
       {with_tool(kDown, add()), colour("red"), restore("_1_1"), colour("green"),
        with_tool("when event_sequence=2: error; ok*", may_die(save())),
        with_tool(kUp, may_die({.words = {"events", "retry", "@event2"}, .orders_a_repeat = true}))}},
      {"discarded",
       {},
       {with_tool(kDown, add()), colour("red"), restore("_1_1"), colour("green"),
        may_die(order({"events", "discard", "@event1", "--reason", "restored by mistake"})),
        with_tool("when event_sequence=2: drop; ok*", save())}},
      {"down while it is available",
       {},
       {with_tool(kUp, add()), colour("red"), save(), with_tool(kDown, may_die(restore("_1_1"))), colour("green"),
        with_tool(kUp, may_die({.words = {"replay", kTool}}))}},
      {"behind a backlog, pumped",
       {kPumped[0], kEager[0], kEager[1]},
       {with_tool(kUp, add()), colour("red"), save(), with_tool(kDown, restore("_1_1")), colour("green"),
        with_tool(kUp, may_die(restore("_2_1")))}},
      {"not installed yet",
       {},
       {with_tool(kUp, may_die({.words = {"course", "restore", "@package", "--id", "_1_1"}})), add(),
        must(may_die(order({"tool", "claim", std::string(kLaunchHost) + "/lti", kTool}))), may_die(save())}},
      {"removed with events waiting",
       {},
       {with_tool(kDown, add()), colour("red"), restore("_1_1"), may_die(order({"tool", "remove", kTool})),
        may_die(add())}},
      {"held and released",
       {},
       {with_tool(kUp, add()), colour("red"), save(), restore("_1_1"), may_die(order({"lane", "hold", kTool})),
        colour("green"), may_die(restore("_2_1")), must(may_die(order({"lane", "release", kTool})))}},
      {"an event that never waits",
       {},
       {with_tool(kUp, add()), colour("red"), save(), restore("_1_1"),
        with_tool(kDown, may_die({.words = {"course", "delete", "_1_1"}}))}},
  };
}

}  // namespace ptb::test
