// The curl transport against a server that does what servers should not.
#include "transport/curl_transport.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "exchanges.h"
#include "loopback_server.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSuccess = "<result>SUCCESS<result>";

/// Answers every request of a connection alike, and counts them.
struct Answering {
  std::string answer = http_answer(200, kSuccess);
  std::atomic<int> requests{0};
  std::string last_request;
  std::mutex mutex;
  void operator()(Stream& stream) {
    for (;;) {
      std::string request = stream.read_request();
      if (request.empty()) return;
      ++requests;
      std::string said;
      {
        const std::lock_guard lock(mutex);
        last_request = std::move(request);
        said = answer;
      }
      if (!stream.write(said)) return;
    }
  }
};

int entries_in(const char* folder) {
  int count = 0;
  DIR* const open = opendir(folder);
  while (readdir(open) != nullptr) ++count;
  closedir(open);
  return count;
}

TEST(CurlTransport, DeliversAndUsesOneConnectionAgain) {
  Answering tool;
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  for (int i = 0; i < 20; ++i) {
    const auto result = exchange(*transport, request_for(loopback(), server.url()));
    ASSERT_EQ(result.fault, Fault::none) << result.fault_text;
    EXPECT_EQ(result.http_status, 200);
    EXPECT_EQ(result.body, kSuccess);
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(tool.requests, 20);
}

TEST(CurlTransport, SendsAPostWithNothingUnasked) {
  Answering tool;
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  auto request = request_for(loopback(), server.url(), std::string(2'000'000, 'x'));
  request.headers = {"X-Own: yes"};
  ASSERT_EQ(exchange(*transport, request).fault, Fault::none);
  const auto seen = tool.last_request;
  EXPECT_THAT(seen, ::testing::StartsWith("POST /tool HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nUser-Agent: ptbridge/"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nX-Own: yes\r\n"));
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + request.body));
  for (const auto unwanted : {"Expect", "Accept-Encoding", "Cookie", "Authorization", "Referer", "Upgrade"})
    EXPECT_THAT(seen.substr(0, seen.find("\r\n\r\n")), Not(HasSubstr(unwanted)));
}

TEST(CurlTransport, HeadersAndBodiesOfOneExchangeAreNotThoseOfTheNext) {
  Answering tool;
  tool.answer = http_answer(200, "x", "Set-Cookie: a=b\r\n");
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  auto first = request_for(loopback(), server.url(), "first=1");
  first.headers = {"X-Own: first"};
  exchange(*transport, first);
  exchange(*transport, request_for(loopback(), server.url(), "2"));
  EXPECT_THAT(tool.last_request, Not(HasSubstr("first")));
  EXPECT_THAT(tool.last_request, Not(HasSubstr("Cookie")));
  EXPECT_TRUE(tool.last_request.ends_with("\r\n\r\n2"));
}

TEST(CurlTransport, AnswersAreReadUpToTheCap) {
  Answering tool;
  tool.answer = http_answer(200, std::string(kMaxAnswerBytes, 'x'));
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  const auto result = exchange(*transport, request_for(loopback(), server.url()));
  EXPECT_EQ(result.fault, Fault::none);
  EXPECT_EQ(result.body.size(), kMaxAnswerBytes);
}

TEST(CurlTransport, LongerAnswersAreCutOffWhileTheyAreRead) {
  std::atomic<std::size_t> written{0};
  LoopbackServer server([&](Stream& stream) {
    stream.read_request();
    stream.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(65536, 'x');
    while (written < 200'000'000 && stream.write(piece)) written += piece.size();
  });
  const auto transport = make_transport();
  const auto result = exchange(*transport, request_for(loopback(), server.url()));
  EXPECT_EQ(result.fault, Fault::answer_too_large);
  EXPECT_TRUE(result.body.empty());
  EXPECT_LT(written, 100'000'000u);
}

TEST(CurlTransport, EndlessHeadersAreCutOff) {
  for (const std::string piece :
       {"X-Filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    LoopbackServer server([&](Stream& stream) {
      stream.read_request();
      if (piece.starts_with('X')) stream.write("HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 1'000'000 && stream.write(piece); ++i) continue;
    });
    const auto transport = make_transport();
    EXPECT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::answer_too_large);
  }
}

TEST(CurlTransport, WhatIsNoHttpAnswerIsBroken) {
  const std::vector<std::string> answers = {"",
                                            "\r\n",
                                            "hello\r\n\r\n",
                                            "SSH-2.0-OpenSSH_9.2\r\n",
                                            std::string("\0\0\0\x2a garbage", 12),
                                            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
                                            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n"};
  for (const auto& answer : answers) {
    LoopbackServer server([&](Stream& stream) {
      stream.read_request();
      stream.write(answer);
    });
    const auto transport = make_transport();
    const auto result = exchange(*transport, request_for(loopback(), server.url()));
    EXPECT_EQ(result.fault, Fault::broken) << answer << " -> " << result.fault_text;
  }
}

TEST(CurlTransport, AClosedPortIsBroken) {
  std::string url;
  {
    LoopbackServer server([](Stream&) {});
    url = server.url();
  }
  const auto result = exchange(*make_transport(), request_for(loopback(), url));
  EXPECT_EQ(result.fault, Fault::broken);
  EXPECT_THAT(result.fault_text, HasSubstr("127.0.0.1"));
}

TEST(CurlTransport, ASlowToolTimesOut) {
  LoopbackServer server([](Stream& stream) {
    stream.read_request();
    stream.read_request();  // until the client gives up
  });
  auto hasty = loopback();
  hasty->total_timeout_ms = 100;
  const auto result = exchange(*make_transport(), request_for(hasty, server.url()));
  EXPECT_EQ(result.fault, Fault::timed_out);
  EXPECT_FALSE(result.fault_text.empty());
}

TEST(CurlTransport, RedirectsAreAnswersAndAreNotFollowed) {
  Answering elsewhere;
  LoopbackServer other(std::ref(elsewhere));
  Answering tool;
  tool.answer = http_answer(307, "", "Location: " + other.url() + "\r\n");
  LoopbackServer server(std::ref(tool));
  const auto result = exchange(*make_transport(), request_for(loopback(), server.url()));
  EXPECT_EQ(result.fault, Fault::none);
  EXPECT_EQ(result.http_status, 307);
  EXPECT_EQ(other.connections(), 0);
}

TEST(CurlTransport, ProxiesOfTheEnvironmentAreIgnored) {
  Answering proxy;
  LoopbackServer unwanted(std::ref(proxy));
  Answering tool;
  LoopbackServer server(std::ref(tool));
  for (const auto name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"})
    setenv(name, unwanted.url().c_str(), 1);
  const auto result = exchange(*make_transport(), request_for(loopback(), server.url()));
  for (const auto name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
  EXPECT_EQ(result.fault, Fault::none);
  EXPECT_EQ(unwanted.connections(), 0);
  EXPECT_EQ(tool.requests, 1);
}

TEST(CurlTransport, TellsWhenTheToolAsksNotToBeTriedBefore) {
  constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;
  const std::pair<const char*, std::int64_t> rows[] = {
      {"Retry-After: 120\r\n", 120'000},
      {"retry-after:1\r\n", 1'000},
      {"Retry-After: 86400\r\n", kDayMs},
      {"Retry-After: 86401\r\n", kDayMs},
      {"Retry-After: 9223372036854775807\r\n", kDayMs},
      {"Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n", kDayMs},
      {"", 0},
      {"Retry-After: Fri, 01 Jan 2010 00:00:00 GMT\r\n", 0},
      {"Retry-After: 0\r\n", 0},
      {"Retry-After: -5\r\n", 0},
      {"Retry-After: soon\r\n", 0},
      {"Retry-After: 99999999999999999999999\r\n", 0},
      {"Retry-After:\r\n", 0},
  };
  Answering tool;
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  for (const auto& [header, ms] : rows) {
    {
      const std::lock_guard lock(tool.mutex);
      tool.answer = http_answer(503, "", header);
    }
    const auto result = exchange(*transport, request_for(loopback(), server.url()));
    EXPECT_EQ(result.fault, Fault::none) << header << result.fault_text;
    EXPECT_EQ(result.retry_after_ms, ms) << header;
  }
}

/// Answers the first request of the server well, then does `second` with the next one, having read it.
LoopbackServer::Script well_then(std::atomic<int>& requests, std::function<void(Stream&)> second) {
  return [&requests, second = std::move(second)](Stream& stream) {
    while (!stream.read_request().empty()) {
      if (++requests != 2) {
        stream.write(http_answer(200, kSuccess));
      } else {
        second(stream);
        return;
      }
    }
  };
}

TEST(CurlTransport, ARequestThatWasHeardAndNotAnsweredIsNotRepeatedUnasked) {
  const std::map<std::string, std::function<void(Stream&)>> endings = {
      {"drop", [](Stream&) {}},
      {"reset", [](Stream& stream) { stream.reset_on_close(); }},
      {"half", [](Stream& stream) { stream.write("HTTP/1.1 20"); }},
  };
  for (const auto& [name, ending] : endings) {
    for (int round = 0; round < 20; ++round) {
      std::atomic<int> requests{0};
      LoopbackServer server(well_then(requests, ending));
      const auto transport = make_transport();
      ASSERT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::none);
      const auto result = exchange(*transport, request_for(loopback(), server.url()));
      EXPECT_EQ(result.fault, Fault::broken) << name;
      EXPECT_EQ(requests, 2) << name;
      EXPECT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::none) << name;
    }
  }
}

TEST(CurlTransport, AConnectionClosedBetweenExchangesIsNoFailure) {
  std::atomic<int> requests{0};
  std::atomic<int> closed{0};
  LoopbackServer server([&](Stream& stream) {
    if (stream.read_request().empty()) return;
    ++requests;
    stream.write(http_answer(200, kSuccess));  // and closes, without having said so
    shutdown(stream.fd(), SHUT_RDWR);
    ++closed;
  });
  const auto transport = make_transport();
  for (int i = 1; i <= 20; ++i) {
    const auto result = exchange(*transport, request_for(loopback(), server.url()));
    ASSERT_EQ(result.fault, Fault::none) << "exchange " << i << ": " << result.fault_text;
    ASSERT_EQ(requests, i);
    while (closed < i) std::this_thread::yield();
  }
}

TEST(CurlTransport, AServerThatClosesAfterEachAnswerUnsaidSpoilsAtMostOneExchange) {
  std::atomic<int> requests{0};
  LoopbackServer server([&](Stream& stream) {
    if (stream.read_request().empty()) return;
    ++requests;
    stream.write(http_answer(200, kSuccess));
  });
  const auto transport = make_transport();
  int failures = 0;  // a close that crosses the second request cannot be told from one that followed hearing it
  for (int i = 1; i <= 300; ++i) {
    const auto result = exchange(*transport, request_for(loopback(), server.url()));
    if (result.fault != Fault::none) ++failures;
    ASSERT_EQ(requests, i - failures);
  }
  EXPECT_LE(failures, 1);
}

TEST(CurlTransport, AToolThatResetsInMidUploadRaisesNoSignal) {
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  LoopbackServer server([](Stream& stream) {
    char bytes[10];
    EXPECT_GT(recv(stream.fd(), bytes, sizeof bytes, 0), 0);
    stream.reset_on_close();
  });
  const auto transport = make_transport();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(exchange(*transport, request_for(loopback(), server.url(), std::string(8'000'000, 'x'))).fault,
              Fault::broken);
}

TEST(CurlTransport, SignalMaskAndPendingSignalsStayTheCallers) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &pipe, &before);
  raise(SIGPIPE);
  Answering tool;
  LoopbackServer server(std::ref(tool));
  exchange(*make_transport(), request_for(loopback(), server.url()));
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  EXPECT_EQ(sigismember(&now, SIGPIPE), 1);
  EXPECT_EQ(sigismember(&now, SIGTERM), sigismember(&before, SIGTERM));
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 1);
  int taken = 0;
  sigwait(&pipe, &taken);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(CurlTransport, PlainHttpNeedsPermission) {
  Answering tool;
  LoopbackServer server(std::ref(tool));
  auto strict = loopback();
  strict->allow_http = false;
  const auto result = exchange(*make_transport(), request_for(strict, server.url()));
  EXPECT_EQ(result.fault, Fault::forbidden);
  EXPECT_THAT(result.fault_text, HasSubstr("--allow-http"));
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlTransport, AConnectionMadeForAnotherToolDoesNotCarryOne) {
  Answering tool;
  LoopbackServer server(std::ref(tool));
  const auto transport = make_transport();
  ASSERT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::none);
  auto strict = loopback();
  strict->allow_private = false;
  const auto result = exchange(*transport, request_for(strict, server.url()));
  EXPECT_EQ(result.fault, Fault::forbidden);
  EXPECT_THAT(result.fault_text, HasSubstr("--allow-private"));
  EXPECT_EQ(tool.requests, 1);
  EXPECT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::none);
}

TEST(CurlTransport, MoreExchangesThanConnectionsWaitInLine) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  LoopbackServer server([&](Stream& stream) {
    for (;;) {
      const auto request = stream.read_request();
      if (request.empty()) return;
      const int mine = ++now;
      for (int seen = most; mine > seen && !most.compare_exchange_weak(seen, mine);) continue;
      const auto body = request.substr(request.find("\r\n\r\n") + 4);
      --now;
      stream.write(http_answer(200, body));
    }
  });
  const auto transport = make_transport(4);
  for (std::uint64_t i = 0; i < 200; ++i)
    transport->start(i, request_for(loopback(), server.url(), "n=" + std::to_string(i)));
  std::set<std::uint64_t> seen;
  for (const auto& result : results(*transport, 200)) {
    EXPECT_EQ(result.fault, Fault::none) << result.fault_text;
    EXPECT_EQ(result.body, "n=" + std::to_string(result.ticket));
    seen.insert(result.ticket);
  }
  EXPECT_EQ(seen.size(), 200u);
  EXPECT_LE(most, 4);
  EXPECT_LE(server.connections(), 4);
}

TEST(CurlTransport, AWakeEndsThePollUnderWayOrTheNextOne) {
  const auto transport = make_transport();
  std::vector<ExchangeResult> done;
  transport->wake();
  transport->poll(done, 60'000);  // the test's time limit is the bound
  std::thread other([&] { transport->wake(); });
  transport->poll(done, 60'000);
  other.join();
  transport->poll(done, 0);
  EXPECT_TRUE(done.empty());
}

TEST(CurlTransport, APollEndsWhenNothingHappens) {
  const auto transport = make_transport();
  std::vector<ExchangeResult> done;
  transport->poll(done, 20);
  transport->poll(done, -1);
  EXPECT_TRUE(done.empty());
}

TEST(CurlTransport, AbandonedExchangesGiveNoResult) {
  std::atomic<int> silent{0};
  LoopbackServer server([&](Stream& stream) {
    const auto request = stream.read_request();
    if (request.find("silent=1") != std::string::npos) {
      ++silent;
      stream.read_request();
    } else {
      stream.write(http_answer(200, kSuccess));
    }
  });
  const auto transport = make_transport(2);
  for (std::uint64_t i = 0; i < 5; ++i) transport->start(i, request_for(loopback(), server.url(), "silent=1"));
  std::vector<ExchangeResult> done;
  for (int i = 0; i < 300 && silent < 2; ++i) transport->poll(done, 100);
  ASSERT_EQ(silent, 2);
  transport->abandon_all();
  EXPECT_EQ(exchange(*transport, request_for(loopback(), server.url())).fault, Fault::none);
  transport->poll(done, 0);
  EXPECT_TRUE(done.empty());
}

TEST(CurlTransport, LeavesNoDescriptorAndNoThread) {
  const int threads_before = entries_in("/proc/self/task");
  Answering tool;
  LoopbackServer server(std::ref(tool));
  exchange(*make_transport(), request_for(loopback(), server.url()));  // what libraries open once for all
  const auto round = [&](bool count) {
    const int descriptors = entries_in("/proc/self/fd");
    {
      const auto transport = make_transport();
      exchange(*transport, request_for(loopback(), server.url()));
      transport->start(1, request_for(loopback(), server.url()));
    }
    return count ? entries_in("/proc/self/fd") - descriptors : 0;
  };
  // The server closes its ends a little later than the transport: wait for that, with a bound.
  int left = 1;
  for (int i = 0; i < 100 && left > 0; ++i) left = round(true);
  EXPECT_LE(left, 0);
  int threads = 0;
  for (int i = 0; i < 1000; ++i) {
    threads = entries_in("/proc/self/task");
    if (threads <= threads_before + 1) break;
    usleep(10'000);
  }
  EXPECT_LE(threads, threads_before + 1);  // the server's acceptor
}

TEST(CurlTransport, EveryDescriptorIsClosedOnExec) {
  Answering tool;
  LoopbackServer server(std::ref(tool));
  std::set<int> before;
  for (int fd = 0; fd < 1024; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) before.insert(fd);
  const auto transport = make_transport();
  exchange(*transport, request_for(loopback(), server.url()));
  int seen = 0;
  for (int fd = 0; fd < 1024; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || before.count(fd) != 0) continue;
    ++seen;
    EXPECT_NE(flags & FD_CLOEXEC, 0) << fd;
  }
  EXPECT_GE(seen, 3);  // the connection, libcurl's wake pair
  std::vector<ExchangeResult> done;
  transport->wake();
  transport->poll(done, 60'000);  // and the pair still does its work
}

}  // namespace
}  // namespace ptb::test
