// A tool with one known defect, for whoever wants to see the vendor check find it. A defect is a wrong reading of a
// call (the reference tool then judges what was read), a wrong answer, or a wrong effect. Knows the proxy-tool wire
// only, no sockets, and no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "receive/effects.h"
#include "receive/reply.h"

namespace host {

/// What a defect sees of a call that is read.
struct Reading {
  Params params;
  std::string secret;
  Digest digest = Digest::md5;
  std::int64_t now_ms = 0;

  [[nodiscard]] std::string right_mac() const { return mac_of(params, secret, digest); }
  [[nodiscard]] bool is_signed() const;
  /// From now on it passes for a rightly signed call.
  void sign();
  /// From now on it passes for a forged one.
  void spoil();
};

struct BugKind {
  std::string_view name;
  std::string_view sentence;
  std::string_view found_by;  ///< the case of the vendor check
  void (*misread)(Reading&) = nullptr;
  std::string (*misread_body)(std::string) = nullptr;
};

const std::vector<BugKind>& bug_kinds();

class Bug {
 public:
  /// The error is one line.
  static tl::expected<Bug, std::string> named(std::string_view name, std::string secret, Digest digest);

  /// The request as the defective tool reads it.
  Request read(Request request, std::int64_t now_ms);
  /// What it answers instead of `reply` to a call in which nothing was wrong.
  void answer(const Params& params, bool repeat, const Request& request, Reply& reply);
  /// True where it counts the effect of a call though it should not, or should and does not.
  bool counts(const Params& params, bool first_time);

 private:
  explicit Bug(const BugKind& kind, std::string secret, Digest digest)
      : kind_(&kind), secret_(std::move(secret)), digest_(digest) {}

  const BugKind* kind_;
  std::string secret_;
  Digest digest_;
  std::uint64_t calls_ = 0;
  std::uint64_t deferred_in_a_row_ = 0;
  std::uint64_t kept_alive_ = 0;
  std::string latest_;
};

}  // namespace host
