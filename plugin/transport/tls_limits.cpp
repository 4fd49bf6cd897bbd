#include "transport/tls_limits.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/opensslv.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <string_view>

namespace ptb {

namespace {

// A record takes two reads: its header and its rest. A certificate chain of OpenSSL's largest size takes fourteen.
constexpr unsigned kReadsAtOnce = 64;
constexpr unsigned kReadsInHandshake = 1024;
constexpr unsigned kHandshakeDone = 0xffff;

/// What is known of a session's reading. Kept in the pointer that a BIO has for its callback, as its life is the
/// connection's.
struct Reads {
  unsigned at_once = 0;
  unsigned in_handshake = 0;  ///< or kHandshakeDone
};

Reads reads_of(BIO* bio) {
  const auto packed = reinterpret_cast<std::uintptr_t>(BIO_get_callback_arg(bio));
  return {static_cast<unsigned>(packed & 0xffffU), static_cast<unsigned>((packed >> 16U) & 0xffffU)};
}

void remember(BIO* bio, Reads reads) {
  const std::uintptr_t packed = reads.at_once | std::uintptr_t{reads.in_handshake} << 16U;
  BIO_set_callback_arg(bio, reinterpret_cast<char*>(packed));
}

long before_and_after_read(BIO* bio, int operation, const char*, std::size_t, int, long, int result, std::size_t*) {
  if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result <= 0) {
    Reads reads = reads_of(bio);
    reads.at_once = 0;  // there was nothing more, so the event loop has its turn
    remember(bio, reads);
  }
  if (operation != BIO_CB_READ) return result;
  Reads reads = reads_of(bio);
  const bool goes_on = reads.at_once < kReadsAtOnce;
  reads.at_once = goes_on ? reads.at_once + 1 : 0;
  const bool too_many = reads.in_handshake != kHandshakeDone && ++reads.in_handshake > kReadsInHandshake;
  if (too_many) reads.in_handshake = kReadsInHandshake;
  remember(bio, reads);
  BIO_clear_retry_flags(bio);
  if (too_many) return 0;  // as if the peer had gone
  if (goes_on) return 1;
  BIO_set_retry_read(bio);  // as if nothing more had come yet
  return -1;
}

void follow_handshake(const SSL* ssl, int where, int) {
  BIO* const bio = SSL_get_rbio(ssl);
  if (bio == nullptr) return;
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && BIO_get_callback_ex(bio) == nullptr) {
    remember(bio, {});
    BIO_set_callback_ex(bio, &before_and_after_read);
  }
  if ((where & SSL_CB_HANDSHAKE_DONE) != 0) remember(bio, {reads_of(bio).at_once, kHandshakeDone});
}

CURLcode with_context(CURL*, void* context, void*) {
  SSL_CTX_set_info_callback(static_cast<SSL_CTX*>(context), &follow_handshake);
  return CURLE_OK;
}

/// libcurl hands out a context of our own OpenSSL and not of another library.
bool uses_our_openssl() {
  const char* const library = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return library != nullptr && std::string_view(library).starts_with(fmt::format("OpenSSL/{}.", OPENSSL_VERSION_MAJOR));
}

}  // namespace

CURLcode limit_tls(CURL* easy) {
  if (!uses_our_openssl()) return CURLE_OK;
  return curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &with_context);
}

}  // namespace ptb
