#include "wire/openssl.h"

#include <openssl/crypto.h>

namespace ptb {

void start_openssl() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

}  // namespace ptb
