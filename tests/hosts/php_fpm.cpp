#include "hosts/php_fpm.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ptb::test {

namespace {

namespace fs = std::filesystem;

/// FFI is off in web servers unless it is switched on.
const std::vector<std::string> kSettings = {"-d", "extension=ffi", "-d", "ffi.enable=1"};

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool has_ffi(const std::string& program) {
  std::string command = program;
  for (const std::string& word : kSettings) command += " " + word;
  return std::system((command + " -m 2>/dev/null | grep -qx FFI").c_str()) == 0;
}

}  // namespace

std::string php_fpm_program() {
  const char* const path = std::getenv("PATH");
  std::istringstream places(std::string(path == nullptr ? "" : path) + ":/usr/sbin");
  for (std::string place; std::getline(places, place, ':');) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(place, missing)) {
      const std::string program = entry.path().string();
      if (!entry.path().filename().string().starts_with("php-fpm") || access(program.c_str(), X_OK) != 0) continue;
      if (has_ffi(program)) return program;
    }
  }
  return {};
}

PhpFpm::PhpFpm(const std::string& directory, int workers) : directory_(directory) {
  const std::string log = directory_ + "/fpm.log";
  const std::string settings = directory_ + "/fpm.conf";
  std::ofstream(settings) << "[global]\nerror_log = " << log << "\ndaemonize = no\n[www]\nlisten = " << socket()
                          << "\npm = static\npm.max_children = " << workers
                          << "\npm.max_requests = 0\ncatch_workers_output = yes\n";
  std::vector<std::string> command = {php_fpm_program(), "-F", "-y", settings};
  command.insert(command.end(), kSettings.begin(), kSettings.end());
  give_away(settings);
  std::ofstream(log, std::ios::app).close();
  give_away(log);
  process_.start(command, log, SIGTERM);
  for (int i = 0; i < 3'000 && process_.is_running(); ++i) {
    if (fs::exists(socket()) && this->workers().size() == static_cast<std::size_t>(workers)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("php-fpm did not start: " + contents(log));
}

std::vector<pid_t> PhpFpm::workers() const {
  const std::string of_master = "/proc/" + std::to_string(process_.pid());
  std::ifstream children(of_master + "/task/" + std::to_string(process_.pid()) + "/children");
  std::vector<pid_t> found;
  for (pid_t worker = 0; children >> worker;) found.push_back(worker);
  return found;
}

}  // namespace ptb::test
