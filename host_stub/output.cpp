// See output.h.
#include "output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "refusal.h"

namespace host {

namespace {

constexpr Console* kOfThisProcess = nullptr;
thread_local const Console* current = kOfThisProcess;

void put(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), console().out) != text.size())
    refuse("cannot write what this command prints: {}", std::strerror(errno == 0 ? EIO : errno));
}

}  // namespace

const Console& console() {
  static const Console process;
  return current == kOfThisProcess ? process : *current;
}

ConsoleScope::ConsoleScope(const Console& there) : before_(current) { current = &there; }
ConsoleScope::~ConsoleScope() { current = before_; }

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t limit) {
  std::string clean;
  for (const char c : text) clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  if (columns(clean) <= limit) return clean;
  std::size_t end = 0;
  for (std::size_t taken = 0; end < clean.size(); ++end)
    if ((static_cast<unsigned char>(clean[end]) & 0xC0) != 0x80 && taken++ == limit - 1) break;
  return clean.substr(0, end) + "…";
}

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

std::string time_text(std::int64_t at_ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(at_ms / 1000)), at_ms % 1000);
}

bool is_terminal() { return ::isatty(console().out_number) == 1; }

bool wants_colour() {
  const char* none = std::getenv("NO_COLOR");
  return is_terminal() && (none == nullptr || *none == '\0');
}

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
  for (auto& heading : headings_) {
    right_.push_back(heading.starts_with('>'));
    if (right_.back()) heading.erase(0, 1);
    widths_.push_back(columns(heading));
  }
}

void Table::add(std::vector<std::string> row) {
  row.resize(headings_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = cut(row[i], 400);
    widths_[i] = std::max(widths_[i], columns(row[i]));
  }
  rows_.push_back(std::move(row));
}

void Table::print() {
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths_[i] - std::min(widths_[i], columns(row[i])), ' ');
      line += right_[i] ? gap + row[i] : row[i] + gap;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    print_line(line);
  };
  if (rows_.empty()) return;
  if (!headed_) print_row(headings_);
  headed_ = true;
  for (const auto& row : rows_) print_row(row);
  rows_.clear();
}

void print_line(std::string_view text) { put(fmt::format("{}\n", text)); }

void print_aside(std::string_view text) {
  flush_output();
  const auto line = fmt::format("ptb-host: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), console().err);
  std::fflush(console().err);
}

void flush_output() { std::fflush(console().out); }

void print_next(bool json, std::string_view text) {
  if (!json) print_line(fmt::format("next: {}", text));
}

void print_json(const Json& value) { put(value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"); }

void JsonList::add(const Json& value) {
  put((begun_ ? ",\n" : "[\n") + value.dump(-1, ' ', false, Json::error_handler_t::replace));
  begun_ = true;
}

void JsonList::end() { put(begun_ ? "\n]\n" : "[]\n"); }

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace host
