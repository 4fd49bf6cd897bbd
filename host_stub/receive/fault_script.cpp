#include "receive/fault_script.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>

#include "text/utf8.h"

namespace host {

namespace {

constexpr std::uint32_t kForEver = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kMaxCount = 1'000'000'000;
constexpr std::uint32_t kMaxSlowMs = 3'600'000;

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Takes what comes before the first of `separators` off the front of `text`.
std::string_view take_until(std::string_view& text, std::string_view separators) {
  const auto end = text.find_first_of(separators);
  const auto piece = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return piece;
}

bool parse_number(std::string_view text, std::uint32_t low, std::uint32_t high, std::uint32_t& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() && number >= low && number <= high;
}

struct PlainAct {
  std::string_view word;
  Act act;
};
constexpr std::array<PlainAct, 6> kPlainActs = {{{"ok", Act::ok},
                                                 {"error", Act::error},
                                                 {"drop", Act::drop},
                                                 {"reset", Act::reset},
                                                 {"garbage", Act::garbage},
                                                 {"huge", Act::huge}}};

tl::unexpected<std::string> bad(std::string_view piece, std::string_view why) {
  return tl::make_unexpected(fmt::format("fault script: '{}': {}", shown(piece, 60), why));
}

}  // namespace

std::string word_of(const Step& step) {
  switch (step.act) {
    case Act::slow: return "slow";
    case Act::status: return fmt::format("status {}", step.number);
    case Act::die_before: return "die";
    case Act::die_after: return "die after";
    default: break;
  }
  for (const auto& plain : kPlainActs)
    if (plain.act == step.act) return std::string(plain.word);
  return {};
}

tl::expected<FaultScript::Repeated, std::string> FaultScript::parse_step(std::string_view text) {
  Repeated repeated;
  auto act = trim(text);
  if (const auto star = act.find('*'); star != std::string_view::npos) {
    const auto count = trim(act.substr(star + 1));
    repeated.count = kForEver;
    if (!count.empty() && !parse_number(count, 1, kMaxCount, repeated.count))
      return bad(text, "after '*' comes a count from 1 to 1000000000, or nothing for ever");
    act = trim(act.substr(0, star));
  }
  const auto space = act.find_first_of(" \t");
  const auto word = act.substr(0, space);
  const auto operand = space == std::string_view::npos ? std::string_view{} : trim(act.substr(space));
  for (const auto& plain : kPlainActs)
    if (plain.word == word && operand.empty()) {
      repeated.step.act = plain.act;
      return repeated;
    }
  if (word == "slow") {
    repeated.step.act = Act::slow;
    if (parse_number(operand, 0, kMaxSlowMs, repeated.step.number)) return repeated;
    return bad(text, "slow wants milliseconds from 0 to 3600000, as in 'slow 1500'");
  }
  if (word == "status") {
    repeated.step.act = Act::status;
    if (parse_number(operand, 200, 599, repeated.step.number)) return repeated;
    return bad(text, "status wants a number from 200 to 599, as in 'status 503'");
  }
  if (word == "die" && (operand == "before" || operand == "after")) {
    repeated.step.act = operand == "before" ? Act::die_before : Act::die_after;
    return repeated;
  }
  return bad(text, "use ok, error, drop, reset, slow MS, garbage, huge, status N, die before or die after");
}

tl::expected<std::vector<FaultScript::Repeated>, std::string> FaultScript::parse_steps(std::string_view text) {
  std::vector<Repeated> steps;
  for (bool more = true; more;) {
    more = text.find(',') != std::string_view::npos;
    auto step = parse_step(take_until(text, ","));
    if (!step) return tl::make_unexpected(std::move(step.error()));
    steps.push_back(*step);
  }
  return steps;
}

tl::expected<void, std::string> FaultScript::add_line(std::string_view line) {
  constexpr std::string_view kWhen = "when ";
  Sequence* sequence = &main_;
  auto rest = line;
  if (line.starts_with(kWhen)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
      return bad(line, "a condition ends with ':', as in 'when content_id=_7_1: drop'");
    const auto condition = trim(line.substr(kWhen.size(), colon - kWhen.size()));
    rest = line.substr(colon + 1);
    const auto equals = condition.find('=');
    sequence = &rules_.emplace_back();
    if (condition.starts_with('/')) {
      sequence->value = condition;
    } else if (equals != std::string_view::npos && equals > 0) {
      sequence->param = trim(condition.substr(0, equals));
      sequence->value = trim(condition.substr(equals + 1));
    } else {
      return bad(line, "a condition is NAME=VALUE or /PATH");
    }
  }
  auto steps = parse_steps(rest);
  if (!steps) return tl::make_unexpected(std::move(steps.error()));
  sequence->steps.insert(sequence->steps.end(), steps->begin(), steps->end());
  for (std::size_t i = 0; i + 1 < sequence->steps.size(); ++i)
    if (sequence->steps[i].count == kForEver)
      return bad(line, "what follows a step that goes on for ever is never reached");
  return {};
}

tl::expected<FaultScript, std::string> FaultScript::parse(std::string_view text) {
  FaultScript script;
  script.text_ = text;
  while (!text.empty()) {
    auto line = take_until(text, "\n");
    line = line.substr(0, line.find('#'));
    while (!line.empty()) {
      const auto piece = trim(take_until(line, ";"));
      if (piece.empty()) continue;
      if (auto added = script.add_line(piece); !added) return tl::make_unexpected(std::move(added.error()));
    }
  }
  if (script.main_.steps.empty()) script.main_.steps.push_back({{}, kForEver});
  return script;
}

tl::expected<FaultScript, std::string> FaultScript::load(const std::string& spec) {
  if (!spec.starts_with('@')) return parse(spec);
  const std::string path = spec.substr(1);
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!file) return tl::make_unexpected(fmt::format("fault script: cannot read '{}': check the name after '@'", path));
  return parse(text);
}

Step FaultScript::advance(Sequence& sequence) {
  const auto& current = sequence.steps[sequence.at];
  const bool last = sequence.at + 1 == sequence.steps.size();
  if (!last && ++sequence.done >= current.count) {
    ++sequence.at;
    sequence.done = 0;
  }
  return current.step;
}

Step FaultScript::next(std::string_view path, const Params& params) {
  path = path.substr(0, path.find('?'));
  for (auto& rule : rules_) {
    const auto* value = find_param(params, rule.param);
    if (rule.param.empty() ? rule.value == path : value != nullptr && *value == rule.value) return advance(rule);
  }
  return advance(main_);
}

}  // namespace host
