// Base64, keys, tokens and key sets of LTI, and the addresses that ptb-host itself may talk to.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "http/address_guard.h"
#include "lti/jwks.h"
#include "lti/jwt.h"
#include "temporary_directory.h"
#include "text/base64.h"

namespace host {
namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                                         {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain, Base64::plain), coded);
    EXPECT_EQ(base64_decode(coded, Base64::plain), plain);
  }
  EXPECT_EQ(base64_encode("\xfb\xff", Base64::url), "-_8");
  EXPECT_EQ(base64_decode("-_8", Base64::url), "\xfb\xff");
}

TEST(Base64, IsStrict) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9v\n", "Zm 9", "====", "-_8="})
    EXPECT_FALSE(base64_decode(text, Base64::plain)) << text;
  for (const char* text : {"Zg==", "Zh", "+/8", "Z"}) EXPECT_FALSE(base64_decode(text, Base64::url)) << text;
}

/// Of RFC 7638, section 3.1.
constexpr const char* kModulus =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM"
    "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"
    "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
    "kEgU8awapJzKnqDKgw";

TEST(RsaKey, HasTheThumbprintOfRfc7638) {
  const auto key = RsaKey::from_numbers(*base64_decode(kModulus, Base64::url), *base64_decode("AQAB", Base64::url));
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/// Made once: it takes a while.
const RsaKey& a_key() {
  static const RsaKey kKey = *RsaKey::make();
  return kKey;
}

TEST(RsaKey, ComesBackFromPem) {
  const auto again = RsaKey::from_pem(a_key().pem());
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->kid(), a_key().kid());
  EXPECT_TRUE(a_key().verify("text", again->sign("text")));
  EXPECT_FALSE(a_key().verify("other", again->sign("text")));
  EXPECT_FALSE(RsaKey::from_pem("no key"));
  EXPECT_FALSE(RsaKey::from_numbers("short", "\x03"));
}

TEST(Jwt, IsVerifiedByTheKeyThatItNames) {
  const auto text = sign_jwt({{"iss", "lms"}}, a_key());
  const auto token = Jwt::parse(text);
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->claims.at("iss"), "lms");
  EXPECT_EQ(token->kid(), a_key().kid());
  const auto keys = read_jwks(jwks_of(a_key()).dump());
  ASSERT_TRUE(keys) << keys.error();
  EXPECT_TRUE(token->verified_by(keys->at(a_key().kid())));
  auto forged = Jwt::parse(text.substr(0, text.find('.')) + "." + base64_encode(R"({"iss":"x"})", Base64::url) +
                           text.substr(text.rfind('.')));
  ASSERT_TRUE(forged) << forged.error();
  EXPECT_FALSE(forged->verified_by(a_key()));
}

TEST(Jwt, TakesNoOtherAlgorithmAndNoOtherForm) {
  const std::string deep = "{\"alg\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  const auto part = [](const char* json) { return base64_encode(json, Base64::url); };
  for (const auto& text :
       {part(R"({"alg":"none"})") + "." + part("{}") + ".", part(R"({"alg":"HS256"})") + "." + part("{}") + ".AAAA",
        part("{}") + "." + part("{}") + ".AAAA", part(deep.c_str()) + "." + part("{}") + ".AAAA", std::string("a.b"),
        std::string("a.b.c.d"), std::string(), part(R"({"alg":"RS256"})") + "." + part("[]") + ".AAAA"})
    EXPECT_FALSE(Jwt::parse(text)) << text;
}

TEST(Jwks, HoldsNothingPrivateAndReadsAFileAnewForAnUnknownKey) {
  const auto set = jwks_of(a_key());
  EXPECT_EQ(set.at("keys").at(0).size(), 6U) << set.dump();
  EXPECT_FALSE(set.at("keys").at(0).contains("d"));
  test::TemporaryDirectory directory;
  const auto path = directory.write("jwks.json", R"({"keys":[{"kty":"EC","kid":"other"}]})");
  JwksSource source(path);
  EXPECT_FALSE(source.find(a_key().kid(), 0));
  directory.write("jwks.json", set.dump());
  EXPECT_TRUE(source.find(a_key().kid(), 0));
  EXPECT_FALSE(JwksSource(directory / "nowhere").load());
  EXPECT_FALSE(read_jwks("[]"));
}

bool allows(const AddressGuard& guard, const char* address) {
  sockaddr_in ipv4{};
  sockaddr_in6 ipv6{};
  ipv4.sin_family = AF_INET;
  ipv6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1) return guard.allows(reinterpret_cast<const sockaddr*>(&ipv4));
  EXPECT_EQ(inet_pton(AF_INET6, address, &ipv6.sin6_addr), 1) << address;
  return guard.allows(reinterpret_cast<const sockaddr*>(&ipv6));
}

TEST(AddressGuard, KeepsAwayFromWhatIsNotPublic) {
  const AddressGuard guard(false, "");
  for (const char* address : {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
                              "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fd00::1",
                              "fe80::1", "::ffff:127.0.0.1", "ff02::1", "64:ff9b::7f00:1"})
    EXPECT_FALSE(allows(guard, address)) << address;
  for (const char* address : {"93.184.216.34", "172.32.0.1", "2606:2800:220:1::1", "::ffff:93.184.216.34"})
    EXPECT_TRUE(allows(guard, address)) << address;
}

TEST(AddressGuard, LetsThroughWhatIsAllowed) {
  const AddressGuard some(false, "10.1.0.0/16 fd00::/8");
  EXPECT_TRUE(allows(some, "10.1.255.1"));
  EXPECT_FALSE(allows(some, "10.2.0.1"));
  EXPECT_TRUE(allows(some, "fd12::1"));
  EXPECT_FALSE(allows(some, "127.0.0.1"));
  EXPECT_TRUE(allows(AddressGuard(true, ""), "127.0.0.1"));
}

TEST(Cidr, IsStrict) {
  for (const char* text :
       {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/8x", "all"})
    EXPECT_FALSE(Cidr::parse(text)) << text;
  for (const char* text : {"10.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "fd00::/8", "::1"})
    EXPECT_TRUE(Cidr::parse(text)) << text;
}

}  // namespace
}  // namespace host
