#include "policy/document_reading.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace ptb {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::int64_t kDayMs = 24LL * 3'600'000;
constexpr std::int64_t kLongestDays = 3650;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// The number of digits alone, or more than any limit where it does not fit.
std::int64_t number_of(std::string_view digits) {
  std::int64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return read.ec == std::errc() ? number : INT64_MAX;
}

bool is_text(const pugi::xml_node& node) { return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata; }

template <typename List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

template <typename List>
std::string listed(const List& names) {
  std::string text;
  for (const auto& name : names) {
    text += text.empty() ? "" : ", ";
    text += name;
  }
  return text;
}

}  // namespace

DocumentReading::DocumentReading(std::string_view what, std::string_view xml, std::size_t most_bytes)
    : what_(what), xml_(xml) {
  if (xml_.starts_with("\xEF\xBB\xBF")) xml_.remove_prefix(3);
  parse(most_bytes);
}

void DocumentReading::parse(std::size_t most_bytes) {
  if (xml_.size() > most_bytes) {
    problem_ = Error{Status::argument, fmt::format("the {} has {} bytes; at most {} are read, so shorten it", what_,
                                                   xml_.size(), most_bytes)};
    return;
  }
  if (!is_clean_utf8(xml_)) {
    problem_ = Error{Status::argument, fmt::format("the {} is not UTF-8; save it in that encoding", what_)};
    return;
  }
  // A DOCTYPE is seen, so that it can be refused; what its entities say is never resolved. Text beside the root element
  // is seen too.
  const auto parsed = document_.load_buffer(
      xml_.data(), xml_.size(), pugi::parse_default | pugi::parse_doctype | pugi::parse_fragment, pugi::encoding_utf8);
  if (!parsed)
    return wrong_at(parsed.offset, fmt::format("not well-formed XML: {}; correct it there", parsed.description()));
  for (const auto& node : document_.children()) {
    if (node.type() == pugi::node_doctype)
      return wrong_at(static_cast<std::ptrdiff_t>(xml_.rfind("<!DOCTYPE", node.offset_debug())),
                      "a DOCTYPE and entities are not read; remove them");
    if (is_text(node)) {
      const auto begins = xml_.find_first_not_of(kSpace, static_cast<std::size_t>(node.offset_debug()));
      return wrong_at(static_cast<std::ptrdiff_t>(begins), "text beside the root element; remove it");
    }
    if (node.type() != pugi::node_element) continue;
    if (root_) {
      wrong(node, "a second root element <{}>; a document has one", printable(node.name(), 60));
      root_ = {};
      return;
    }
    root_ = node;
  }
  if (!root_) wrong_at(0, "there is no element in it; write one");
}

void DocumentReading::wrong_at(std::ptrdiff_t offset, const std::string& text) {
  if (problem_) return;
  const auto before = xml_.substr(
      0, static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(xml_.size()))));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto last_line = before.substr(before.rfind('\n') + 1);
  // In characters, as editors count.
  const auto column = 1 + std::count_if(last_line.begin(), last_line.end(),
                                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  problem_ = Error{Status::argument, fmt::format("{} line {} column {}: {}", what_, line, column, text)};
}

void DocumentReading::only(const pugi::xml_node& node, std::initializer_list<std::string_view> attributes,
                           std::initializer_list<std::string_view> children) {
  check_attributes(node, attributes);
  check_inside(node, children);
}

void DocumentReading::check_attributes(const pugi::xml_node& node, std::initializer_list<std::string_view> allowed) {
  std::vector<std::string_view> seen;
  for (const auto& attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    if (has(seen, name)) wrong(node, "<{}> has {} twice; leave one", node.name(), printable(name, 60));
    seen.push_back(name);
    // Where an editor finds the schema.
    const bool about_the_schema = node == root_ && (name.starts_with("xmlns:") || name.starts_with("xsi:"));
    if (has(allowed, name) || about_the_schema) continue;
    if (allowed.size() == 0)
      wrong(node, "<{}> has an attribute {}, but takes none; remove it", node.name(), printable(name, 60));
    else
      wrong(node, "<{}> has an unknown attribute {}; it takes {}", node.name(), printable(name, 60), listed(allowed));
  }
}

void DocumentReading::check_inside(const pugi::xml_node& node, std::initializer_list<std::string_view> allowed) {
  for (const auto& child : node.children()) {
    if (is_text(child) && !trimmed(child.value()).empty())
      wrong(node, "there is text in <{}>: '{}'; remove it", node.name(), printable(trimmed(child.value()), 60));
    if (child.type() != pugi::node_element || has(allowed, child.name())) continue;
    if (allowed.size() == 0)
      wrong(child, "<{}> stands in <{}>, which is empty; remove it", printable(child.name(), 60), node.name());
    else
      wrong(child, "<{}> is unknown in <{}>; it holds {}", printable(child.name(), 60), node.name(), listed(allowed));
  }
}

std::optional<std::string> DocumentReading::text(const pugi::xml_node& node, const char* name) const {
  const auto attribute = node.attribute(name);
  if (!attribute) return std::nullopt;
  return std::string(trimmed(attribute.value()));
}

std::string DocumentReading::required(const pugi::xml_node& node, const char* name) {
  const auto said = text(node, name);
  if (!said) wrong(node, "<{}> has no attribute {}; add it", node.name(), name);
  return said.value_or("");
}

std::vector<std::string> DocumentReading::words(const pugi::xml_node& node, const char* name) const {
  std::vector<std::string> words;
  const std::string said = text(node, name).value_or("");
  std::string_view left = said;
  while (!left.empty()) {
    const auto end = std::min(left.find_first_of(kSpace), left.size());
    words.emplace_back(left.substr(0, end));
    left = trimmed(left.substr(end));
  }
  return words;
}

bool DocumentReading::whole_number(const pugi::xml_node& node, const char* name, std::int64_t least, std::int64_t most,
                                   std::int64_t& into) {
  const auto said = text(node, name);
  if (!said) return false;
  const std::int64_t number = is_digits(*said) ? number_of(*said) : -1;
  if (number < least || number > most)
    wrong(node, "{}=\"{}\" of <{}> is not allowed; write a whole number from {} to {}", name, printable(*said, 60),
          node.name(), least, most);
  else
    into = number;
  return true;
}

bool DocumentReading::decimal(const pugi::xml_node& node, const char* name, double least, double most, double& into) {
  const auto said = text(node, name);
  if (!said) return false;
  // Digits, perhaps a point and more digits: no sign, no exponent, no infinity.
  const std::string_view all = *said;
  const auto point = all.find('.');
  const bool shaped =
      is_digits(all.substr(0, point)) && (point == std::string_view::npos || is_digits(all.substr(point + 1)));
  double number = 0;
  const bool read = shaped && std::from_chars(all.data(), all.data() + all.size(), number).ec == std::errc();
  if (!read || number < least || number > most)
    wrong(node, "{}=\"{}\" of <{}> is not allowed; write a number from {} to {}, such as 2 or 1.5", name,
          printable(all, 60), node.name(), least, most);
  else
    into = number;
  return true;
}

void DocumentReading::read_duration(const pugi::xml_node& node, const std::string& where, std::string_view said,
                                    std::int64_t& into_ms) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {
      {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", kDayMs}}};
  const std::size_t digits = std::min(said.find_first_not_of("0123456789"), said.size());
  const auto unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) { return known.first == said.substr(digits); });
  if (digits == 0 || unit == kUnits.end())
    return wrong(node, "{} is '{}', which is no duration; write a whole number and ms, s, min, h or d, such as 30s",
                 where, printable(said, 60));
  const std::int64_t number = number_of(said.substr(0, digits));
  if (number == 0) return wrong(node, "{} is '{}'; write a duration longer than nothing", where, printable(said, 60));
  if (number > kLongestDays * kDayMs / unit->second)
    return wrong(node, "{} is '{}'; write at most {}d, ten years", where, printable(said, 60), kLongestDays);
  into_ms = number * unit->second;
}

bool DocumentReading::duration(const pugi::xml_node& node, const char* name, std::int64_t& into_ms) {
  const auto said = text(node, name);
  if (said) read_duration(node, fmt::format("{} of <{}>", name, node.name()), *said, into_ms);
  return said.has_value();
}

void DocumentReading::duration_inside(const pugi::xml_node& node, std::int64_t& into_ms) {
  check_attributes(node, {});
  std::string said;
  for (const auto& child : node.children()) {
    if (is_text(child)) said += child.value();
    if (child.type() == pugi::node_element)
      wrong(child, "<{}> stands in <{}>, which holds a duration; remove it", printable(child.name(), 60), node.name());
  }
  read_duration(node, fmt::format("<{}>", node.name()), trimmed(said), into_ms);
}

bool DocumentReading::time_of_day(const pugi::xml_node& node, const char* name, int most_minutes, int& into_minutes) {
  const auto said = text(node, name);
  if (!said) return false;
  const std::string_view all = *said;
  const bool shaped = all.size() == 5 && all[2] == ':' && is_digits(all.substr(0, 2)) && is_digits(all.substr(3));
  const std::int64_t minute = shaped ? number_of(all.substr(3)) : 60;
  const std::int64_t minutes = shaped ? number_of(all.substr(0, 2)) * 60 + minute : 0;
  if (minute > 59 || minutes > most_minutes)
    wrong(node, "{}=\"{}\" of <{}> is no time of day; write HH:MM, UTC, from 00:00 to {:02}:{:02}", name,
          printable(all, 60), node.name(), most_minutes / 60, most_minutes % 60);
  else
    into_minutes = static_cast<int>(minutes);
  return true;
}

}  // namespace ptb
