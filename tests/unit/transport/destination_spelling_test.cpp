// Ways to spell a place that a tool must not be able to have requests sent to: as numbers, as names, by redirects and
// by names that change. Every one goes through the real transport, with servers listening where it would arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exchanges.h"
#include "loopback_server.h"
#include "name_lookups.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;

/// Listens on one port of all the addresses of this machine that the spellings mean.
class Listeners {
 public:
  Listeners()
      : first_(answer_all),
        second_(answer_all, nullptr, "127.0.0.2", first_.port()),
        sixth_(answer_all, nullptr, "::1", first_.port()) {}
  [[nodiscard]] int port() const { return first_.port(); }
  [[nodiscard]] int connections() const { return first_.connections() + second_.connections() + sixth_.connections(); }
  [[nodiscard]] const LoopbackServer& at_127_0_0_1() const { return first_; }
  [[nodiscard]] const LoopbackServer& at_127_0_0_2() const { return second_; }
  [[nodiscard]] const LoopbackServer& at_ipv6() const { return sixth_; }

 private:
  LoopbackServer first_;
  LoopbackServer second_;
  LoopbackServer sixth_;
};

/// Plain http is allowed, so that nothing but the address is the reason.
std::shared_ptr<Destination> strict() {
  auto destination = loopback();
  destination->allow_private = false;
  return destination;
}

std::shared_ptr<Destination> allowing(const std::string& cidrs) {
  auto destination = strict();
  destination->allow_cidrs = cidrs;
  return destination;
}

std::string url_of(std::string_view host, int port, std::string_view path = "/tool") {
  return "http://" + std::string(host) + ":" + std::to_string(port) + std::string(path);
}

const std::vector<std::string>& forbidden_hosts() {
  static const std::vector<std::string> kHosts = {
      // 127.0.0.1, in all the ways that inet_aton reads
      "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x1",
      "0177.0.0.1", "0177.1", "0177.0.1", "017700000001", "00000000177.1", "0x7f.0.1", "127.0x1", "127.0.0x0.1",
      "127.000.000.001", "127.0.0.01", "0x0000007f.1", "127.0.0.2", "127.255.255.254", "127.65535", "127.0.0.1.",
      "127.1.", "2130706433.", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.%31", "%30x7f.1",
      // this host, otherwise
      "0", "0.0.0.0", "00", "0x0", "0.1", "000.000.000.000",
      // the same in IPv6
      "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::]", "[::0.0.0.1]", "[::1%25lo]",
      "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
      "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]",
      "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
      // private, shared, link-local, metadata
      "10.0.0.1", "10.1", "012.0.0.1", "0xa000001", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.257",
      "3232235521", "[::ffff:10.0.0.1]", "[::ffff:c0a8:1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "100.64.0.1",
      "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]",
      "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "100.100.100.200", "168.63.129.16",
      "192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%251]", "[febf::1]",
      "[fec0::1]", "[fc00::1]", "[fd12:3456::1]",
      // what is no place at all
      "224.0.0.1", "255.255.255.255", "4294967295", "240.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.1", "[ff02::1]",
      "[2001:db8::1]", "[3fff::1]", "[100::1]", "[4000::1]",
      // names
      "localhost", "LOCALHOST", "localhost.", "anything.localhost", "LocalHost.LocalHost", "loopback.example",
      "loopback.example.", "LOOPBACK.example", "six.example", "mapped.example", "private.example",
      "unspecified.example", "metadata.google.internal", "all-bad.example"};
  return kHosts;
}

NameLookups known_names() {
  return NameLookups(Names{{"loopback.example", {"127.0.0.1"}},
                           {"loopback.example.", {"127.0.0.1"}},
                           {"LOOPBACK.example", {"127.0.0.1"}},
                           {"localhost.", {"127.0.0.1"}},
                           {"127.0.0.1.", {"127.0.0.1"}},
                           {"127.1.", {"127.0.0.1"}},
                           {"2130706433.", {"127.0.0.1"}},
                           {"six.example", {"::1"}},
                           {"mapped.example", {"::ffff:127.0.0.1"}},
                           {"private.example", {"10.0.0.1"}},
                           {"unspecified.example", {"0.0.0.0"}},
                           {"metadata.google.internal", {"169.254.169.254"}},
                           {"all-bad.example", {"127.0.0.1", "::1", "10.0.0.1", "127.0.0.2"}}});
}

TEST(DestinationSpelling, EveryWayToWriteAForbiddenPlaceIsRefused) {
  const NameLookups names = known_names();
  const Listeners listeners;
  const auto transport = make_transport();
  for (const auto& host : forbidden_hosts()) {
    const auto result = exchange(*transport, request_for(strict(), url_of(host, listeners.port())));
    EXPECT_EQ(result.fault, Fault::forbidden) << host << ": " << result.fault_text;
    EXPECT_EQ(listeners.connections(), 0) << host;
  }
  // The listeners do listen, and the names do resolve: with leave, requests arrive.
  for (const auto host : {"127.1", "[::1]", "0177.0.0.1", "loopback.example", "127.0.0.2", "[::ffff:7f00:1]"})
    EXPECT_EQ(exchange(*transport, request_for(loopback(), url_of(host, listeners.port()))).fault, Fault::none) << host;
}

TEST(DestinationSpelling, TricksWithTheParsingOfUrlsReachNobody) {
  const NameLookups names(Names{{"public.example", {"127.0.0.1"}}});  // were it asked for, the guard would still refuse
  const Listeners listeners;
  const auto transport = make_transport();
  const std::string port = std::to_string(listeners.port());
  const std::vector<std::string> urls = {
      "http://public.example@127.0.0.1:" + port + "/",
      "http://public.example:80@127.0.0.1:" + port + "/",
      "http://public.example%40127.0.0.1:" + port + "/",
      "http://a:b@c@127.0.0.1:" + port + "/",
      "http://@127.0.0.1:" + port + "/",
      "http://127.0.0.1:" + port + "@public.example/",
      "http://127.0.0.1:" + port + "\\@public.example/",
      "http://public.example\\@127.0.0.1:" + port + "/",
      "http://public.example#@127.0.0.1:" + port + "/",
      "http://public.example?@127.0.0.1:" + port + "/",
      "http:///127.0.0.1:" + port + "/",
      "http:////127.0.0.1:" + port + "/",
      "http:/127.0.0.1:" + port + "/",
      "http:127.0.0.1:" + port + "/",
      "http:\\\\127.0.0.1:" + port + "/",
      "http://\t127.0.0.1:" + port + "/",
      " http://127.0.0.1:" + port + "/",
      "http://127.0.0.1\n:" + port + "/",
      "http://127.0.0.1%0d%0a:" + port + "/",
      "http://127.0.0.1%00.public.example:" + port + "/",
      "http://127.0.0.1%2f.public.example:" + port + "/",
      "http://127.0.0.1:0" + port + "/",
      "http://127.0.0.1:" + port + "0000/",
      "http://[::1:" + port + "/",
      "http://[127.0.0.1]:" + port + "/",
      "http://[::ffff:127.1]:" + port + "/",
      "http://[::ffff:0x7f.0.0.1]:" + port + "/",
      "http://256.256.256.256:" + port + "/",
      "http://127.0.0.1.:" + port + "/",
      "http://127..1:" + port + "/",
      "http://4294967297:" + port + "/",
      "http://127.0.0.1,public.example:" + port + "/",
      "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:" + port + "/",  // full-width digits
      "http://127\xe3\x80\x82"
      "0\xe3\x80\x82"
      "0\xe3\x80\x82"
      "1:" +
          port + "/",                                                     // ideographic full stops
      "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:" + port + "/",  // circled digits
      "http://\xe2\x93\x9bocalhost:" + port + "/",                        // a circled letter
      "http://loc\xc2\xad"
      "alhost:" +
          port + "/",  // a soft hyphen
      "http://xn--127-.0.0.1:" + port + "/",
      "ftp://127.0.0.1:" + port + "/",
      "gopher://127.0.0.1:" + port + "/_POST",
      "telnet://127.0.0.1:" + port + "/",
      "dict://127.0.0.1:" + port + "/x",
      "file://127.0.0.1/etc/passwd",
      "127.0.0.1:" + port + "/",
      "//127.0.0.1:" + port + "/",
  };
  for (const auto& url : urls) {
    const auto result = exchange(*transport, request_for(strict(), url));
    EXPECT_NE(result.fault, Fault::none) << url;
    EXPECT_EQ(result.http_status, 0) << url;
    EXPECT_EQ(listeners.connections(), 0) << url;
  }
}

TEST(DestinationSpelling, ARangeReachesWhatIsInItAndNotItsNeighbour) {
  const NameLookups names(Names{{"tool.example", {"127.0.0.1"}}, {"neighbour.example", {"127.0.0.2"}}});
  const Listeners listeners;
  const auto transport = make_transport();
  const auto only_first = allowing("127.0.0.1/32");
  for (const auto host : {"127.0.0.1", "tool.example", "127.1", "[::ffff:127.0.0.1]"}) {
    const auto result = exchange(*transport, request_for(only_first, url_of(host, listeners.port())));
    EXPECT_EQ(result.fault, Fault::none) << host << ": " << result.fault_text;
  }
  for (const auto host : {"127.0.0.2", "neighbour.example", "[::1]", "127.0.0.0"}) {
    const auto result = exchange(*transport, request_for(only_first, url_of(host, listeners.port())));
    EXPECT_EQ(result.fault, Fault::forbidden) << host;
  }
  EXPECT_EQ(listeners.at_127_0_0_2().connections() + listeners.at_ipv6().connections(), 0);
  EXPECT_EQ(exchange(*transport, request_for(allowing("::1/128"), url_of("[::1]", listeners.port()))).fault,
            Fault::none);
}

TEST(DestinationSpelling, AKeptConnectionIsNotUsedUnderANarrowerRange) {
  const Listeners listeners;
  const auto transport = make_transport();
  const auto url = url_of("127.0.0.1", listeners.port());
  ASSERT_EQ(exchange(*transport, request_for(allowing("127.0.0.0/8"), url)).fault, Fault::none);
  EXPECT_EQ(exchange(*transport, request_for(allowing("127.0.0.2/32"), url)).fault, Fault::forbidden);
  EXPECT_EQ(exchange(*transport, request_for(allowing("127.0.0.1/32"), url)).fault, Fault::none);
  EXPECT_EQ(listeners.at_127_0_0_2().connections(), 0);
}

TEST(DestinationSpelling, OfSeveralAddressesOfANameOnlyTheAllowedAreUsed) {
  const NameLookups names(Names{{"tool.example", {"127.0.0.2", "::1", "127.0.0.1"}}});
  const Listeners listeners;
  const auto result =
      exchange(*make_transport(), request_for(allowing("127.0.0.1/32"), url_of("tool.example", listeners.port())));
  EXPECT_EQ(result.fault, Fault::none) << result.fault_text;
  EXPECT_EQ(listeners.at_127_0_0_1().connections(), 1);
  EXPECT_EQ(listeners.connections(), 1);
}

// There is no look-up before the one that the connection is made from: what is judged is the address that the socket is
// about to be connected to. So the name may change as it likes.
TEST(DestinationSpelling, ANameThatChangesIsJudgedByWhatItIsWhenConnecting) {
  NameLookups names(Names{{"tool.example", {"127.0.0.1"}}});
  const Listeners listeners;
  const auto tool = allowing("127.0.0.1/32");
  const auto url = url_of("tool.example", listeners.port());
  for (int round = 0; round < 3; ++round) {
    names.set("tool.example", {"127.0.0.1"});
    const int before = names.count();
    const auto good = make_transport();  // a new one each time, since libcurl remembers names for a minute
    EXPECT_EQ(exchange(*good, request_for(tool, url)).fault, Fault::none);
    EXPECT_EQ(names.count(), before + 1);
    names.set("tool.example", {"127.0.0.2"});
    const auto result = exchange(*make_transport(), request_for(tool, url));
    EXPECT_EQ(result.fault, Fault::forbidden);
    EXPECT_THAT(result.fault_text, HasSubstr("127.0.0.2"));
    EXPECT_EQ(exchange(*good, request_for(tool, url)).fault, Fault::none) << "the connection that was allowed goes on";
  }
  EXPECT_EQ(listeners.at_127_0_0_2().connections(), 0);
}

TEST(DestinationSpelling, ARedirectToAPrivatePlaceIsNotFollowed) {
  const Listeners listeners;
  for (const int status : {301, 302, 303, 307, 308}) {
    for (const std::string target : {"127.0.0.2", "[::1]", "169.254.169.254"}) {
      LoopbackServer tool([&](Stream& stream) {
        stream.read_request();
        const std::string to = url_of(target, listeners.port());
        stream.write(http_answer(status, "", "Location: " + to + "\r\nRefresh: 0; url=" + to + "\r\n"));
      });
      const auto result = exchange(*make_transport(), request_for(allowing("127.0.0.1/32"), tool.url()));
      EXPECT_EQ(result.fault, Fault::none) << result.fault_text;
      EXPECT_EQ(result.http_status, status);
      EXPECT_EQ(tool.connections(), 1);
    }
  }
  EXPECT_EQ(listeners.connections(), 0);
}

}  // namespace
}  // namespace ptb::test
