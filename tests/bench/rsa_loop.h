// What signed notices are compared with: OpenSSL alone, signing texts of that size. Knows nothing of the plugin.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "measure.h"

namespace bench {

class RsaLoop {
 public:
  /// Makes a key of 2,048 bits.
  explicit RsaLoop(std::size_t text_bytes);

  /// The key, as a platform keeps it.
  [[nodiscard]] std::string pem() const;
  /// Signs so many texts, RS256.
  Sample sign(int count);

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::string text_;
};

}  // namespace bench
