// See metrics.h.
#include "serve/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "output.h"
#include "text/rfc3339.h"

namespace host {

namespace {

using Labels = std::vector<std::pair<const char*, std::string>>;

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out;
}

class Text {
 public:
  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  void sample(const Labels& labels, double value) {
    std::string inside;
    for (const auto& [label, text] : labels)
      inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", label, escaped(text));
    out_ += inside.empty() ? fmt::format("{} {}\n", name_, value) : fmt::format("{}{{{}}} {}\n", name_, inside, value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string name_;
  std::string out_;
};

double as_number(std::uint64_t value) { return static_cast<double>(value); }

/// By tool, so that the number of series does not grow with that of courses that a policy makes lanes of.
void write_lanes(Text& text, const Measured& measured) {
  std::map<std::string, std::uint64_t> waiting;
  std::map<std::string, std::int64_t> oldest;
  std::map<std::pair<std::string, std::string>, std::uint64_t> states;
  for (const auto& lane : measured.lanes) {
    const auto tool = text_of(lane, "tool");
    waiting[tool] += lane.value("waiting", std::uint64_t{0});
    ++states[{tool, text_of(lane, "state")}];
    if (const auto at = moment_from(text_of(lane, "oldest_at")))
      oldest[tool] = oldest.contains(tool) ? std::min(oldest[tool], *at) : *at;
  }
  for (const auto& tool : measured.tools) waiting.emplace(text_of(tool, "tool"), 0);
  text.family("ptbridge_waiting_events", "gauge", "Events that wait for the tool.");
  for (const auto& [tool, count] : waiting) text.sample({{"tool", tool}}, as_number(count));
  text.family("ptbridge_oldest_waiting_seconds", "gauge", "Age of the oldest event that waits for the tool; 0: none.");
  for (const auto& [tool, count] : waiting) {
    const auto found = oldest.find(tool);
    const auto age_ms = found == oldest.end() ? 0 : std::max<std::int64_t>(measured.now_ms - found->second, 0);
    text.sample({{"tool", tool}}, static_cast<double>(age_ms) / 1000);
  }
  text.family("ptbridge_lanes", "gauge", "Lanes of the tool, by state.");
  for (const auto& [key, count] : states) text.sample({{"tool", key.first}, {"state", key.second}}, as_number(count));
  text.family("ptbridge_tool_available", "gauge", "1: the tool is saved as available.");
  for (const auto& tool : measured.tools)
    text.sample({{"tool", text_of(tool, "tool")}}, text_of(tool, "state") == "available" ? 1 : 0);
}

void write_bridge(Text& text, const Measured& measured) {
  text.family("ptbridge_event_outcomes_total", "counter", "What became of events, since this process began.");
  for (const auto& [key, count] : measured.outcomes)
    text.sample({{"tool", key.first}, {"state", key.second}}, as_number(count));
  text.family("ptbridge_walk_answered_events", "gauge", "Events of a walk under way that have been answered.");
  for (const auto& walk : measured.walks) text.sample({{"lane", walk.lane}}, as_number(walk.done));
  text.family("ptbridge_walk_events", "gauge", "Events in the batch of a walk under way.");
  for (const auto& walk : measured.walks) text.sample({{"lane", walk.lane}}, as_number(walk.total));
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  file >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string metrics_text(const Measured& measured) {
  Text text;
  write_lanes(text, measured);
  write_bridge(text, measured);
  text.family("ptbridge_lanes_taken_over_total", "counter", "Lanes whose walker on another node was gone.");
  text.sample({}, measured.nodes.at("taken_over").get<double>());
  text.family("ptbridge_stale_walks_total", "counter", "Walks of this node that another one had taken over.");
  text.sample({}, measured.nodes.at("stale_walks").get<double>());
  text.family("ptb_host_http_requests_total", "counter", "Requests that were read whole.");
  text.sample({}, as_number(measured.web.requests));
  text.family("ptb_host_http_responses_total", "counter", "Answers, by class of status.");
  for (const auto& [status, count] : measured.responses) text.sample({{"status", status}}, as_number(count));
  text.family("ptb_host_http_refused_total", "counter", "Connections, streams and requests beyond a limit.");
  text.sample({}, as_number(measured.web.refused));
  text.family("ptb_host_http_connections", "gauge", "Connections that are open, without event streams.");
  text.sample({}, as_number(measured.web.connections));
  text.family("ptb_host_http_streams", "gauge", "Event streams that are open.");
  text.sample({}, as_number(measured.web.streams));
  text.family("ptb_host_info", "gauge", "Always 1.");
  text.sample({{"version", measured.version}}, 1);
  text.family("process_start_time_seconds", "gauge", "When this process began, since the Unix epoch.");
  text.sample({}, static_cast<double>(measured.began_at_ms) / 1000);
  text.family("process_resident_memory_bytes", "gauge", "Resident memory.");
  text.sample({}, resident_bytes());
  return text.take();
}

}  // namespace host
