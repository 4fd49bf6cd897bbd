#include "support/processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

extern char** environ;

namespace ptb::test {

Scratch::Scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ptb-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Scratch::file(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

// ---- Process

Process::Process(const std::vector<std::string>& command, const Environment& environment) {
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);

  std::vector<std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string variable = *at;
    if (!environment.contains(variable.substr(0, variable.find('=')))) variables.push_back(variable);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (auto& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const int problem = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
  if (problem != 0) throw std::runtime_error("cannot start " + command[0]);
}

Process::~Process() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

void Process::signal(int number) const { kill(pid_, number); }

bool Process::running() {
  if (pid_ <= 0) return false;
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

void Process::drain() {
  pollfd ends[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
  std::string* const texts[2] = {&ran_.out, &ran_.err};
  if (poll(ends, 2, 20) <= 0) return;
  for (int i = 0; i < 2; ++i) {
    if ((ends[i].revents & POLLIN) == 0) continue;
    char bytes[65536];
    const ssize_t size = read(ends[i].fd, bytes, sizeof bytes);
    if (size > 0) texts[i]->append(bytes, static_cast<std::size_t>(size));
  }
}

Ran Process::wait(std::chrono::seconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (running()) {
    drain();
    if (std::chrono::steady_clock::now() > deadline) {
      kill(pid_, SIGKILL);
      ran_.err += "\n[killed by the test: took too long]";
    }
  }
  for (std::size_t before = 1, after = 0; before != after;) {
    before = ran_.out.size() + ran_.err.size();
    drain();
    after = ran_.out.size() + ran_.err.size();
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  ran_.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ran_;
}

// ---- Receiver

Receiver::Receiver(const Scratch& scratch, const std::string& name)
    : directory_(scratch.path(name)), secret_file_(directory_ + "/secret"), log_file_(directory_ + "/log.jsonl") {
  std::filesystem::create_directory(directory_);
  std::ofstream(secret_file_) << "the secret of " << name << "\n";
}

void Receiver::start(const std::string& script) {
  const std::string port_file = directory_ + "/port";
  std::filesystem::remove(port_file);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{ptb_host_program(), "receive", "--port", std::to_string(port_), "--secret-file",
                               secret_file_, "--log", log_file_, "--port-file", port_file, "--script", script});
  for (int i = 0; i < 1000; ++i) {
    int port = 0;
    if (std::ifstream(port_file) >> port) {
      port_ = port;
      return;
    }
    if (!process_->running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << "the reference tool did not start: " << process_->wait().err;
}

void Receiver::stop() {
  if (process_ == nullptr) return;
  process_->signal(SIGTERM);
  process_->wait();
  process_.reset();
}

void Receiver::wait_gone() {
  process_->wait();
  process_.reset();
}

std::vector<Json> Receiver::log() const {
  std::vector<Json> lines;
  std::ifstream file(log_file_);
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::string Receiver::parameter(const Json& line, const std::string& name) {
  for (const auto& pair : line.at("params"))
    if (pair.at(0) == name) return pair.at(1);
  return {};
}

std::vector<std::string> Receiver::heard() const {
  std::vector<std::string> heard;
  for (const auto& line : log())
    if (parameter(line, "action") != "state-change")
      heard.push_back(parameter(line, "action") + ":" + line.at("answer").get<std::string>());
  return heard;
}

// ---- PtbHost

PtbHost::PtbHost(const Scratch& scratch, const std::string& name) : state_(scratch.path(name)) {}

std::vector<std::string> PtbHost::command(std::vector<std::string> arguments) const {
  std::vector<std::string> words = {ptb_host_program(), "--state", state_, "--json", "--quiet"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Ran PtbHost::run(std::vector<std::string> arguments, const Environment& environment) const {
  return Process(command(std::move(arguments)), environment).wait();
}

std::unique_ptr<Process> PtbHost::start(std::vector<std::string> arguments, const Environment& environment) const {
  return std::make_unique<Process>(command(std::move(arguments)), environment);
}

Json PtbHost::ok(std::vector<std::string> arguments) const {
  std::string shown;
  for (const auto& word : arguments) shown += word + " ";
  const Ran ran = run(std::move(arguments));
  EXPECT_EQ(ran.status, 0) << shown << "\n" << ran.err << ran.out;
  return ran.out.empty() ? Json() : ran.json();
}

std::string descriptor(const std::string& vendor, const std::string& program, const std::string& base_url,
                       const std::string& without, bool content_handler) {
  const auto actions = [&](std::initializer_list<const char*> types) {
    std::string text;
    for (const char* type : types)
      if (without != type)
        text += std::string("<action type=\"") + type + "\" path=\"/proxy\"><param name=\"action\" fixed=\"" + type +
                "\"/></action>";
    return "<http-actions>" + text + "</http-actions>";
  };
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tool-profile ltiVersion=\"2.0-July08\"><vendor><code>" + vendor +
         "</code><name>" + vendor + "</name></vendor><tool-info><code>" + program + "</code><name>" + program +
         "</name></tool-info><tool-instance><base-urls><base-url type=\"http\">" + base_url +
         "</base-url></base-urls></tool-instance>" +
         actions(
             {"state-change", "course-copied", "course-imported", "course-deleted", "group-copied", "group-imported"}) +
         (content_handler
              ? "<links><content-handler><name>Item</name><handle value=\"resource/x-" + vendor + "-item\"/>" +
                    actions({"content-copied", "content-imported", "content-deleted"}) + "</content-handler></links>"
              : "") +
         "</tool-profile>\n";
}

std::string ptb_host_program() { return PTB_HOST_PROGRAM; }

}  // namespace ptb::test
