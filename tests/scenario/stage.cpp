#include "scenario/stage.h"

#include <gtest/gtest.h>

#include "package/cartridge_writer.h"

namespace ptb::test {

Stage::Stage() : tool(scratch), lms(scratch) {
  // Starting and stopping once gives the tool its port, so that it can be down and yet be known.
  tool.start();
  tool.stop();
}

std::string Stage::package(int links, const std::string& name) const {
  host::Cartridge cartridge;
  cartridge.identifier = "backup-" + name;
  cartridge.title = "A course with " + std::to_string(links) + " links";
  for (int i = 1; i <= links; ++i) {
    host::CartridgeLink link;
    link.identifier = "link" + std::to_string(i);
    link.title = "Quiz " + std::to_string(i);
    link.launch_url = std::string("https://") + kLaunchHost + "/launch";
    link.launch_host = kLaunchHost;
    link.custom = {{"level", std::to_string(i)}, {"shared", "yes"}};
    cartridge.links.push_back(link);
  }
  const auto written = host::write_cartridge(scratch.path(name), cartridge);
  EXPECT_TRUE(written) << written.error();
  return scratch.path(name);
}

void Stage::install(const std::string& without_action) {
  const std::string url = "http://127.0.0.1:" + std::to_string(tool.port());
  const std::string file = scratch.file("tool.xml", descriptor("acme", "quiz", url, without_action));
  lms.ok({"tool", "add", file, "--secret-file", tool.secret_file(), "--allow-private", "--allow-http"});
}

void Stage::save(const std::string& state) { lms.ok({"tool", "save", kQuiz, "--state", state}); }

Json Stage::restore(const std::string& package, const std::string& course) {
  return lms.ok({"course", "restore", package, "--id", course, "--map", std::string(kLaunchHost) + "=" + kQuiz});
}

Json Stage::events() const { return lms.ok({"events", "list"}); }

std::vector<std::string> Stage::standing() const {
  std::vector<std::string> lines;
  for (const auto& event : events())
    lines.push_back(event.at("kind").get<std::string>() + ":" + event.at("state").get<std::string>() + ":" +
                    (event.at("deferral").is_null() ? "-" : event.at("deferral").get<std::string>()));
  return lines;
}

}  // namespace ptb::test
