// What `ptb-host serve` costs a replay when it is looked at from many sides: a lane's events are sent again, alone, and
// with event streams open and reports read at once. Both in the same process, in turns.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "groups.h"
#include "measure.h"
#include "package/cartridge_writer.h"
#include "serve_process.h"

#ifndef PTB_BENCH_HOST
#define PTB_BENCH_HOST "ptb-host"
#endif

namespace bench {
namespace {

using Json = nlohmann::json;
constexpr const char* kFigure = "serve.replay_under_load_vs_alone";
constexpr int kItems = 1500;
constexpr int kStreams = 64;
constexpr int kRequestsPerSecond = 200;
constexpr int kChunks = 3;

std::string descriptor(const std::string& url) {
  std::string actions;
  for (const char* type : {"state-change", "course-imported", "content-imported"})
    actions += fmt::format(R"(<action type="{0}" path="/tool"><param name="action" fixed="{0}"/></action>)", type);
  return fmt::format(
      R"(<tool-profile ltiVersion="2.0-July08"><vendor><code>acme</code><name>Acme</name></vendor><tool-info>)"
      R"(<code>quiz</code><name>Quiz</name></tool-info><tool-instance><base-urls><base-url type="http">{0}</base-url>)"
      R"(</base-urls></tool-instance><http-actions>{1}</http-actions><links><content-handler><name>Quiz</name>)"
      R"(<handle value="resource/x-acme-quiz"/><http-actions>{1}</http-actions></content-handler></links></tool-profile>)",
      url, actions);
}

std::string package_in(const std::filesystem::path& directory) {
  host::Cartridge cartridge;
  cartridge.identifier = "bench";
  cartridge.title = "A course";
  for (int i = 0; i < kItems; ++i) {
    host::CartridgeLink link;
    link.identifier = fmt::format("link{}", i);
    link.title = fmt::format("Quiz {}", i);
    link.launch_url = "https://quiz.example/launch";
    link.launch_host = "quiz.example";
    link.custom = {{"level", std::to_string(i)}, {"shared", "yes"}};
    cartridge.links.push_back(link);
  }
  const auto file = directory / "course.imscc";
  if (const auto written = host::write_cartridge(file.string(), cartridge); !written)
    throw std::runtime_error(written.error());
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class ServedReplay {
 public:
  explicit ServedReplay(Run& run)
      : directory_(run.workspace->fresh("serve")), serving_(PTB_BENCH_HOST, run.plugin_file, directory_) {
    const Json tool = {{"descriptor", descriptor(run.server->url())},
                       {"secret", "it is shared"},
                       {"allow_http", true},
                       {"allow_private", true}};
    serving_.ask("POST", "/api/tools", tool.dump());
    serving_.ask("POST", "/api/courses-restore?id=_1_1&map=quiz.example%3Dacme/quiz", package_in(directory_));
    serving_.ask("POST", "/api/tools/acme/quiz/save?wait_ms=600000", R"({"state":"available"})");
    const auto first = Json::parse(serving_.ask("GET", "/api/events?limit=1"));
    order_ = Json{{"from_event", first.at("events").at(0).at("id")}}.dump();
    replay();
  }

  Sample replay() {
    const auto start = monotonic_ns();
    const auto answer = Json::parse(serving_.ask("POST", "/api/tools/acme/quiz/replay?wait_ms=600000", order_));
    const double seconds = static_cast<double>(monotonic_ns() - start) / 1e9;
    if (answer.at("state") != "done" || answer.at("result").at("acknowledged") != kItems + 1)
      throw std::runtime_error("a replay came to something else: " + answer.dump());
    return {kItems + 1.0, seconds};
  }

  Sample replay_under_load() {
    const ServeLoad load(serving_.port(), kStreams, kRequestsPerSecond);
    const int before = load.requests();
    const auto sample = replay();
    load_ += {static_cast<double>(load.requests() - before), sample.seconds};
    return sample;
  }

  [[nodiscard]] const Sample& load() const { return load_; }

 private:
  std::filesystem::path directory_;
  ServeProcess serving_;
  std::string order_;
  Sample load_;
};

}  // namespace

void measure_serving(Run& run) {
  if (!run.report->wants(kFigure)) return;
  ServedReplay side(run);
  for (int at = 0; at < run.rounds; ++at) {
    const auto sums =
        interleave(run.size(kChunks, 1), {[&] { return side.replay(); }, [&] { return side.replay_under_load(); }});
    run.report->add(kFigure, {sums[1].rate(), sums[0].rate()});
  }
  run.report->note(fmt::format("Serving: {} event streams open, {:.0f} reports a second answered while replaying.",
                               kStreams, side.load().rate()));
}

}  // namespace bench
