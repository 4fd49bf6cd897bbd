// Signatures of Standard Webhooks against published vectors and against OpenSSL's own verification; bad keys.
#include "wire/webhook_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "wire/encoding.h"

namespace ptb::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Of the Standard Webhooks specification's own libraries.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view kTimestamp = "1614265330";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kV1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

// The key of RFC 8032 §7.1 TEST 1; the signature was computed with the Python code of that RFC, which gives the
// signature of TEST 1 too.
constexpr std::string_view kSeed = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr std::string_view kSeedAndPublic =
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
constexpr std::string_view kV1a =
    "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==";
constexpr unsigned char kPublic[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

std::string signed_with(std::string_view secret) {
  const auto made = webhook_signatures(secret, kId, kTimestamp, kBody);
  EXPECT_TRUE(made.has_value()) << made.error().text;
  return made.value_or("");
}

bool verifies(std::string_view signature, std::string_view message) {
  const auto bytes = bytes_of_base64(signature.substr(4)).value_or("");
  EVP_PKEY* const key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, kPublic, sizeof kPublic);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key);
  const int good = EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                    reinterpret_cast<const unsigned char*>(message.data()), message.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good == 1;
}

TEST(WebhookSignature, OfASymmetricKeyIsThePublishedOne) { EXPECT_EQ(signed_with(kSecret), kV1); }

TEST(WebhookSignature, OfAnEd25519KeyIsTheOneOfRfc8032AndVerifies) {
  EXPECT_EQ(signed_with(kSeed), kV1a);
  EXPECT_EQ(signed_with(kSeedAndPublic), kV1a);
  const std::string message = std::string(kId) + "." + std::string(kTimestamp) + "." + std::string(kBody);
  EXPECT_TRUE(verifies(signed_with(kSeed), message));
  EXPECT_FALSE(verifies(signed_with(kSeed), message + " "));
}

TEST(WebhookSignature, IsMadeWithEachKeyInTheirOrder) {
  const std::string both = std::string(kSecret) + "\n" + std::string(kSeed);
  EXPECT_EQ(signed_with(" \t" + both + "\r\n"), std::string(kV1) + " " + std::string(kV1a));
  EXPECT_EQ(signed_with(std::string(kSeed) + " " + std::string(kSecret)), std::string(kV1a) + " " + std::string(kV1));
}

TEST(WebhookSignature, KeysHave24To64Bytes) {
  for (const std::size_t size : {24, 32, 64})
    EXPECT_TRUE(webhook_signatures("whsec_" + base64(std::string(size, 'k')), "i", "1", "b").has_value()) << size;
}

TEST(WebhookSignature, BadKeysAreNamedByTheirPlaceAndNotShown) {
  const std::string good(kSecret);
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += good + " ";
  std::string wrong_public(kSeedAndPublic);
  wrong_public[80] = wrong_public[80] == 'A' ? 'B' : 'A';
  const std::pair<std::string, const char*> rows[] = {
      {"", "holds no key"},
      {" \n", "holds no key"},
      {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "key 1 of the secret starts with neither"},
      {good + " whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "key 2 of the secret starts with neither"},
      {"whsec_", "key 1 of the secret has 0 bytes"},
      {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", "is not base64"},
      {"whsec_" + base64(std::string(23, 'k')), "has 23 bytes, not 24 to 64"},
      {good + "\n" + "whsec_" + base64(std::string(65, 'k')), "key 2 of the secret has 65 bytes"},
      {"whsk_" + base64(std::string(31, 'k')), "has 31 bytes, not 32 or 64"},
      {"whsk_" + base64(std::string(63, 'k')), "has 63 bytes"},
      {wrong_public, "public key that is not of its private key"},
      {nine, "more than 8 keys"},
  };
  for (const auto& [secret, says] : rows) {
    const auto made = webhook_signatures(secret, kId, kTimestamp, kBody);
    ASSERT_FALSE(made.has_value()) << secret;
    EXPECT_EQ(made.error().status, Status::argument);
    EXPECT_THAT(made.error().text, HasSubstr(says));
    for (const auto* part : {"MfKQ", "2LaLa", "nWGxne", "a2tr"})
      EXPECT_THAT(made.error().text, Not(HasSubstr(part))) << secret;
    EXPECT_EQ(made.error().text.find('\n'), std::string::npos);
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace ptb::test
