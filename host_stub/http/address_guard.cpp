#include "http/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace host {

namespace {

using Bytes = std::array<unsigned char, 16>;
constexpr unsigned int kIpv4Prefix = 96;

Bytes mapped(const in_addr& address) {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::memcpy(bytes.data() + 12, &address, 4);
  return bytes;
}

std::optional<Bytes> bytes_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, address, sizeof ipv4);
    return mapped(ipv4.sin_addr);
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, address, sizeof ipv6);
  Bytes bytes{};
  std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
  return bytes;
}

/// What never leads to a stranger's public server (IANA special-purpose address registries).
const std::vector<Cidr>& not_public() {
  static const std::vector<Cidr> all = [] {
    std::vector<Cidr> ranges;
    for (const char* text :
         {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
          "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16",
          "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"})
      ranges.push_back(*Cidr::parse(text));
    return ranges;
  }();
  return all;
}

bool within(const std::vector<Cidr>& ranges, const Bytes& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Cidr& range) { return range.contains(address); });
}

}  // namespace

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  Cidr made;
  in_addr ipv4{};
  in6_addr ipv6{};
  unsigned int before = 0;
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    made.address = mapped(ipv4);
    before = kIpv4Prefix;
  } else if (inet_pton(AF_INET6, host.c_str(), &ipv6) == 1) {
    std::memcpy(made.address.data(), &ipv6, made.address.size());
  } else {
    return std::nullopt;
  }
  made.bits = 128 - before;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), made.bits);
    if (code != std::errc{} || end != digits.data() + digits.size() || made.bits > 128 - before) return std::nullopt;
  }
  made.bits += before;
  for (unsigned int bit = made.bits; bit < 128; ++bit)
    if ((made.address.at(bit / 8) >> (7 - bit % 8) & 1U) != 0) return std::nullopt;
  return made;
}

bool Cidr::contains(const Bytes& other) const {
  for (unsigned int bit = 0; bit < bits; ++bit) {
    const unsigned int shift = 7 - bit % 8;
    if ((address.at(bit / 8) >> shift & 1U) != (other.at(bit / 8) >> shift & 1U)) return false;
  }
  return true;
}

AddressGuard::AddressGuard(bool allow_private, std::string_view cidrs) : allow_private_(allow_private) {
  while (!cidrs.empty()) {
    const auto word = cidrs.substr(0, cidrs.find(' '));
    cidrs.remove_prefix(std::min(cidrs.size(), word.size() + 1));
    if (const auto range = Cidr::parse(word)) allowed_.push_back(*range);
  }
}

bool AddressGuard::allows(const sockaddr* address) const {
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  return allow_private_ || !within(not_public(), *bytes) || within(allowed_, *bytes);
}

}  // namespace host
