// See demo_stage.h.
#include "demo_stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "package/cartridge_writer.h"
#include "refusal.h"

namespace host {

namespace {

constexpr const char* kSelf = "/proc/self/exe";

/// The port of the line "listening on http://127.0.0.1:PORT"; 0 where the pipe ends before it.
std::uint16_t read_port(int pipe) {
  std::string line;
  char byte = 0;
  while (line.find('\n') == std::string::npos) {
    const auto got = ::read(pipe, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got != 1) return 0;
    line += byte;
  }
  const auto colon = line.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string::npos) std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
  return port;
}

int wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

ToolProcess::ToolProcess(const Start& start) {
  std::vector<std::string> words = {"ptb-host",      "receive",
                                    "--port",        std::to_string(start.port),
                                    "--secret-file", start.secret_file.string(),
                                    "--log",         start.log_file.string(),
                                    "--script",      start.script};
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) refuse("cannot make a pipe: {}", std::strerror(errno));
  process_ = ::fork();
  if (process_ == 0) {
    // The tool must not outlive a demo that is killed.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execv(kSelf, arguments.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  if (process_ > 0) port_ = read_port(pipe[0]);
  ::close(pipe[0]);
  if (process_ < 0) refuse("cannot start the reference tool: {}", std::strerror(errno));
  if (port_ != 0) return;
  stop();
  refuse("the reference tool did not start");
}

ToolProcess::~ToolProcess() { stop(); }

void ToolProcess::stop() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  wait_for(process_);
  process_ = -1;
}

int ToolProcess::wait() {
  const int status = wait_for(process_);
  process_ = -1;
  return status;
}

std::filesystem::path DemoDirectory::write_course() const {
  Cartridge cartridge;
  cartridge.identifier = "demo-course";
  cartridge.title = "Demo course";
  for (const auto& [title, level] : {std::pair("A", "easy"), {"B", "medium"}, {"C", "hard"}}) {
    CartridgeLink link;
    link.identifier = std::string("link-") + title;
    link.title = title;
    link.launch_url = "http://127.0.0.1/launch";
    link.custom = {{"level", level}};
    cartridge.links.push_back(std::move(link));
  }
  const auto path = path_ / "course.imscc";
  if (const auto written = write_cartridge(path.string(), cartridge); !written) refuse("{}", written.error());
  return path;
}

DemoDirectory::DemoDirectory(bool keep) : keep_(keep) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ptb-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    refuse("cannot make a directory for the demo: {}; set TMPDIR", std::strerror(errno));
  path_ = pattern;
}

DemoDirectory::~DemoDirectory() {
  std::error_code none;
  if (!keep_) std::filesystem::remove_all(path_, none);
}

std::filesystem::path DemoDirectory::write(const std::string& name, const std::string& content) const {
  const auto path = path_ / name;
  std::ofstream file(path, std::ios::binary);
  file << content << std::flush;
  if (!file) refuse("cannot write {}: {}", path.string(), std::strerror(errno));
  return path;
}

std::filesystem::path DemoDirectory::write_descriptor(std::uint16_t port) const {
  return write("quiz.xml", fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<tool-profile xmlns="http://www.imsglobal.org/services/ltiv2p0/lti2-profiles" ltiVersion="2.0-July08">
  <vendor><code>acme</code><name>Acme</name></vendor>
  <tool-info><code>quiz</code><name>Quiz</name><version>1.0</version></tool-info>
  <tool-instance>
    <base-urls><base-url type="http">http://127.0.0.1:{}</base-url></base-urls>
    <security-profile><digest-algorithm>MD5</digest-algorithm></security-profile>
  </tool-instance>
  <http-actions>
    <action type="state-change" path="/state"><param name="action" fixed="state-change"/></action>
  </http-actions>
  <links>
    <content-handler>
      <name>Quiz</name>
      <handle value="resource/x-acme-quiz"/>
      <http-actions>
        <action type="content-imported" path="/content"><param name="action" fixed="content-imported"/></action>
      </http-actions>
    </content-handler>
  </links>
</tool-profile>
)",
                                       port));
}

}  // namespace host
