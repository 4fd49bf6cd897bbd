// What ptb-host prints: tables for people, JSON for programs. Knows no command.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "plugin.h"

namespace host {

/// Where a command prints. The numbers are those of the descriptors behind the streams; -1: it is kept in memory.
struct Console {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  int out_number = 1;
  int err_number = 2;
};

/// That of the command which runs on this thread.
const Console& console();

/// While it lives, what this thread prints goes there: to the terminal of a command that was handed over.
class ConsoleScope {
 public:
  explicit ConsoleScope(const Console& there);
  ~ConsoleScope();
  ConsoleScope(const ConsoleScope&) = delete;
  ConsoleScope& operator=(const ConsoleScope&) = delete;

 private:
  const Console* before_;
};

/// Columns as wide as what is in them; the last one is not cut.
class Table {
 public:
  /// A heading that starts with '>' is aligned to the right.
  explicit Table(std::vector<std::string> headings);
  void add(std::vector<std::string> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Prints and forgets the rows; the headings are printed the first time only.
  void print();

 private:
  std::vector<std::string> headings_;
  std::vector<bool> right_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool headed_ = false;
};

/// These throw a Refusal where what is printed cannot be written.
void print_line(std::string_view text);
void print_json(const Json& value);
/// On stderr, after the program's name; what stdout has is shown first. Never fails: nobody is left to be told.
void print_aside(std::string_view text);
/// What was printed is on its way.
void flush_output();
/// What a person would want next; a program is not told.
void print_next(bool json, std::string_view text);

/// A JSON array written element by element, so that a long list takes no memory.
class JsonList {
 public:
  void add(const Json& value);
  void end();

 private:
  bool begun_ = false;
};

/// A text member of an object; empty where it is missing or null. Numbers and booleans are written out.
std::string text_of(const Json& object, const char* member);

/// Columns that a text takes on a terminal: code points, which is enough for the names that come here.
std::size_t columns(std::string_view text);

/// At most `limit` columns, the last one an ellipsis where something was cut; control characters made visible.
std::string cut(std::string_view text, std::size_t limit);

/// "1,234".
std::string with_commas(std::uint64_t number);

/// RFC 3339 UTC with milliseconds.
std::string time_text(std::int64_t at_ms);

/// True where stdout is a terminal.
bool is_terminal();

/// True where stdout is a terminal that wants colour (NO_COLOR unset).
bool wants_colour();

}  // namespace host
