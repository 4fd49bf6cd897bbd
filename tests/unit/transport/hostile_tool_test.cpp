// Tools that do their worst. Each may cost the transport its time-out, and a bounded amount of memory, which is
// measured in a process of its own; and it delays no other exchange, which is seen from the order in which they end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

#include "certificates.h"
#include "exchanges.h"
#include "loopback_server.h"

namespace ptb::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // a sanitizer's own bookkeeping grows too
#else
constexpr bool kMemoryIsOurs = true;
#endif
constexpr long kMostKib = 1024;
constexpr std::uint32_t kTimeoutMs = 700;

using Script = LoopbackServer::Script;

/// Reads the request, sends `start`, then `piece` for ever.
Script endless(std::string start, std::string piece) {
  return [start = std::move(start), piece = std::move(piece)](Stream& stream) {
    stream.read_request();
    if (!stream.write(start)) return;
    while (stream.write(piece)) continue;
  };
}

/// Sends `bytes` and keeps the connection, silent.
Script then_silent(std::string bytes) {
  return [bytes = std::move(bytes)](Stream& stream) {
    stream.read_request();
    stream.write(bytes);
    stream.wait_for_end();
  };
}

Script then_closed(std::string bytes) {
  return [bytes = std::move(bytes)](Stream& stream) {
    stream.read_request();
    stream.write(bytes);
  };
}

/// Sends `start`, then a byte now and then until the peer has gone.
Script dripping(std::string start) {
  return [start = std::move(start)](Stream& stream) {
    stream.read_request();
    stream.write(start);
    pollfd gone{stream.fd(), POLLIN | POLLRDHUP, 0};
    while (poll(&gone, 1, 100) == 0 && stream.write("x")) continue;
  };
}

/// The same for a server that speaks no TLS, after the greeting of a client that does.
Script to_tls_greeting(std::string start, std::string piece) {
  return [start = std::move(start), piece = std::move(piece)](Stream& stream) {
    char greeting[4096];
    if (recv(stream.fd(), greeting, sizeof greeting, 0) <= 0 || !stream.write(start)) return;
    while (!piece.empty() && stream.write(piece)) continue;
    stream.wait_for_end();
  };
}

/// Answers with messages of TLS that belong to no answer, for ever.
Script tls_messages(int (*next)(SSL*)) {
  return [next](Stream& stream) {
    stream.read_request();
    pollfd gone{stream.fd(), POLLIN | POLLRDHUP, 0};  // OpenSSL does not mind tickets that nobody takes
    while (poll(&gone, 1, 0) == 0 && next(stream.ssl()) == 1 && SSL_do_handshake(stream.ssl()) == 1) continue;
  };
}

/// A zstd frame that asks for a window of 128 MiB; each further block makes 128 KiB of four bytes.
const std::string kZstdFrame("\x28\xb5\x2f\xfd\x00\x88", 6);
const std::string kZstdBlock("\x02\x00\x10\x00", 4);

enum class Scheme { http, https, https_without_tls };

struct HostileTool {
  const char* name;
  Scheme scheme;
  Script script;
  std::vector<Fault> faults;  ///< what it may be called
  CertificateOptions certificate = {};
  bool trusted = true;
};

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

std::vector<HostileTool> hostile_tools() {
  const std::string long_text(16'384, 'x');
  const auto too_large = std::vector{Fault::answer_too_large};
  const auto broken = std::vector{Fault::broken};
  const auto large_or_broken = std::vector{Fault::answer_too_large, Fault::broken};
  const auto timed_out = std::vector{Fault::timed_out};
  const auto handshake = std::vector{Fault::tls_handshake};
  const auto cut_or_timed_out = std::vector{Fault::answer_too_large, Fault::timed_out, Fault::broken};
  return {
      {"endless header", Scheme::http, endless(kOk, "X-Filler: " + std::string(100, 'y') + "\r\n"), too_large},
      {"one endless header line", Scheme::http, endless(kOk + "X-Filler: ", long_text), large_or_broken},
      {"endless status line", Scheme::http, endless("HTTP/1.1 200 ", long_text), large_or_broken},
      {"endless body", Scheme::http, endless(kOk + "\r\n", long_text), too_large},
      {"endless body over TLS", Scheme::https, endless(kOk + "\r\n", long_text), too_large},
      {"endless chunks", Scheme::http, endless(kChunked, "4000\r\n" + long_text + "\r\n"), too_large},
      {"huge length", Scheme::http, endless(kOk + "Content-Length: 9223372036854775807\r\n\r\n", long_text), too_large},
      {"longer than its length", Scheme::http, endless(kOk + "Content-Length: 2\r\n\r\n", "no"), {Fault::none}},
      {"shorter than its length", Scheme::http, then_silent(kOk + "Content-Length: 20\r\n\r\nshort"), timed_out},
      {"silent", Scheme::http, then_silent(""), timed_out},
      {"a header byte now and then", Scheme::http, dripping(kOk + "X-Slow: "), timed_out},
      {"a body byte now and then", Scheme::http, dripping(kOk + "\r\n"), timed_out},
      {"100 Continue for ever", Scheme::http, endless("", "HTTP/1.1 100 Continue\r\n\r\n"), too_large},
      {"103 Early Hints for ever", Scheme::http, endless("", "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"), too_large},
      {"endless chunk extension", Scheme::http, endless(kChunked + "1;", long_text), too_large},
      {"huge chunk extensions", Scheme::http, endless(kChunked, "1;" + long_text + "\r\na\r\n"), too_large},
      {"endless chunk size", Scheme::http, endless(kChunked, "0000000000000000"), broken},
      {"endless trailers", Scheme::http, endless(kChunked + "0\r\n", "X-Filler: yyyyyyyyyyyyyyyyyy\r\n"), too_large},
      {"one endless trailer", Scheme::http, endless(kChunked + "0\r\nX-Filler: ", long_text), large_or_broken},
      {"HTTP/0.9", Scheme::http, then_closed("<result>SUCCESS<result>"), broken},
      {"zstd bomb as transfer coding", Scheme::http,
       endless(kOk + "Transfer-Encoding: zstd\r\n\r\n" + kZstdFrame, kZstdBlock), broken},
      {"gzip bomb below chunks", Scheme::http, endless(kOk + "transfer-encoding:\tgzip, chunked\r\n\r\n", "0"), broken},
      {"zstd bomb as content coding", Scheme::http,
       endless(kOk + "Content-Encoding: zstd\r\n\r\n" + kZstdFrame, kZstdBlock), too_large},
      {"certificate for another name", Scheme::https, answer_all, handshake, {.alternative_names = "DNS:x.example"}},
      {"expired certificate", Scheme::https, answer_all, handshake, {.valid_from_s = -7200, .valid_until_s = -3600}},
      {"certificate of tomorrow",
       Scheme::https,
       answer_all,
       handshake,
       {.valid_from_s = 86'400, .valid_until_s = 90'000}},
      {"self-signed certificate", Scheme::https, answer_all, handshake, {}, false},
      {"handshake that never begins", Scheme::https_without_tls, to_tls_greeting("", ""), timed_out},
      {"handshake stopped half-way", Scheme::https_without_tls,
       to_tls_greeting(std::string("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11), ""), timed_out},
      {"huge handshake message", Scheme::https_without_tls,
       to_tls_greeting(std::string("\x16\x03\x03\x40\x00\x02\xff\xff\xff", 9), long_text), handshake},
      {"warning alerts for ever", Scheme::https_without_tls,
       to_tls_greeting("", std::string("\x15\x03\x03\x00\x02\x01\x5a", 7)), handshake},
      {"session tickets for ever", Scheme::https, tls_messages(&SSL_new_session_ticket), cut_or_timed_out},
      {"key updates for ever", Scheme::https,
       tls_messages([](SSL* ssl) { return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED); }), cut_or_timed_out},
      {"hello requests for ever",
       Scheme::https_without_tls,
       to_tls_greeting("", std::string("\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9)),
       {Fault::tls_handshake, Fault::timed_out, Fault::answer_too_large}},
  };
}

/// A hostile tool that listens.
class Running {
 public:
  explicit Running(const HostileTool& tool, std::uint32_t timeout_ms = kTimeoutMs)
      : certificate_(tool.certificate),
        stranger_(),
        destination_(trusting(tool.trusted ? certificate_.pem() : stranger_.pem())),
        server_(tool.script, tool.scheme == Scheme::https ? certificate_.context() : nullptr),
        url_(server_.url(tool.scheme == Scheme::http ? "http" : "https")) {
    destination_->allow_http = true;
    destination_->total_timeout_ms = timeout_ms;
  }
  [[nodiscard]] HttpRequest request() const { return request_for(destination_, url_); }

 private:
  Certificate certificate_;
  Certificate stranger_;
  std::shared_ptr<Destination> destination_;
  LoopbackServer server_;
  std::string url_;
};

long peak_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6);
  return -1;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

/// A process that makes one good exchange, so that everything is loaded, and then the one asked for. Made before the
/// servers, so that it has none of their threads and none of their memory.
class Child {
 public:
  Child() {
    int to_child[2];
    int from_child[2];
    EXPECT_EQ(pipe2(to_child, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(from_child, O_CLOEXEC), 0);
    process_ = fork();
    if (process_ == 0) {
      close(to_child[1]);
      close(from_child[0]);
      run(to_child[0], from_child[1]);
    }
    close(to_child[0]);
    close(from_child[1]);
    to_ = to_child[1];
    from_ = from_child[0];
  }
  ~Child() {
    close(to_);
    close(from_);
    waitpid(process_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  struct Cost {
    int fault = -1;
    long kib = -1;
    std::string text;
  };
  Cost exchange_with(const HttpRequest& good, const HttpRequest& hostile) const {
    std::string order;
    for (const auto& request : {good, hostile}) order += request.url + "\n" + request.destination->ca_file + "\n";
    EXPECT_EQ(write(to_, order.data(), order.size()), static_cast<ssize_t>(order.size()));
    std::string told;
    char bytes[1024];
    for (ssize_t count = 0; (count = read(from_, bytes, sizeof bytes)) > 0;)
      told.append(bytes, static_cast<std::size_t>(count));
    Cost cost;
    std::istringstream words(told);
    words >> cost.fault >> cost.kib;
    std::getline(words, cost.text);
    return cost;
  }

 private:
  [[noreturn]] static void run(int orders, int answers) {
    std::string order;
    char byte = 0;
    for (int lines = 0; lines < 4 && read(orders, &byte, 1) == 1; lines += byte == '\n' ? 1 : 0) order.push_back(byte);
    std::istringstream lines(order);
    const auto transport = make_transport();
    const auto one = [&] {
      std::string url;
      std::string ca_file;
      std::getline(lines, url);
      std::getline(lines, ca_file);
      const auto destination = trusting(ca_file);
      destination->allow_http = true;
      destination->total_timeout_ms = kTimeoutMs;
      return exchange(*transport, request_for(destination, url));
    };
    one();
    forget_peak();
    const long before = peak_kib();
    const auto result = one();
    std::ostringstream told;
    told << static_cast<int>(result.fault) << ' ' << peak_kib() - before << ' ' << result.fault_text << '\n';
    const std::string text = told.str();
    _exit(write(answers, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }

  pid_t process_ = -1;
  int to_ = -1;
  int from_ = -1;
};

TEST(HostileTool, EachCostsLittleMemoryAndIsCalledWhatItIs) {
  std::ostringstream costs;
  for (const auto& tool : hostile_tools()) {
    const Child child;
    const Running hostile(tool);
    const Running good({"good", Scheme::https, answer_all, {Fault::none}});
    const auto cost = child.exchange_with(good.request(), hostile.request());
    EXPECT_THAT(tool.faults, Contains(static_cast<Fault>(cost.fault))) << tool.name << ": " << cost.text;
    EXPECT_TRUE(!kMemoryIsOurs || cost.kib >= 0) << tool.name;
    EXPECT_TRUE(!kMemoryIsOurs || cost.kib <= kMostKib) << tool.name << ": " << cost.kib << " KiB";
    costs << tool.name << " " << cost.kib << " KiB; ";
  }
  RecordProperty("costs", costs.str());
}

TEST(HostileTool, AllOfThemTogetherHoldUpNoOther) {
  constexpr int kGood = 50;
#ifdef __SANITIZE_THREAD__
  constexpr std::uint32_t kLongTimeoutMs = 30'000;  // everything takes ten times as long
#else
  constexpr std::uint32_t kLongTimeoutMs = 4'000;
#endif
  const auto tools = hostile_tools();
  std::deque<Running> running;
  for (const auto& tool : tools) running.emplace_back(tool, kLongTimeoutMs);
  LoopbackServer good(answer_all);
  const auto transport = make_transport();
  std::uint64_t ticket = 0;
  for (const auto& tool : running) transport->start(ticket++, tool.request());
  std::vector<ExchangeResult> done;
  for (int sent = 0; sent < kGood; ++sent) {
    const std::uint64_t mine = tools.size() + static_cast<std::uint64_t>(sent);
    transport->start(mine, request_for(loopback(), good.url()));
    while (done.empty() || done.back().ticket != mine) {
      const std::size_t before = done.size();
      for (int i = 0; i < 300 && done.size() == before; ++i) transport->poll(done, 100);
      ASSERT_GT(done.size(), before) << "nothing ends";
      // Several may end in one poll; the good one is looked at last.
      for (std::size_t at = before; at + 1 < done.size(); ++at)
        if (done[at].ticket == mine) std::swap(done[at], done.back());
    }
    ASSERT_EQ(done.back().fault, Fault::none) << done.back().fault_text;
  }
  for (const auto& result : done)
    EXPECT_NE(result.fault, Fault::timed_out) << "the good ones came only after time-outs";
  const std::size_t left = tools.size() + kGood - done.size();
  EXPECT_GE(left, 6u) << "the slow ones are still under way";
  for (const auto& result : results(*transport, left)) done.push_back(result);
  for (const auto& result : done) {
    if (result.ticket >= tools.size()) continue;
    const auto& tool = tools[result.ticket];
    EXPECT_THAT(tool.faults, Contains(result.fault)) << tool.name << ": " << result.fault_text;
  }
}

TEST(HostileTool, WhatIsEncodedIsHandedOnAsItCame) {
  // "<result>SUCCESS<result>", gzip.
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x29\x4a\x2d\x2e\xcd\x29\xb1\x0b\x0e\x75\x76\x76\x0d\x0e\xb6\x81\x72"
      "\x01\xc2\x46\x40\x5c\x17\x00\x00\x00",
      37);
  LoopbackServer server([&](Stream& stream) {
    while (!stream.read_request().empty()) stream.write(http_answer(200, packed, "Content-Encoding: gzip\r\n"));
  });
  const auto result = exchange(*make_transport(), request_for(loopback(), server.url()));
  EXPECT_EQ(result.fault, Fault::none);
  EXPECT_EQ(result.body, packed);
}

TEST(HostileTool, ACodingThatNobodyAskedForIsNamed) {
  LoopbackServer server(endless(kOk + "Transfer-Encoding: gzip\r\n\r\n", "x"));
  const auto result = exchange(*make_transport(), request_for(loopback(), server.url()));
  EXPECT_EQ(result.fault_text, "answered in the transfer coding 'gzip', which nobody asked for");
}

}  // namespace
}  // namespace ptb::test
