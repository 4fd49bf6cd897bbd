#include "registration_password.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <mutex>

#include "lms.h"
#include "refusal.h"

namespace host {

namespace {

constexpr int kRounds = 100'000;
constexpr std::string_view kAlgorithm = "pbkdf2-sha256";

std::string derive(std::string_view password, std::string_view salt, int rounds) {
  // Anybody may try passwords; all that try together cost one core.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  std::array<unsigned char, 32> hash{};
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), rounds,
                        EVP_sha256(), static_cast<int>(hash.size()), hash.data()) != 1)
    refuse("the registration password cannot be hashed: OpenSSL has no SHA-256");
  std::string hex;
  for (const auto byte : hash) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace

std::string hash_password(std::string_view password) {
  const auto salt = random_hex(16);
  return fmt::format("{}:{}:{}:{}", kAlgorithm, kRounds, salt, derive(password, salt, kRounds));
}

bool is_password(std::string_view password, std::string_view kept) {
  std::array<std::string_view, 4> parts;
  auto rest = kept;
  for (auto& part : parts) {
    part = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  int rounds = 0;
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), rounds);
  if (parts[0] != kAlgorithm || rounds < 1)
    refuse("the registration password is kept in a way that is not known: set it again");
  return is_same_secret(derive(password, parts[2], rounds), parts[3]);
}

bool is_same_secret(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace host
