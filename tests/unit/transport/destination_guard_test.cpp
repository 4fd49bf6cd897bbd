// The destination guard, address by address.
#include "transport/destination_guard.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

namespace ptb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What lets a request through; private addresses can be allowed by a range as well.
enum class May { always, if_private_allowed, if_range_allowed, never };

struct Row {
  const char* address;
  May may;
};

const Row kRows[] = {
    {"8.8.8.8", May::always},
    {"9.255.255.255", May::always},
    {"11.0.0.0", May::always},
    {"100.63.255.255", May::always},
    {"100.128.0.0", May::always},
    {"126.255.255.255", May::always},
    {"128.0.0.0", May::always},
    {"172.15.255.255", May::always},
    {"172.32.0.0", May::always},
    {"192.167.255.255", May::always},
    {"192.169.0.0", May::always},
    {"198.17.255.255", May::always},
    {"198.20.0.0", May::always},
    {"223.255.255.255", May::always},
    {"2001:4860:4860::8888", May::always},
    {"2606:4700::1111", May::always},
    {"2003::1", May::always},
    {"::ffff:8.8.8.8", May::always},
    {"127.0.0.1", May::if_private_allowed},
    {"127.255.255.255", May::if_private_allowed},
    {"10.0.0.0", May::if_private_allowed},
    {"10.255.255.255", May::if_private_allowed},
    {"172.16.0.1", May::if_private_allowed},
    {"172.31.255.255", May::if_private_allowed},
    {"192.168.1.1", May::if_private_allowed},
    {"::1", May::if_private_allowed},
    {"fc00::1", May::if_private_allowed},
    {"fdff::1", May::if_private_allowed},
    {"::ffff:127.0.0.1", May::if_private_allowed},
    {"::ffff:10.1.2.3", May::if_private_allowed},
    {"0.0.0.0", May::never},
    {"0.1.2.3", May::never},
    {"100.64.0.1", May::if_range_allowed},
    {"100.100.100.200", May::never},
    {"100.127.255.255", May::if_range_allowed},
    {"168.63.129.16", May::never},
    {"169.254.169.254", May::never},
    {"192.0.0.192", May::never},
    {"192.0.2.1", May::never},
    {"192.88.99.1", May::never},
    {"198.18.0.1", May::never},
    {"198.19.255.255", May::never},
    {"198.51.100.7", May::never},
    {"203.0.113.7", May::never},
    {"224.0.0.1", May::never},
    {"239.255.255.255", May::never},
    {"240.0.0.1", May::never},
    {"255.255.255.255", May::never},
    {"::", May::never},
    {"::2", May::never},
    {"::127.0.0.1", May::never},
    {"::ffff:169.254.169.254", May::never},
    {"::ffff:0.0.0.0", May::never},
    {"::ffff:0:127.0.0.1", May::never},
    {"64:ff9b::7f00:1", May::if_range_allowed},
    {"64:ff9b::808:808", May::if_range_allowed},
    {"64:ff9b::a9fe:a9fe", May::never},
    {"::ffff:100.64.0.1", May::if_range_allowed},
    {"::ffff:100.100.100.200", May::never},
    {"64:ff9b:1::1", May::never},
    {"100::1", May::never},
    {"2001::1", May::never},
    {"2001:2::1", May::never},
    {"2001:db8::1", May::never},
    {"2002:7f00:1::", May::if_range_allowed},
    {"2002:a9fe:a9fe::", May::never},
    {"2002:e000:1::", May::never},
    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", May::never},
    {"3fff::1", May::never},
    {"fd00:ec2::254", May::never},
    {"fe80::1", May::never},
    {"febf::1", May::never},
    {"fec0::1", May::never},
    {"ff02::1", May::never},
    {"4000::1", May::never},
    {"5f00::1", May::never},
};

sockaddr_storage as_socket_address(const char* text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return storage;
}

TEST(DestinationGuard, JudgesEveryAddressAsTheTableSays) {
  Destination strict;
  Destination open;
  open.allow_private = true;
  Destination all_ranges;
  all_ranges.allow_cidrs = "0.0.0.0/0 ::/0";
  for (const auto& [address, may] : kRows) {
    const auto storage = as_socket_address(address);
    const auto* socket_address = reinterpret_cast<const sockaddr*>(&storage);
    EXPECT_EQ(address_problem(socket_address, strict).empty(), may == May::always) << address;
    EXPECT_EQ(address_problem(socket_address, open).empty(), may == May::always || may == May::if_private_allowed)
        << address;
    EXPECT_EQ(address_problem(socket_address, all_ranges).empty(), may != May::never) << address;
    EXPECT_EQ(address_problem(socket_address, strict), address_problem(std::string_view(address), strict)) << address;
  }
}

TEST(DestinationGuard, SaysWhichAddressAndWhatWouldAllowIt) {
  EXPECT_EQ(address_problem("10.0.0.5", {}),
            "10.0.0.5 is a private address: allow it for this tool with --allow-private or --allow-cidr 10.0.0.5/32");
  EXPECT_EQ(address_problem("100.64.0.1", {}),
            "100.64.0.1 is a shared (carrier) address: allow it for this tool with --allow-cidr 100.64.0.1/32");
  EXPECT_THAT(address_problem("::1", {}), HasSubstr("--allow-cidr ::1/128"));
  EXPECT_THAT(address_problem("::ffff:10.0.0.5", {}), HasSubstr("--allow-cidr 10.0.0.5/32"));
  EXPECT_THAT(address_problem("169.254.169.254", {}), HasSubstr("169.254.169.254 is a link-local or cloud metadata"));
  EXPECT_THAT(address_problem("fe80::1%eth0", {}), HasSubstr("link-local"));
}

TEST(DestinationGuard, ARangeOpensWhatIsInItAndNothingElse) {
  struct RangeRow {
    const char* ranges;
    const char* inside;   ///< "" for none
    const char* outside;  ///< "" for none
  };
  const RangeRow rows[] = {
      {"10.1.0.0/16", "10.1.0.0", "10.0.255.255"},
      {"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
      {"10.1.0.0/16", "::ffff:10.1.2.3", "::ffff:10.2.0.0"},
      {"10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
      {"10.1.2.2/31", "10.1.2.3", "10.1.2.4"},
      {"10.8.0.0/13", "10.15.255.255", "10.16.0.0"},
      {"127.0.0.1/32", "127.0.0.1", "127.0.0.2"},
      {"127.0.0.1/32", "", "::1"},
      {"::1/128", "::1", "127.0.0.1"},
      {"100.64.0.0/10", "100.127.0.1", "10.0.0.1"},
      {"100.64.0.0/10", "", "100.100.100.200"},
      {"fd00::/8", "fd12:3456::1", "fc00::1"},
      {"fd00::/8", "", "fd00:ec2::254"},
      {"fd00:1:2:3::/64", "fd00:1:2:3:ffff::1", "fd00:1:2:4::1"},
      {"  10.1.0.0/16   192.168.7.0/24 ", "192.168.7.9", "192.168.8.1"},
      {"0.0.0.0/0", "192.168.7.9", "fd00::1"},
      {"0.0.0.0/0", "8.8.8.8", "169.254.169.254"},
      {"::/0", "fd00::1", "fe80::1"},
      {"::/0", "", "::ffff:127.0.0.1"},
      {"64:ff9b::/96", "64:ff9b::808:808", "64:ff9b::a01:203"},
      {"64:ff9b::/96 10.1.0.0/16", "64:ff9b::a01:203", "64:ff9b::a02:203"},
      {"10.1.0.0/16", "10.1.2.3", "64:ff9b::a01:203"},
      {"2002::/16 10.1.0.0/16", "2002:a01:203::1", "2002:a9fe:a9fe::1"},
      {"2002::/16", "2002:808:808::1", "2002:a01:203::1"},
      {"", "8.8.8.8", "10.0.0.1"},
  };
  for (const auto& [ranges, inside, outside] : rows) {
    Destination destination;
    destination.allow_cidrs = ranges;
    EXPECT_THAT(cidr_problem(ranges), IsEmpty());
    EXPECT_TRUE(*inside == '\0' || address_problem(inside, destination).empty()) << ranges << " " << inside;
    EXPECT_TRUE(*outside == '\0' || !address_problem(outside, destination).empty()) << ranges << " " << outside;
  }
}

TEST(DestinationGuard, AnAddressInsideAnotherIsNamed) {
  Destination destination;
  destination.allow_cidrs = "64:ff9b::/96";
  EXPECT_EQ(address_problem("64:ff9b::a01:203", destination),
            "10.1.2.3 in 64:ff9b::a01:203 is a private address: allow it for this tool with --allow-private or "
            "--allow-cidr 10.1.2.3/32");
}

TEST(DestinationGuard, ARangeThatIsNoneIsNamed) {
  const std::pair<const char*, const char*> rows[] = {
      {"10.1.0.0", "'10.1.0.0' is no address range: write ADDRESS/BITS, such as 10.1.0.0/16 or fd00::/8"},
      {"10.1.0.0/16 somewhere", "'somewhere' is no address range: write"},
      {"10.1.0.0/33", "'10.1.0.0/33' is no address range"},
      {"fd00::/129", "no address range"},
      {"10.1.0.0/", "no address range"},
      {"10.1.0.0/-1", "no address range"},
      {"10.1.0.0/+8", "no address range"},
      {"10.1.0.0/16x", "no address range"},
      {"10.1.0.0/4294967312", "no address range"},
      {"10.1/16", "no address range"},
      {"010.1.0.0/16", "no address range"},
      {"/8", "no address range"},
      {"10.1.0.0/16,10.2.0.0/16", "no address range"},
      {"10.1.0.0/16\t10.2.0.0/16", "no address range"},
      {"fe80::1%lo/64", "no address range"},
      {"10.1.2.3/16", "'10.1.2.3/16' has more address than its 16 bits: write 10.1.0.0/16"},
      {"fd00::1/8", "'fd00::1/8' has more address than its 8 bits: write fd00::/8"},
      {"::ffff:10.1.0.0/112", "'::ffff:10.1.0.0/112' is an IPv4 range in disguise: write 10.1.0.0/16"},
      {"169.254.169.254/32", "nothing is ever sent there, so it cannot be allowed; leave it out"},
      {"169.254.0.0/16", "cannot be allowed"},
      {"100.100.100.200/32", "cannot be allowed"},
      {"fe80::/10", "'fe80::/10' is a link-local address: nothing is ever sent there"},
      {"fe80::/64", "cannot be allowed"},
      {"224.0.0.0/4", "cannot be allowed"},
      {"ff02::/16", "cannot be allowed"},
      {"10.1.0.0/16 fd00:ec2::254/128", "'fd00:ec2::254/128' is a cloud metadata address"},
  };
  for (const auto& [text, problem] : rows) EXPECT_THAT(cidr_problem(text), HasSubstr(problem)) << text;
  EXPECT_THAT(cidr_problem(""), IsEmpty());
  EXPECT_THAT(cidr_problem("   "), IsEmpty());
  EXPECT_THAT(cidr_problem("0.0.0.0/0 ::/0"), IsEmpty());
}

TEST(DestinationGuard, RefusesWhatIsNoInternetAddress) {
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(address_problem(reinterpret_cast<const sockaddr*>(&local), {}).empty());
  EXPECT_FALSE(address_problem("somewhere", {}).empty());
  EXPECT_FALSE(address_problem("", {}).empty());
}

TEST(DestinationGuard, UrlsAreHttpsOrAllowedHttpWithoutUser) {
  Destination strict;
  Destination open;
  open.allow_http = true;
  EXPECT_THAT(url_problem("https://tool.example/x?a=b@c", strict), IsEmpty());
  EXPECT_THAT(url_problem("HTTPS://tool.example", strict), IsEmpty());
  EXPECT_EQ(url_problem("http://tool.example/x", strict),
            "http://tool.example is plain http: allow it for this tool with --allow-http");
  EXPECT_THAT(url_problem("http://tool.example/x", open), IsEmpty());
  EXPECT_THAT(url_problem("https://bank.example@evil.example/x", open), HasSubstr("holds a user name"));
  EXPECT_THAT(url_problem("http://user:pw@tool.example", open), Not(HasSubstr("pw")));
  for (const auto url : {"ftp://tool.example", "file:///etc/passwd", "gopher://x", "tool.example", "", "https:/x"})
    EXPECT_THAT(url_problem(url, open), HasSubstr("neither http:// nor https://")) << url;
}

}  // namespace
}  // namespace ptb::test
