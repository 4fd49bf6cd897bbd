// See report.h.
#include "check/report.h"

#include <fmt/format.h>

#include <fstream>
#include <kainjow/mustache.hpp>
#include <pugixml.hpp>
#include <sstream>

#include "check/check_texts.h"
#include "output.h"

namespace host {

namespace {

std::string counts_text(const CheckRun& run) {
  const auto some = [&](Result result, const char* word) {
    const int count = run.count(result);
    return count == 0 ? std::string() : fmt::format(", {} {}", count, word);
  };
  return fmt::format("{} passed", run.count(Result::passed)) + some(Result::failed, "failed") +
         some(Result::warning, run.count(Result::warning) == 1 ? "warning" : "warnings") +
         some(Result::skipped, "skipped");
}

bool needs_words(const Finding& finding) {
  return finding.result == Result::failed || finding.result == Result::warning;
}

void print_part(const char* name, const std::string& text) {
  std::istringstream lines(text);
  bool first = true;
  for (std::string line; std::getline(lines, line); first = false)
    print_line(fmt::format("  {:<9} {}", first ? name : "", line));
}

std::string colour(Result result) {
  if (!wants_colour()) return {};
  switch (result) {
    case Result::passed: return "\x1b[32m";
    case Result::failed: return "\x1b[31m";
    case Result::warning: return "\x1b[33m";
    case Result::skipped: break;
  }
  return "\x1b[2m";
}

std::string explanation(const Finding& finding) {
  return fmt::format("sent:\n{}\nexpected:\n{}\ncame:\n{}\nhow to fix it:\n{}\n", finding.sent, finding.expected,
                     finding.came, finding.fix);
}

}  // namespace

void print_report(const CheckRun& run) {
  std::size_t widest = 0;
  for (const auto& outcome : run.outcomes) widest = std::max(widest, outcome.name.size());
  for (const auto& outcome : run.outcomes) {
    const auto& finding = outcome.finding;
    const auto on = colour(finding.result);
    print_line(fmt::format("{}{:<7}{}  {:<{}}  {:>6} ms  {}", on, to_text(finding.result), on.empty() ? "" : "\x1b[0m",
                           outcome.name, widest, outcome.took_ms, cut(finding.reason, 200)));
  }
  for (const auto& outcome : run.outcomes) {
    const auto& finding = outcome.finding;
    if (!needs_words(finding)) continue;
    print_line(fmt::format("\n{}: {}", to_text(finding.result), outcome.name));
    print_line("  " + outcome.sentence);
    print_part("what", finding.reason);
    print_part("sent", finding.sent);
    print_part("expected", finding.expected);
    print_part("came", finding.came);
    print_part("fix", finding.fix);
  }
  print_line(fmt::format("\n{}: {}; --seed {} repeats the order", run.tool, counts_text(run), run.seed));
}

Json json_report(const CheckRun& run) {
  Json json = {{"tool", run.tool},
               {"url", run.url},
               {"at", time_text(run.at_ms)},
               {"seed", run.seed},
               {"passed", run.count(Result::passed)},
               {"failed", run.count(Result::failed)},
               {"warnings", run.count(Result::warning)},
               {"skipped", run.count(Result::skipped)},
               {"cases", Json::array()}};
  for (const auto& outcome : run.outcomes)
    json["cases"].push_back({{"name", outcome.name},
                             {"sentence", outcome.sentence},
                             {"result", to_text(outcome.finding.result)},
                             {"reason", outcome.finding.reason},
                             {"sent", outcome.finding.sent},
                             {"expected", outcome.finding.expected},
                             {"came", outcome.finding.came},
                             {"fix", outcome.finding.fix},
                             {"ms", outcome.took_ms}});
  return json;
}

std::string junit_report(const CheckRun& run) {
  pugi::xml_document document;
  auto declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  auto suite = document.append_child("testsuites").append_child("testsuite");
  std::int64_t took_ms = 0;
  for (const auto& outcome : run.outcomes) took_ms += outcome.took_ms;
  const auto seconds = [](std::int64_t ms) { return fmt::format("{}.{:03}", ms / 1000, ms % 1000); };
  suite.append_attribute("name") = ("ptb-host check " + run.tool).c_str();
  suite.append_attribute("tests") = run.outcomes.size();
  suite.append_attribute("failures") = run.count(Result::failed);
  suite.append_attribute("errors") = 0;
  suite.append_attribute("skipped") = run.count(Result::skipped);
  suite.append_attribute("time") = seconds(took_ms).c_str();
  suite.append_attribute("timestamp") = time_text(run.at_ms).substr(0, 19).c_str();
  auto seed = suite.append_child("properties").append_child("property");
  seed.append_attribute("name") = "seed";
  seed.append_attribute("value") = std::to_string(run.seed).c_str();
  for (const auto& outcome : run.outcomes) {
    const auto& finding = outcome.finding;
    auto one = suite.append_child("testcase");
    one.append_attribute("classname") = run.tool.c_str();
    one.append_attribute("name") = outcome.name.c_str();
    one.append_attribute("time") = seconds(outcome.took_ms).c_str();
    if (finding.result == Result::failed || finding.result == Result::skipped) {
      auto why = one.append_child(finding.result == Result::failed ? "failure" : "skipped");
      why.append_attribute("message") = finding.reason.c_str();
      if (finding.result == Result::failed) why.text() = explanation(finding).c_str();
    } else if (!finding.reason.empty()) {
      one.append_child("system-out").text() =
          (finding.result == Result::warning ? "warning: " + finding.reason + "\n" + explanation(finding)
                                             : finding.reason)
              .c_str();
    }
  }
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

std::string html_report(const CheckRun& run) {
  using kainjow::mustache::data;
  data cases{data::type::list};
  for (const auto& outcome : run.outcomes) {
    const auto& finding = outcome.finding;
    data one;
    one.set("name", outcome.name);
    one.set("sentence", outcome.sentence);
    one.set("result", std::string(to_text(finding.result)));
    one.set("ms", with_commas(static_cast<std::uint64_t>(outcome.took_ms)));
    if (!finding.reason.empty()) one.set("reason", finding.reason);
    if (needs_words(finding)) {
      data words;
      words.set("sent", finding.sent);
      words.set("expected", finding.expected);
      words.set("came", finding.came);
      words.set("fix", finding.fix);
      one.set("words", words);
    }
    cases << one;
  }
  data page;
  page.set("tool", run.tool);
  page.set("name", run.name);
  page.set("url", run.url);
  page.set("at", time_text(run.at_ms));
  page.set("seed", std::to_string(run.seed));
  page.set("counts", counts_text(run));
  page.set("verdict", run.count(Result::failed) == 0 ? "passed" : "failed");
  if (run.count(Result::failed) + run.count(Result::warning) > 0) page.set("attention", true);
  page.set("cases", cases);
  kainjow::mustache::mustache shape{std::string(check_text("report.mustache"))};
  return shape.render(page);
}

void write_report(const std::string& file, const char* option, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) refuse("cannot write the report {}: check {}", file, option);
}

}  // namespace host
