// Clients that other people's programs make from the descriptions of the SOAP services register a tool and use its
// settings; the tool then hears of what happens, signed with the secret that it registered with.
#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "package/cartridge_writer.h"
#include "support/processes.h"

namespace ptb::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* kLaunchHost = "tools.acme.example";
constexpr const char* kPython = "/usr/bin/python3";

std::string php() {
  for (const char* directory : {"/usr/bin/", "/usr/local/bin/"})
    if (std::filesystem::exists(std::string(directory) + "php")) return std::string(directory) + "php";
  return {};
}

/// Blackboard's own description of Context.WS; empty: not here.
std::string real_wsdl() {
  const char* directory = std::getenv("PTB_TEST_DATA");
  const auto file = std::string(directory == nullptr ? "" : directory) + "/blackboard-context-ws.wsdl";
  return std::filesystem::exists(file) ? file : std::string();
}

/// The server under test, and the only place that says how it is started.
class Server {
 public:
  Server(const PtbHost& lms, const Scratch& scratch) {
    const auto port_file = scratch.path("port");
    process_ = lms.start({"serve", "--port", "0", "--port-file", port_file});
    for (int i = 0; i < 1000 && process_->running(); ++i) {
      int port = 0;
      if (std::ifstream(port_file) >> port) {
        base_url = "http://127.0.0.1:" + std::to_string(port);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("the server did not start: " + process_->wait().err);
  }
  ~Server() {
    process_->signal(SIGTERM);
    process_->wait();
  }
  std::string base_url;

 private:
  std::unique_ptr<Process> process_;
};

struct Client {
  const char* name;
  std::string program;
  const char* script;
  std::string wsdl;
  const char* version;
};

void PrintTo(const Client& client, std::ostream* out) { *out << client.name; }

class SoapClients : public testing::TestWithParam<Client> {
 protected:
  SoapClients() : tool(scratch), lms(scratch), server(lms, scratch) {}

  Json run_client(const std::string& description) {
    const auto& client = GetParam();
    Process process({client.program, std::string(PTB_SOAP_CLIENTS) + "/" + client.script, server.base_url, client.wsdl,
                     client.version, "acme", "Quiz & Co", "the secret of tool", description});
    const auto ran = process.wait();
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    return Json::parse(ran.out, nullptr, false);
  }

  /// A course with one link to the tool.
  [[nodiscard]] std::string package() const {
    host::Cartridge cartridge;
    cartridge.identifier = "backup";
    cartridge.title = "A course";
    host::CartridgeLink link;
    link.identifier = "link";
    link.title = "Quiz";
    link.launch_url = std::string("https://") + kLaunchHost + "/launch";
    link.launch_host = kLaunchHost;
    cartridge.links.push_back(link);
    const auto written = host::write_cartridge(scratch.path("course.imscc"), cartridge);
    EXPECT_TRUE(written) << written.error();
    return scratch.path("course.imscc");
  }

  Scratch scratch;
  Receiver tool;
  PtbHost lms;
  Server server;
};

TEST_P(SoapClients, RegistersAndUsesItsSettings) {
  if (GetParam().wsdl.empty()) GTEST_SKIP() << GetParam().name << ": PTB_TEST_DATA names no directory with that WSDL";
  tool.start();
  // Not the codes that it registers under.
  const auto said = run_client(descriptor("any", "thing", "http://127.0.0.1:" + std::to_string(tool.port())));
  ASSERT_TRUE(said.is_object());
  EXPECT_THAT(said.value("session", ""), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(said["registered"]["status"], true) << said;
  const auto guid = said["registered"].value("proxyToolGuid", "");
  EXPECT_THAT(guid, MatchesRegex("[0-9a-f]{32}"));
  for (const char* yes : {"login", "initialized", "saved", "deleted", "extended", "logout"})
    EXPECT_EQ(said.value(yes, false), true) << yes << said;
  EXPECT_EQ(said.value("loaded", ""), "gr\xC3\xBCn & <blau>");
  EXPECT_TRUE(said["loaded_again"].is_null()) << said;
  EXPECT_EQ(said.value("version", 0), 1);
  EXPECT_THAT(said.value("not_offered", ""), HasSubstr("[WSFW008]"));
  EXPECT_THAT(said.value("afterwards", ""), HasSubstr("[WSFW001]"));

  const std::string locator = "acme/Quiz & Co";
  EXPECT_EQ(lms.ok({"tool", "show", locator})["state"], "inactive");
  lms.ok({"tool", "save", locator, "--state", "available", "--allow-private", "--allow-http"});
  lms.ok({"course", "restore", package(), "--id", "C1", "--map", std::string(kLaunchHost) + "=" + locator});
  EXPECT_THAT(tool.heard(), testing::UnorderedElementsAre("course-imported:ok", "content-imported:ok"));
  for (const auto& line : tool.log()) {
    EXPECT_EQ(line["mac_ok"], true) << line;
    EXPECT_EQ(Receiver::parameter(line, "ourguid"), guid);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, SoapClients,
                         testing::Values(Client{"PhpSoap11", php(), "client.php", "-", "1.1"},
                                         Client{"PhpSoap12", php(), "client.php", "-", "1.2"},
                                         Client{"PhpFromTheRealDescription", php(), "client.php", real_wsdl(), "1.1"},
                                         Client{"PhpFromTheRealDescription12", php(), "client.php", real_wsdl(), "1.2"},
                                         Client{"ZeepSoap11", kPython, "client.py", "-", "1.1"},
                                         Client{"ZeepSoap12", kPython, "client.py", "-", "1.2"}),
                         [](const auto& test) { return test.param.name; });

bool works(const std::vector<std::string>& command) {
  try {
    return Process(command).wait().status == 0;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace
}  // namespace ptb::test

int main(int argc, char** argv) {
  using namespace ptb::test;
  const auto skip = [](const char* why) {
    std::printf("soap_clients: skipped: %s\n", why);
    return 77;
  };
  if (php().empty() || !works({php(), "-r", "exit(class_exists('SoapClient') ? 0 : 1);"}))
    return skip("there is no php with its SoapClient; install php-cli and php-soap");
  if (!works({kPython, "-c", "import zeep"}))
    return skip("there is no /usr/bin/python3 with zeep; install python3-zeep");
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
