// Commands that carry events from one bridge to another: export writes JSON lines, import reads them.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr int kPage = 500;
constexpr std::size_t kMostPageBytes = 4 * 1024 * 1024;  // of one order

/// Where export writes: stdout, or a file that was not there before and only this user can read.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path) {
    if (path.empty()) return;
    const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (made < 0) refuse("cannot make {}: {}; name a file that is not there yet", path, std::strerror(errno));
    file_ = ::fdopen(made, "w");
  }
  ~Lines() {
    if (!path_.empty() && file_ != nullptr) std::fclose(file_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  void add(const Json& value) {
    const auto line = value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (std::fwrite(line.data(), 1, line.size(), file_) != line.size()) failed();
    ++count;
  }
  /// On disk, or a Refusal.
  void end() {
    if (std::fflush(file_) != 0) failed();
    if (!path_.empty() && ::fsync(::fileno(file_)) != 0) failed();
  }

  std::uint64_t count = 0;

 private:
  [[noreturn]] void failed() const {
    refuse("cannot write {}: {}; what is there is not the whole", path_.empty() ? "the events" : path_,
           std::strerror(errno));
  }
  std::string path_;
  std::FILE* file_ = console().out;
};

Json parse_line(const std::string& path, std::uint64_t number, const std::string& line) {
  auto event = Json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("id"))
    refuse("line {} of {} is no exported event: import wants a file of `ptb-host events export`", number, path);
  return event;
}

struct Imported {
  std::uint64_t imported = 0;
  std::uint64_t duplicates = 0;
  Json ignored = Json::array();
};

void import_page(Session& session, Json& page, Imported& sum) {
  if (page.empty()) return;
  const auto answer = session.order({{"do", "import"}, {"events", page}});
  sum.imported += answer.value("imported", std::uint64_t{0});
  sum.duplicates += answer.value("duplicates", std::uint64_t{0});
  if (answer.contains("ignored"))
    for (const auto& one : answer.at("ignored")) sum.ignored.push_back(one);
  page = Json::array();
}

std::ifstream open_lines(const std::string& path) {
  std::error_code none;
  std::ifstream file(path, std::ios::binary);
  if (!file || !std::filesystem::is_regular_file(path, none))
    refuse("cannot read {}: name a file that `ptb-host events export` wrote", path);
  return file;
}

}  // namespace

int events_export(const GlobalOptions& global, const EventsExport& wanted) {
  Json question = {{"report", "export"}, {"limit", kPage}};
  if (!wanted.tool.empty()) question["tool"] = to_text(locator_from(wanted.tool));
  if (!wanted.state.empty()) question["state"] = wanted.state;
  Session session(global, Session::Use::look);
  Lines lines(wanted.file);
  for (bool more = session.has_bridge(); more;) {
    const auto page = session.bridge().report(question);
    for (const auto& event : page.at("events")) lines.add(event);
    more = page.contains("next") && !page.at("next").is_null();
    if (more) question["after"] = page.at("next");
  }
  lines.end();
  if (wanted.file.empty()) return kExitDone;  // stdout is the events' alone
  if (global.json)
    print_json({{"file", wanted.file}, {"events", lines.count}});
  else
    print_line(fmt::format("{} {} written to {}", with_commas(lines.count), lines.count == 1 ? "event" : "events",
                           wanted.file));
  print_next(global.json, fmt::format("on the other server `ptb-host events import {}`", wanted.file));
  return kExitDone;
}

int events_import(const GlobalOptions& global, const std::string& path) {
  {
    auto file = open_lines(path);
    std::uint64_t number = 0;
    for (std::string line; std::getline(file, line);) parse_line(path, ++number, line);
  }
  Session session(global, Session::Use::note);
  auto file = open_lines(path);
  Imported sum;
  auto page = Json::array();
  std::size_t bytes = 0;
  std::uint64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (page.size() == kPage || (!page.empty() && bytes + line.size() > kMostPageBytes)) {
      import_page(session, page, sum);
      bytes = 0;
    }
    page.push_back(parse_line(path, number, line));
    bytes += line.size();
  }
  import_page(session, page, sum);
  if (global.json) {
    print_json({{"imported", sum.imported}, {"duplicates", sum.duplicates}, {"ignored", sum.ignored}});
    return kExitDone;
  }
  print_line(fmt::format("{} imported, {} were here already, {} left out", with_commas(sum.imported),
                         with_commas(sum.duplicates), with_commas(sum.ignored.size())));
  Table left_out({"left out", "because"});
  for (const auto& one : sum.ignored) left_out.add({text_of(one, "id"), text_of(one, "reason")});
  left_out.print();
  const bool too_early = std::any_of(sum.ignored.begin(), sum.ignored.end(),
                                     [](const Json& one) { return text_of(one, "reason").starts_with("tool_not_"); });
  print_next(false, too_early
                        ? "`ptb-host tool add` the tools that are missing here, then import the file again: what is "
                          "here already stays"
                        : "`ptb-host lanes` shows what waits; `ptb-host tool save V/P --state available` sends it");
  return kExitDone;
}

}  // namespace host
