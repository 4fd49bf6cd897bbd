// Which network addresses ptb-host itself may talk to when somebody else has named the host. Pure: knows no sockets
// and asks no name server.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace host {

/// A range of addresses. IPv4 is kept as IPv6 (::ffff:a.b.c.d), so that there is one kind.
struct Cidr {
  std::array<unsigned char, 16> address{};
  unsigned int bits = 0;  ///< 0 to 128

  /// "10.1.0.0/16", "fd00::/8", or a single address. Empty where it is none, or has bits set behind the prefix.
  static std::optional<Cidr> parse(std::string_view text);
  [[nodiscard]] bool contains(const std::array<unsigned char, 16>& other) const;
};

class AddressGuard {
 public:
  /// `cidrs`: ranges between spaces, which are allowed though not public; what is no range is passed over.
  AddressGuard(bool allow_private, std::string_view cidrs);

  /// False for loopback, private, link-local, multicast and reserved addresses that nobody has allowed, and for what is
  /// neither IPv4 nor IPv6.
  [[nodiscard]] bool allows(const sockaddr* address) const;

 private:
  bool allow_private_;
  std::vector<Cidr> allowed_;
};

}  // namespace host
