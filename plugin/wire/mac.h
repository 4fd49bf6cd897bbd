// The message authentication code of the proxy-tool protocol (§3): a plain digest over values and secret, as proxy
// tools have always computed it. It is not an HMAC. Keeps no secret.
#pragma once

#include <atomic>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/tool.h"

namespace ptb {

/// One POST parameter, as a view of somebody else's text.
struct Parameter {
  std::string_view name;
  std::string_view value;
};

using Parameters = std::pmr::vector<Parameter>;

/// Sorts by name, byte by byte; of several with one name the one that came first is kept.
void sort_by_name(Parameters& parameters);

/// Computes MACs. Callable from any thread.
class Mac {
 public:
  Mac();
  ~Mac();
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;

  /// The MAC, base64, of parameters that are sorted by name. `mac` and names starting `top_` or `bottom_` are passed
  /// over. Errors: Status::internal where OpenSSL does not offer the digest.
  Result<std::string> of(DigestAlgorithm algorithm, std::span<const Parameter> sorted, std::string_view secret) const;

 private:
  struct Digests;
  std::unique_ptr<Digests> digests_;
  mutable std::atomic<void*> spare_{nullptr};  ///< a digest context nobody uses just now
};

}  // namespace ptb
