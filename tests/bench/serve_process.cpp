// See serve_process.h.
#include "serve_process.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kStartSeconds = 30;

std::string line_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

size_t keep(char* bytes, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(bytes, size * count);
  return size * count;
}

/// One client, which keeps its connection.
class Client {
 public:
  Client() : curl_(curl_easy_init(), &curl_easy_cleanup) {
    if (!curl_) throw std::runtime_error("curl_easy_init failed");
    curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, &keep);
    curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, 600L);
  }
  CURL* handle() { return curl_.get(); }
  /// The status; 0 where there was no answer.
  long get(const std::string& url) {
    body_.clear();
    curl_easy_setopt(curl_.get(), CURLOPT_URL, url.c_str());
    if (curl_easy_perform(curl_.get()) != CURLE_OK) return 0;
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
  std::string body_;
};

int connected_to(int port) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  ::close(made);
  throw std::runtime_error("cannot connect to the serve process");
}

}  // namespace

ServeProcess::ServeProcess(const std::filesystem::path& program, const std::filesystem::path& plugin,
                           const std::filesystem::path& directory) {
  const auto state = directory / "state";
  const auto port_file = directory / "port";
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::freopen((directory / "serve.log").c_str(), "w", stdout) == nullptr) ::_exit(127);
    ::execl(program.c_str(), program.c_str(), "--state", state.c_str(), "--plugin", plugin.c_str(), "serve", "--port",
            "0", "--port-file", port_file.c_str(), nullptr);
    ::_exit(127);
  }
  for (const auto until = Clock::now() + std::chrono::seconds(kStartSeconds); port_ == 0 && Clock::now() < until;) {
    ::poll(nullptr, 0, 20);
    if (const auto line = line_of(port_file); !line.empty()) port_ = std::stoi(line);
    if (::waitpid(process_, nullptr, WNOHANG) != 0) break;
  }
  token_ = line_of(state / "token");
  if (port_ == 0) throw std::runtime_error(fmt::format("{} serve does not come up", program.string()));
}

ServeProcess::~ServeProcess() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

std::string ServeProcess::ask(const std::string& method, const std::string& target, const std::string& body) const {
  Client client;
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(curl_slist_append(nullptr, ("Authorization: Bearer " + token_).c_str()), "Expect:"),
      &curl_slist_free_all);
  curl_easy_setopt(client.handle(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(client.handle(), CURLOPT_CUSTOMREQUEST, method.c_str());
  if (method != "GET") {
    curl_easy_setopt(client.handle(), CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(client.handle(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  const long status = client.get(fmt::format("http://127.0.0.1:{}{}", port_, target));
  if (status != 200) throw std::runtime_error(fmt::format("{} {}: {} {}", method, target, status, client.body()));
  return client.body();
}

ServeLoad::ServeLoad(int port, int streams, int requests_per_second) : port_(port), per_second_(requests_per_second) {
  constexpr std::string_view kAsk = "GET /live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
  for (int i = 0; i < streams; ++i) {
    streams_.push_back(connected_to(port));
    if (::send(streams_.back(), kAsk.data(), kAsk.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kAsk.size()))
      throw std::runtime_error("cannot ask for an event stream");
    std::array<char, 512> head{};
    const auto got = ::recv(streams_.back(), head.data(), head.size(), 0);
    if (got < 12 || std::string_view(head.data(), 12) != "HTTP/1.1 200")
      throw std::runtime_error("an event stream was refused");
  }
  listening_ = std::thread([this] { listen(); });
  reading_ = std::thread([this] { read_on(); });
}

ServeLoad::~ServeLoad() {
  stopping_ = true;
  listening_.join();
  reading_.join();
  for (const int stream : streams_) ::close(stream);
}

/// Takes what the streams are told, as a browser does.
void ServeLoad::listen() {
  std::vector<pollfd> wanted;
  for (const int stream : streams_) wanted.push_back({stream, POLLIN, 0});
  std::array<char, 16384> bytes{};
  while (!stopping_) {
    if (::poll(wanted.data(), wanted.size(), 50) <= 0) continue;
    for (auto& one : wanted)
      if (one.revents != 0 && ::recv(one.fd, bytes.data(), bytes.size(), MSG_DONTWAIT) == 0) one.fd = -1;
  }
}

/// One after the other, each when it is due; what comes late is made up for.
void ServeLoad::read_on() {
  constexpr std::array<const char*, 6> kTargets = {"/api/tools", "/api/lanes",           "/api/events?limit=50",
                                                   "/api/walks", "/api/tools/acme/quiz", "/metrics"};
  Client client;
  const auto began = Clock::now();
  for (int at = 0; !stopping_; ++at) {
    std::this_thread::sleep_until(began + std::chrono::microseconds(1'000'000LL * at / per_second_));
    const auto* target = kTargets.at(static_cast<std::size_t>(at) % kTargets.size());
    if (client.get(fmt::format("http://127.0.0.1:{}{}", port_, target)) == 200) ++requests_;
  }
}

}  // namespace bench
