#include "transport/destination_guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "core/pairs.h"

namespace ptb {

namespace {

/// What can open a network for a tool.
enum class Reach : std::uint8_t { private_or_range, range, never };

/// Networks that are not the public internet. The first match counts.
struct Network {
  const char* prefix;
  unsigned bits;
  Reach reach;
  const char* what;
  unsigned embedded_at = 0;  ///< where in the address an IPv4 address stands that is judged too; 0: there is none
};

constexpr std::array<Network, 21> kNetworks4 = {{
    {"127.0.0.0", 8, Reach::private_or_range, "a loopback address"},
    {"10.0.0.0", 8, Reach::private_or_range, "a private address"},
    {"172.16.0.0", 12, Reach::private_or_range, "a private address"},
    {"192.168.0.0", 16, Reach::private_or_range, "a private address"},
    {"0.0.0.0", 8, Reach::never, "an unspecified address"},
    {"100.100.100.200", 32, Reach::never, "a cloud metadata address"},
    {"100.64.0.0", 10, Reach::range, "a shared (carrier) address"},
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
    {"::1", 128, Reach::private_or_range, "a loopback address"},
    {"::", 128, Reach::never, "an unspecified address"},
    {"::", 96, Reach::never, "an IPv4-compatible address"},
    {"64:ff9b::", 96, Reach::range, "a NAT64 address", 12},
    {"64:ff9b:1::", 48, Reach::never, "a NAT64 address"},
    {"100::", 64, Reach::never, "a discard address"},
    {"2001::", 32, Reach::never, "a Teredo address"},
    {"2001::", 23, Reach::never, "a protocol assignment"},
    {"2001:db8::", 32, Reach::never, "a documentation address"},
    {"3fff::", 20, Reach::never, "a documentation address"},
    {"2002::", 16, Reach::range, "a 6to4 address", 2},
    {"fd00:ec2::254", 128, Reach::never, "a cloud metadata address"},
    {"fd20:ce::254", 128, Reach::never, "a cloud metadata address"},
    {"fc00::", 7, Reach::private_or_range, "a private (unique local) address"},
    {"fe80::", 10, Reach::never, "a link-local address"},
    {"fec0::", 10, Reach::never, "a site-local address"},
    {"ff00::", 8, Reach::never, "a multicast address"},
}};

constexpr Network kMapped = {"::ffff:0:0", 96, Reach::never, "an IPv4-mapped address"};
constexpr Network kGlobal6 = {"2000::", 3, Reach::never, ""};
constexpr Network kReserved6 = {"", 0, Reach::never, "a reserved address"};

constexpr std::size_t kMappedAt = 12;

bool has_prefix(const unsigned char* address, const unsigned char* prefix, unsigned bits) {
  const unsigned whole = bits / 8;
  if (std::memcmp(address, prefix, whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

bool is_in(const unsigned char* address, int family, const Network& network) {
  unsigned char prefix[16] = {};
  inet_pton(family, network.prefix, prefix);
  return has_prefix(address, prefix, network.bits);
}

/// The first network that the address, which is not a mapped one, is in; nullptr: it is public.
const Network* network_of(int family, const unsigned char* address) {
  const auto holds = [&](const Network& network) { return is_in(address, family, network); };
  if (family == AF_INET) {
    const auto at = std::find_if(kNetworks4.begin(), kNetworks4.end(), holds);
    return at == kNetworks4.end() ? nullptr : &*at;
  }
  const auto at = std::find_if(kNetworks6.begin(), kNetworks6.end(), holds);
  if (at != kNetworks6.end()) return &*at;
  return is_in(address, AF_INET6, kGlobal6) ? nullptr : &kReserved6;
}

std::string text_of(int family, const unsigned char* address) {
  char text[INET6_ADDRSTRLEN] = "?";
  inet_ntop(family, address, text, sizeof text);
  return text;
}

struct Range {
  int family = AF_INET;
  unsigned char prefix[16] = {};
  unsigned bits = 0;
};

std::optional<Range> range_from(std::string_view text) {
  Range range;
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string address(text.substr(0, slash));
  if (inet_pton(AF_INET, address.c_str(), range.prefix) != 1) {
    range.family = AF_INET6;
    if (inet_pton(AF_INET6, address.c_str(), range.prefix) != 1) return std::nullopt;
  }
  const auto bits = text.substr(slash + 1);
  const auto read = std::from_chars(bits.data(), bits.data() + bits.size(), range.bits);
  if (read.ec != std::errc() || read.ptr != bits.data() + bits.size()) return std::nullopt;
  if (range.bits > (range.family == AF_INET ? 32U : 128U)) return std::nullopt;
  return range;
}

/// Takes the next word off the front; empty at the end.
std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool is_in_ranges(int family, const unsigned char* address, std::string_view ranges) {
  for (auto word = take_word(ranges); !word.empty(); word = take_word(ranges)) {
    const auto range = range_from(word);
    if (range && range->family == family && has_prefix(address, range->prefix, range->bits)) return true;
  }
  return false;
}

/// `shown`: how the address is named to people, where it stands for another.
std::string judged(int family, const unsigned char* address, const Destination& destination, std::string shown = {}) {
  if (shown.empty()) shown = text_of(family, address);
  if (family == AF_INET6 && is_in(address, AF_INET6, kMapped))
    return judged(AF_INET, address + kMappedAt, destination, std::move(shown));
  const Network* const network = network_of(family, address);
  if (network == nullptr) return {};
  if (network->reach == Reach::never)
    return fmt::format("{} is {}: nothing is ever sent there; correct the tool's base URL or its DNS entry", shown,
                       network->what);
  const bool by_private = network->reach == Reach::private_or_range;
  if ((by_private && destination.allow_private) || is_in_ranges(family, address, destination.allow_cidrs)) {
    if (network->embedded_at == 0) return {};
    const unsigned char* const embedded = address + network->embedded_at;
    return judged(AF_INET, embedded, destination, fmt::format("{} in {}", text_of(AF_INET, embedded), shown));
  }
  return fmt::format("{} is {}: allow it for this tool with {}--allow-cidr {}/{}", shown, network->what,
                     by_private ? "--allow-private or " : "", text_of(family, address), family == AF_INET ? 32 : 128);
}

/// Where a range cannot be one that opens something: why.
std::string range_problem(std::string_view word) {
  const auto range = range_from(word);
  const std::string shown = printable(word, 60);
  if (!range)
    return fmt::format("'{}' is no address range: write ADDRESS/BITS, such as 10.1.0.0/16 or fd00::/8", shown);
  Range masked = *range;
  for (unsigned bit = range->bits; bit < (range->family == AF_INET ? 32U : 128U); ++bit)
    masked.prefix[bit / 8] &= static_cast<unsigned char>(~(0x80U >> (bit % 8)));
  if (std::memcmp(masked.prefix, range->prefix, sizeof masked.prefix) != 0)
    return fmt::format("'{}' has more address than its {} bits: write {}/{}", shown, range->bits,
                       text_of(range->family, masked.prefix), range->bits);
  if (range->family == AF_INET6 && range->bits >= kMapped.bits && is_in(range->prefix, AF_INET6, kMapped))
    return fmt::format("'{}' is an IPv4 range in disguise: write {}/{}", shown,
                       text_of(AF_INET, range->prefix + kMappedAt), range->bits - kMapped.bits);
  const Network* const network = network_of(range->family, range->prefix);
  if (network != nullptr && network->reach == Reach::never && network->bits != 0 && network->bits <= range->bits)
    return fmt::format("'{}' is {}: nothing is ever sent there, so it cannot be allowed; leave it out", shown,
                       network->what);
  return {};
}

}  // namespace

std::string address_problem(const sockaddr* address, const Destination& destination) {
  // Copied, since the caller's bytes need not be aligned for the wider type.
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return judged(AF_INET, reinterpret_cast<const unsigned char*>(&v4.sin_addr), destination);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    return judged(AF_INET6, v6.sin6_addr.s6_addr, destination);
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

std::string cidr_problem(std::string_view text) {
  for (auto word = take_word(text); !word.empty(); word = take_word(text))
    if (auto problem = range_problem(word); !problem.empty()) return problem;
  return {};
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
