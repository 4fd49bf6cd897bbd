// What ptb-host's commands tell tools beside restores and copies: groups, exports, deletions, and what a person does to
// a tool; and its other wires, each against the reference tool on that wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "package/cartridge_writer.h"
#include "scenario/stage.h"

namespace ptb::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A descriptor with more actions at top level than the usual one has.
std::string descriptor_with(int port, const std::vector<std::string>& actions) {
  std::string text = descriptor("acme", "quiz", "http://127.0.0.1:" + std::to_string(port));
  std::string more;
  for (const auto& type : actions)
    more += "<action type=\"" + type + "\" path=\"/proxy\"><param name=\"action\" fixed=\"" + type + "\"/></action>";
  return text.insert(text.find("</http-actions>"), more);
}

class HostCommands : public testing::Test {
 protected:
  /// The tool is installed with these actions, available, and has course _1_1 with one item and one group.
  void set_up(const std::vector<std::string>& actions) {
    const auto file = stage.scratch.file("tool.xml", descriptor_with(stage.tool.port(), actions));
    stage.lms.ok({"tool", "add", file, "--secret-file", stage.tool.secret_file(), "--allow-private", "--allow-http"});
    stage.tool.start();
    stage.make_available();
    stage.restore(stage.package(1), "_1_1");
    stage.lms.ok({"group", "create", "_1_1", "Reds"});
    seen = stage.tool.heard().size();
  }
  std::vector<std::string> heard() {
    auto all = stage.tool.heard();
    std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end());
    seen = all.size();
    return fresh;
  }
  std::string tool_state() { return stage.lms.ok({"tool", "show", kQuiz}).at("state").get<std::string>(); }
  static std::vector<std::string> fates(const Json& operation) {
    std::vector<std::string> lines;
    for (const auto& event : operation.at("events"))
      lines.push_back(event.at("kind").get<std::string>() + ":" + event.at("state").get<std::string>());
    return lines;
  }

  Stage stage;
  std::size_t seen = 0;
};

TEST_F(HostCommands, GroupsAreCopiedAndGoThroughAnExportIntoARestore) {
  set_up({"group-exported", "course-exported", "content-exported"});
  stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  EXPECT_THAT(heard(), ElementsAre("course-copied:ok", "group-copied:ok", "content-copied:ok"));
  const auto file = stage.scratch.path("export.imscc");
  const Json exported = stage.lms.ok({"course", "export", "_2_1", file});
  EXPECT_THAT(fates(exported),
              ElementsAre("course-exported:delivered", "group-exported:delivered", "content-exported:delivered"));
  EXPECT_THAT(heard(), ElementsAre("course-exported:ok", "group-exported:ok", "content-exported:ok"));
  const Json restored = stage.lms.ok({"course", "restore", file, "--id", "_3_1"});
  EXPECT_EQ(restored.at("backup_id"), exported.at("backup_id")) << "one package, one backup";
  EXPECT_THAT(heard(), ElementsAre("course-imported:ok", "group-imported:ok", "content-imported:ok"));
  EXPECT_EQ(stage.lms.ok({"group", "list", "_3_1"}).at(0).at("name"), "Reds");
  const Json settings = stage.lms.ok({"setting", "list", kQuiz});
  EXPECT_EQ(settings.size(), 6U) << "two of each of three items: " << settings;
}

TEST_F(HostCommands, AnExportOrADeletionNeverWaits) {
  set_up({"course-exported", "content-exported"});
  stage.tool.stop();
  const auto file = stage.scratch.path("export.imscc");
  const Json down = stage.lms.ok({"course", "export", "_1_1", file});
  EXPECT_EQ(down.at("events").at(0).at("state"), "discarded");
  EXPECT_NE(down.at("events").at(0).at("text"), nullptr) << "the log says why";
  EXPECT_EQ(down.at("events").at(1).at("deferral"), "no_handler") << "group-exported";
  stage.save("unavailable");
  EXPECT_EQ(stage.lms.ok({"course", "export", "_1_1", file}).at("events").at(0).at("deferral"), "tool_not_available");
  EXPECT_EQ(stage.lms.ok({"course", "delete", "_1_1"}).at("events").at(0).at("deferral"), "tool_not_available");
  for (const auto& event : stage.events()) EXPECT_NE(event.at("state"), "pending");
  const Ran unwritable = stage.lms.run({"course", "export", "_1_1", "/nowhere/x.imscc"});
  EXPECT_EQ(unwritable.status, 1);
}

TEST_F(HostCommands, EventsOfAnItemGoToItsContentHandler) {
  std::string text = descriptor_with(stage.tool.port(), {});
  text.insert(text.find("</links>"),
              "<content-handler><name>Wiki</name><handle value=\"resource/x-acme-wiki\"/><http-actions>"
              "<action type=\"content-imported\" path=\"/wiki\"/></http-actions></content-handler>");
  stage.lms.ok({"tool", "add", stage.scratch.file("tool.xml", text), "--secret-file", stage.tool.secret_file(),
                "--allow-private", "--allow-http"});
  stage.tool.start();
  stage.make_available();
  host::Cartridge cartridge;
  cartridge.identifier = "two";
  for (const char* handle : {"resource/x-acme-item", "resource/x-acme-wiki"}) {
    host::CartridgeLink link;
    link.identifier = link.title = handle;
    link.launch_url = std::string("https://") + kLaunchHost + "/launch/" + handle;
    cartridge.links.push_back(link);
  }
  ASSERT_TRUE(host::write_cartridge(stage.scratch.path("two.imscc"), cartridge));
  stage.restore(stage.scratch.path("two.imscc"), "_1_1");
  std::vector<std::string> paths;
  for (const auto& line : stage.tool.log())
    if (!Receiver::parameter(line, "content_id").empty()) paths.push_back(line.at("path"));
  EXPECT_THAT(paths, ElementsAre("/proxy", "/wiki"));
  EXPECT_EQ(stage.lms.ok({"content", "list", "_1_1"}).at(1).at("content_handle"), "resource/x-acme-wiki");
}

TEST_F(HostCommands, PingSaysWhetherTheToolIsThere) {
  set_up({"ping"});
  EXPECT_EQ(stage.lms.ok({"tool", "ping", kQuiz}).at("done"), true);
  EXPECT_THAT(heard(), ElementsAre("ping:ok"));
  stage.tool.stop();
  const Ran down = stage.lms.run({"tool", "ping", kQuiz});
  EXPECT_EQ(down.status, 1);
  EXPECT_THAT(down.err, HasSubstr(kQuiz));
  EXPECT_EQ(tool_state(), "available") << "a ping changes nothing";
}

TEST_F(HostCommands, ReregisterLeavesTheToolUnavailable) {
  set_up({"reregister"});
  stage.lms.ok({"tool", "reregister", kQuiz, "--password", "let me in"});
  EXPECT_THAT(heard(), ElementsAre("reregister:ok"));
  const Json last = stage.tool.log().back();
  EXPECT_EQ(Receiver::parameter(last, "regpass"), "let me in");
  EXPECT_THAT(Receiver::parameter(last, "tcprofileurl"), HasSubstr("/wsadmin/tcprofile"));
  EXPECT_EQ(tool_state(), "unavailable");
  stage.make_available();
  stage.tool.stop();
  EXPECT_EQ(stage.lms.run({"tool", "reregister", kQuiz}).status, 1);
  EXPECT_EQ(tool_state(), "unavailable");
}

TEST_F(HostCommands, ARemovedToolHearsOfItSignedWithItsSecret) {
  set_up({"remove"});
  EXPECT_EQ(stage.lms.ok({"tool", "remove", kQuiz}).at("warning"), nullptr);
  EXPECT_THAT(heard(), ElementsAre("remove:ok"));
  EXPECT_EQ(stage.tool.log().back().at("mac_ok"), true);
}

TEST_F(HostCommands, AToolThatDoesNotHearOfItsRemovalIsRemovedAllTheSame) {
  set_up({"remove"});
  stage.tool.stop();
  const Ran removed = stage.lms.run({"tool", "remove", kQuiz});
  EXPECT_EQ(removed.status, 0) << removed.err;
  EXPECT_THAT(removed.err, HasSubstr("warning"));
  EXPECT_THAT(stage.lms.ok({"tool", "list"}), IsEmpty());
}

TEST_F(HostCommands, ForgetRemovesACourseOrAPersonFromTheEvents) {
  set_up({});
  stage.save("unavailable");
  stage.lms.ok({"course", "copy", "_1_1", "_2_1", "--as-user", "_7_1"});
  stage.lms.ok({"course", "copy", "_1_1", "_3_1", "--as-user", "_8_1"});
  const Json user = stage.lms.ok({"forget", "--user", "_7_1"});
  EXPECT_EQ(user.at("forgotten"), 3) << user;
  EXPECT_EQ(user.at("discarded"), 3) << user;
  EXPECT_EQ(stage.lms.ok({"forget", "--user", "_7_1"}).at("discarded"), 0);
  EXPECT_EQ(stage.lms.ok({"forget", "--course", "_3_1"}).at("discarded"), 3);
  stage.make_available();
  EXPECT_THAT(heard(), IsEmpty()) << "what was forgotten is not sent";
  EXPECT_EQ(stage.lms.run({"forget"}).status, 2);
  EXPECT_EQ(stage.lms.run({"forget", "--user", "a", "--course", "b"}).status, 2);
}

TEST_F(HostCommands, EveryOptionOfAToolIsShownAndCanBeChanged) {
  set_up({});
  stage.lms.ok({"tool", "save", kQuiz, "--state", "inactive", "--allow-cidr", "10.0.0.0/8", "--allow-cidr", "fd00::/8",
                "--endpoint", "http://127.0.0.1:1/x", "--max-batch", "7", "--strict"});
  Json tool = stage.lms.ok({"tool", "show", kQuiz});
  EXPECT_EQ(tool.at("allow_cidrs"), "10.0.0.0/8 fd00::/8");
  EXPECT_EQ(tool.at("endpoint"), "http://127.0.0.1:1/x");
  EXPECT_EQ(tool.at("max_batch"), 7);
  EXPECT_EQ(tool.at("strict"), true);
  stage.lms.ok({"tool", "save", kQuiz, "--state", "inactive", "--allow-cidr", "", "--endpoint", "", "--no-strict"});
  tool = stage.lms.ok({"tool", "show", kQuiz});
  EXPECT_EQ(tool.at("allow_cidrs"), "");
  EXPECT_EQ(tool.at("endpoint"), "");
  EXPECT_EQ(tool.at("strict"), false);
  const auto refused = [&](std::vector<std::string> options, const char* says) {
    options.insert(options.begin(), {"tool", "save", kQuiz, "--state", "inactive"});
    const Ran ran = stage.lms.run(options);
    EXPECT_NE(ran.status, 0) << says;
    EXPECT_THAT(ran.err, HasSubstr(says));
  };
  refused({"--client-cert", "/etc/hostname"}, "--client-key");
  refused({"--client-cert", "/nowhere", "--client-key", "/nowhere"}, "/nowhere");
  refused({"--allow-cidr", "10.0.0.1/8"}, "--allow-cidr");
  refused({"--wire", "standard-webhooks", "--endpoint", "http://127.0.0.1:1/x"}, "whsec_");
  EXPECT_EQ(stage.lms.ok({"tool", "show", kQuiz}).at("wire"), "proxy-tool") << "nothing of what was refused is kept";
}

/// The reference tool with options of the test's own, and what it logged.
class WireTool {
 public:
  WireTool(const Scratch& scratch, std::vector<std::string> options) : log_(scratch.path("wire.jsonl")) {
    const auto port_file = scratch.path("wire.port");
    std::vector<std::string> words = {ptb_host_program(), "receive", "--log", log_, "--port-file", port_file};
    words.insert(words.end(), options.begin(), options.end());
    process_ = std::make_unique<Process>(words);
    port = wait_for_port(port_file, *process_);
  }
  static int wait_for_port(const std::string& file, Process& process) {
    int port = 0;
    for (int i = 0; i < 2000 && process.running(); ++i) {
      if (std::ifstream(file) >> port) return port;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "it does not listen: " << process.wait().err;
    return 0;
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/events"; }
  [[nodiscard]] std::vector<Json> log() const {
    std::vector<Json> lines;
    std::ifstream file(log_);
    for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  /// Waits until so many requests were logged.
  [[nodiscard]] std::vector<Json> log_of(std::size_t count) const {
    for (int i = 0; i < 2000 && log().size() < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return log();
  }

  int port = 0;

 private:
  std::string log_;
  std::unique_ptr<Process> process_;
};

std::vector<std::string> told(const std::vector<Json>& log) {
  std::vector<std::string> lines;
  for (const auto& line : log)
    for (const auto& pair : line.at("params"))
      if (pair.at(0) == "action") lines.push_back(pair.at(1));
  return lines;
}

TEST_F(HostCommands, StandardWebhooksReachTheReferenceToolSignedAndInBatches) {
  const auto secret = stage.scratch.file("keys", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  WireTool tool(stage.scratch, {"--wire", "standard-webhooks", "--secret-file", secret});
  const auto file = stage.scratch.file("tool.xml", descriptor_with(stage.tool.port(), {}));
  stage.lms.ok({"tool", "add", file, "--secret-file", secret, "--allow-private", "--allow-http", "--wire",
                "standard-webhooks", "--endpoint", tool.url(), "--max-batch", "10"});
  stage.restore(stage.package(3), "_1_1");
  stage.make_available();
  const auto log = tool.log();
  EXPECT_THAT(told(log), ElementsAre("state-change", "course-imported", "content-imported", "content-imported",
                                     "content-imported"));
  EXPECT_LE(log.size(), 3U) << "the events share a request";
  for (const auto& line : log) {
    EXPECT_EQ(line.at("mac_ok"), true) << line;
    EXPECT_EQ(line.at("repeat"), false) << line;
  }
}

/// `ptb-host serve`, and requests to it.
class LtiServer {
 public:
  explicit LtiServer(const Stage& stage) : port_file_(stage.scratch.path("serve.port")) {
    process_ = stage.lms.start({"serve", "--port", "0", "--port-file", port_file_});
    port = WireTool::wait_for_port(port_file_, *process_);
  }
  /// Ends it; what it printed.
  Ran stop() {
    process_->signal(SIGTERM);
    return process_->wait();
  }
  int port = 0;

 private:
  std::string port_file_;
  std::unique_ptr<Process> process_;
};

TEST_F(HostCommands, LtiNoticesReachTheReferenceToolVerifiedByThePlatformsKeySet) {
  const Json keys = stage.lms.ok({"lti", "key"});
  EXPECT_EQ(keys, stage.lms.ok({"lti", "key"})) << "the key is made once";
  WireTool tool(stage.scratch, {"--wire", "lti-notice", "--jwks", stage.scratch.file("jwks.json", keys.dump())});
  const auto file = stage.scratch.file("tool.xml", descriptor_with(stage.tool.port(), {}));
  stage.lms.ok({"tool", "add", file, "--allow-private", "--allow-http", "--wire", "lti-notice", "--endpoint",
                tool.url(), "--lti-client-id", "client", "--lti-deployment-id", "1"});
  stage.make_available();
  stage.restore(stage.package(1), "_1_1");
  const Json copied = stage.lms.ok({"course", "copy", "_1_1", "_2_1"});
  EXPECT_EQ(copied.at("events").at(0).at("state"), "delivered");
  EXPECT_EQ(copied.at("events").at(1).at("deferral"), "wire_cannot_say");
  const auto log = tool.log();
  EXPECT_THAT(told(log), ElementsAre("LtiContextCopyNotice", "LtiContextCopyNotice"));
  for (const auto& line : log) EXPECT_EQ(line.at("mac_ok"), true) << line;
}

TEST_F(HostCommands, ServePublishesTheKeySetBesideOtherCommands) {
  LtiServer server(stage);
  WireTool tool(stage.scratch, {"--wire", "lti-notice", "--jwks",
                                "http://127.0.0.1:" + std::to_string(server.port) + "/.well-known/jwks.json"});
  const auto file = stage.scratch.file("tool.xml", descriptor_with(stage.tool.port(), {}));
  stage.lms.ok({"tool", "add", file, "--allow-private", "--allow-http", "--wire", "lti-notice", "--endpoint",
                tool.url(), "--lti-client-id", "client", "--lti-deployment-id", "1"});
  stage.make_available();
  stage.restore(stage.package(1), "_1_1");
  ASSERT_EQ(tool.log().size(), 1U);
  EXPECT_EQ(tool.log().at(0).at("mac_ok"), true) << tool.log().at(0);
  EXPECT_EQ(server.stop().status, 0);
}

TEST(EarlierStores, AreBroughtUpToDateByACommandThatOnlyReads) {
  for (const char* const schema : {"1", "2", "3", "4"}) {
    const Stage stage;
    std::filesystem::create_directories(stage.lms.state());
    const std::string packed = std::string(PTB_EARLIER_FILES) + "/schema-" + schema + ".db.gz";
    ASSERT_EQ(std::system(("gzip -dc '" + packed + "' > '" + stage.lms.state() + "/bridge.db'").c_str()), 0);
    const Json events = stage.events();
    EXPECT_GE(events.size(), 12U) << schema;
    EXPECT_EQ(events.at(0).at("state"), "delivered") << schema;
    EXPECT_EQ(stage.events(), events) << "the second time it is of today's schema";
  }
}

}  // namespace
}  // namespace ptb::test
