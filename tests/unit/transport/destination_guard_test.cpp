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

enum class May { always, if_private_allowed, never };

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
    {"100.64.0.1", May::never},
    {"100.100.100.200", May::never},
    {"100.127.255.255", May::never},
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
    {"64:ff9b::7f00:1", May::never},
    {"64:ff9b:1::1", May::never},
    {"100::1", May::never},
    {"2001::1", May::never},
    {"2001:2::1", May::never},
    {"2001:db8::1", May::never},
    {"2002:7f00:1::", May::never},
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
  open.allow_http = true;
  for (const auto& [address, may] : kRows) {
    const auto storage = as_socket_address(address);
    const auto* socket_address = reinterpret_cast<const sockaddr*>(&storage);
    EXPECT_EQ(address_problem(socket_address, strict).empty(), may == May::always) << address;
    EXPECT_EQ(address_problem(socket_address, open).empty(), may != May::never) << address;
    EXPECT_EQ(address_problem(socket_address, strict), address_problem(std::string_view(address), strict)) << address;
  }
}

TEST(DestinationGuard, SaysWhichAddressAndWhatWouldAllowIt) {
  EXPECT_EQ(address_problem("10.0.0.5", {}),
            "10.0.0.5 is a private address: allow it for this tool with --allow-private");
  EXPECT_THAT(address_problem("169.254.169.254", {}), HasSubstr("169.254.169.254 is a link-local or cloud metadata"));
  EXPECT_THAT(address_problem("fe80::1%eth0", {}), HasSubstr("link-local"));
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
