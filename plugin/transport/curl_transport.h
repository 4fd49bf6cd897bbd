// Many HTTP exchanges at once over libcurl, as one event loop. Follows no redirect, obeys no proxy of the environment,
// keeps no cookie, verifies TLS, and asks the destination guard about every address that it really connects to.
#pragma once

#include <cstddef>
#include <memory>

#include "core/result.h"
#include "core/transport.h"

namespace ptb {

struct CurlTransportOptions {
  std::size_t max_connections = 64;  ///< exchanges under way at once; more wait in line, their time-outs not running
};

/// All functions but wake: from one thread at a time. Starts no thread of its own, but libcurl looks up names in
/// threads, which block all signals and end when the system's resolver has answered.
class CurlTransport final : public Transport {
 public:
  /// Errors: Status::internal where libcurl cannot be initialised.
  static Result<std::unique_ptr<CurlTransport>> create(const CurlTransportOptions& options);
  /// Abandons what is under way; waits for nothing.
  ~CurlTransport() override;

  void start(std::uint64_t ticket, HttpRequest request) override;
  void flush() override;
  void poll(std::vector<ExchangeResult>& done, int timeout_ms) override;
  void watch(int descriptor) override;
  void wake() override;
  void abandon_all() override;

 private:
  class Loop;
  explicit CurlTransport(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace ptb
