#include "receive/log_reader.h"

#include <fmt/format.h>

#include <fstream>

namespace host {

tl::expected<void, std::string> for_each_log_line(const std::string& path, const std::function<void(LogLine&&)>& take) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return tl::make_unexpected(fmt::format("cannot read the log '{}': check the name", path));
  std::string text;
  for (std::uint64_t number = 1; std::getline(file, text) && !file.eof(); ++number) {
    auto line = parse_json_line(text);
    if (!line)
      return tl::make_unexpected(fmt::format("line {} of '{}' is no line of a receive log ({}): name another file",
                                             number, path, line.error()));
    take(std::move(*line));
  }
  if (file.bad()) return tl::make_unexpected(fmt::format("reading the log '{}' failed: check the disk", path));
  return {};
}

tl::expected<std::vector<LogLine>, std::string> read_log(const std::string& path) {
  std::vector<LogLine> lines;
  auto read = for_each_log_line(path, [&](LogLine&& line) { lines.push_back(std::move(line)); });
  if (!read) return tl::make_unexpected(std::move(read.error()));
  return lines;
}

}  // namespace host
