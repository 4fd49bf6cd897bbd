#include "transport/destination_guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "core/pairs.h"

namespace ptb {

namespace {

enum class Reach : std::uint8_t { may_be_allowed, never };

/// Networks that are not the public internet. The first match counts.
struct Network {
  const char* prefix;
  unsigned bits;
  Reach reach;
  const char* what;
};

constexpr std::array<Network, 20> kNetworks4 = {{
    {"127.0.0.0", 8, Reach::may_be_allowed, "a loopback address"},
    {"10.0.0.0", 8, Reach::may_be_allowed, "a private address"},
    {"172.16.0.0", 12, Reach::may_be_allowed, "a private address"},
    {"192.168.0.0", 16, Reach::may_be_allowed, "a private address"},
    {"0.0.0.0", 8, Reach::never, "an unspecified address"},
    {"100.64.0.0", 10, Reach::never, "a shared (carrier) address"},
    {"168.63.129.16", 32, Reach::never, "a cloud metadata address"},
    {"169.254.0.0", 16, Reach::never, "a link-local or cloud metadata address"},
    {"192.0.0.0", 24, Reach::never, "a protocol assignment"},
    {"192.0.2.0", 24, Reach::never, "a documentation address"},
    {"192.31.196.0", 24, Reach::never, "a sink (AS112) address"},
    {"192.52.193.0", 24, Reach::never, "a relay (AMT) address"},
    {"192.88.99.0", 24, Reach::never, "a 6to4 relay address"},
    {"192.175.48.0", 24, Reach::never, "a sink (AS112) address"},
    {"198.18.0.0", 15, Reach::never, "a benchmarking address"},
    {"198.51.100.0", 24, Reach::never, "a documentation address"},
    {"203.0.113.0", 24, Reach::never, "a documentation address"},
    {"224.0.0.0", 4, Reach::never, "a multicast address"},
    {"255.255.255.255", 32, Reach::never, "the broadcast address"},
    {"240.0.0.0", 4, Reach::never, "a reserved address"},
}};

constexpr std::array<Network, 17> kNetworks6 = {{
    {"::1", 128, Reach::may_be_allowed, "a loopback address"},
    {"::", 128, Reach::never, "an unspecified address"},
    {"::", 96, Reach::never, "an IPv4-compatible address"},
    {"64:ff9b::", 96, Reach::never, "a NAT64 address"},
    {"64:ff9b:1::", 48, Reach::never, "a NAT64 address"},
    {"100::", 64, Reach::never, "a discard address"},
    {"2001::", 32, Reach::never, "a Teredo address"},
    {"2001::", 23, Reach::never, "a protocol assignment"},
    {"2001:db8::", 32, Reach::never, "a documentation address"},
    {"3fff::", 20, Reach::never, "a documentation address"},
    {"2002::", 16, Reach::never, "a 6to4 address"},
    {"fd00:ec2::254", 128, Reach::never, "a cloud metadata address"},
    {"fd20:ce::254", 128, Reach::never, "a cloud metadata address"},
    {"fc00::", 7, Reach::may_be_allowed, "a private (unique local) address"},
    {"fe80::", 10, Reach::never, "a link-local address"},
    {"fec0::", 10, Reach::never, "a site-local address"},
    {"ff00::", 8, Reach::never, "a multicast address"},
}};

constexpr Network kMapped = {"::ffff:0:0", 96, Reach::never, "an IPv4-mapped address"};
constexpr Network kGlobal6 = {"2000::", 3, Reach::never, ""};
constexpr Network kReserved6 = {"", 0, Reach::never, "a reserved address"};

bool is_in(const unsigned char* address, int family, const Network& network) {
  unsigned char prefix[16] = {};
  inet_pton(family, network.prefix, prefix);
  const unsigned whole = network.bits / 8;
  if (std::memcmp(address, prefix, whole) != 0) return false;
  const unsigned rest = network.bits % 8;
  return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

const Network* network4(const unsigned char* address) {
  const auto at = std::find_if(kNetworks4.begin(), kNetworks4.end(),
                               [&](const Network& network) { return is_in(address, AF_INET, network); });
  return at == kNetworks4.end() ? nullptr : &*at;
}

const Network* network6(const unsigned char* address) {
  if (is_in(address, AF_INET6, kMapped)) return network4(address + 12);
  const auto at = std::find_if(kNetworks6.begin(), kNetworks6.end(),
                               [&](const Network& network) { return is_in(address, AF_INET6, network); });
  if (at != kNetworks6.end()) return &*at;
  return is_in(address, AF_INET6, kGlobal6) ? nullptr : &kReserved6;
}

std::string judged(int family, const void* address, const Destination& destination) {
  const auto* bytes = static_cast<const unsigned char*>(address);
  const Network* network = family == AF_INET ? network4(bytes) : network6(bytes);
  if (network == nullptr) return {};
  if (network->reach == Reach::may_be_allowed && destination.allow_private) return {};
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family, address, text, sizeof text);
  if (network->reach == Reach::may_be_allowed)
    return fmt::format("{} is {}: allow it for this tool with --allow-private", text, network->what);
  return fmt::format("{} is {}: nothing is ever sent there; correct the tool's base URL or its DNS entry", text,
                     network->what);
}

}  // namespace

std::string address_problem(const sockaddr* address, const Destination& destination) {
  // Copied, since the caller's bytes need not be aligned for the wider type.
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return judged(AF_INET, &v4.sin_addr, destination);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return judged(AF_INET6, &v6.sin6_addr, destination);
  }
  return fmt::format("an address of family {} is no internet address: nothing is ever sent there", address->sa_family);
}

std::string address_problem(std::string_view address, const Destination& destination) {
  const std::string text(address.substr(0, address.find('%')));  // without a zone
  unsigned char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return judged(AF_INET, bytes, destination);
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return judged(AF_INET6, bytes, destination);
  return fmt::format("'{}' is no internet address: nothing is ever sent there", printable(address, 60));
}

std::string url_problem(std::string_view url, const Destination& destination) {
  const auto begins = [&](std::string_view scheme) {
    return url.size() > scheme.size() && std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
             return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
           });
  };
  const bool plain = begins("http://");
  if (!plain && !begins("https://"))
    return fmt::format("'{}' is neither http:// nor https://: correct the tool's base URL", printable(url, 100));
  const auto rest = url.substr(plain ? 7 : 8);
  const auto authority = rest.substr(0, rest.find_first_of("/?#\\"));
  if (authority.find('@') != std::string_view::npos)
    return fmt::format("the URL for {} holds a user name: leave it out",
                       printable(authority.substr(authority.rfind('@') + 1), 100));
  if (plain && !destination.allow_http)
    return fmt::format("http://{} is plain http: allow it for this tool with --allow-http", printable(authority, 100));
  return {};
}

}  // namespace ptb
