// What the reference tool believes on the other two wires: signatures, times, repeats.
#include "receive/wire_inspector.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lti/jwt.h"
#include "temporary_directory.h"
#include "text/base64.h"

namespace host {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr std::int64_t kNowMs = 1'700'000'000'000;
constexpr std::int64_t kWindowMs = 300'000;

// ---- Standard Webhooks

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string hmac(const std::string& message) {
  const auto key = *base64_decode(std::string_view(kSecret).substr(6), Base64::plain);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), mac, &size);
  return "v1," + base64_encode({reinterpret_cast<const char*>(mac), size}, Base64::plain);
}

std::string cloud_event(const std::string& id, const std::string& type = "org.ptbridge.course.copied") {
  return fmt::format(
      R"({{"specversion":"1.0","id":"{}","source":"https://lms.example:443","type":"{}",)"
      R"("time":"2024-01-01T00:00:00.000Z","sequence":"0007",)"
      R"("data":{{"arguments":{{"newCourseId":"_2_1"}},"settings":{{"theme":"blue"}},"operation":"9"}}}})",
      id, type);
}

Request webhook(const std::string& id, const std::string& body, std::int64_t at_ms = kNowMs,
                const std::string& type = "application/cloudevents+json") {
  Request request;
  request.method = "POST";
  request.body = body;
  const auto timestamp = std::to_string(at_ms / 1000);
  request.headers = {{"content-type", type},
                     {"webhook-id", id},
                     {"webhook-timestamp", timestamp},
                     {"webhook-signature", "v1,AAAA " + hmac(id + "." + timestamp + "." + body)}};
  return request;
}

std::unique_ptr<WireInspector> webhooks(const std::string& secret = kSecret) {
  auto made = standard_webhooks_inspector(secret, kWindowMs);
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

TEST(StandardWebhooks, AcceptsTheVectorOfItsSpecification) {
  Request request;
  request.body = R"({"test": 2432232314})";
  request.headers = {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                     {"webhook-timestamp", "1614265330"},
                     {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}};
  const auto found = webhooks()->inspect(request, 1614265330000);
  EXPECT_EQ(found.mac_ok, true);
  EXPECT_THAT(found.problem, HasSubstr("content type"));
  request.body = R"({"test": 2432232315})";
  EXPECT_EQ(webhooks()->inspect(request, 1614265330000).mac_ok, false);
}

TEST(StandardWebhooks, TellsEventsInTheWordsOfTheClassicWireAndKnowsRepeats) {
  const auto inspector = webhooks();
  const auto first = inspector->inspect(webhook("e1", cloud_event("e1")), kNowMs);
  EXPECT_EQ(first.problem, "");
  EXPECT_FALSE(first.repeat);
  EXPECT_THAT(first.params, Contains(Pair("action", "course-copied")));
  EXPECT_THAT(first.params, Contains(Pair("event_id", "e1")));
  EXPECT_THAT(first.params, Contains(Pair("event_sequence", "0007")));
  EXPECT_THAT(first.params, Contains(Pair("newCourseId", "_2_1")));
  EXPECT_THAT(first.params, Contains(Pair("theme", "blue")));
  EXPECT_TRUE(inspector->inspect(webhook("e1", cloud_event("e1"), kNowMs + 1000), kNowMs + 1000).repeat);
  EXPECT_FALSE(inspector->inspect(webhook("e2", cloud_event("e2")), kNowMs).repeat);
  const auto state = cloud_event("e3", "org.ptbridge.tool.state-change");
  EXPECT_THAT(inspector->inspect(webhook("e3", state), kNowMs).params, Contains(Pair("action", "state-change")));
}

TEST(StandardWebhooks, ReadsBatches) {
  const auto inspector = webhooks();
  const auto* type = "application/cloudevents-batch+json";
  const auto batch = [&](const std::string& body) { return webhook("b" + body, body, kNowMs, type); };
  inspector->inspect(webhook("e1", cloud_event("e1")), kNowMs);
  const auto mixed = inspector->inspect(batch("[" + cloud_event("e1") + "," + cloud_event("e2") + "]"), kNowMs);
  EXPECT_EQ(mixed.problem, "");
  EXPECT_FALSE(mixed.repeat) << "e2 is new";
  EXPECT_TRUE(inspector->inspect(batch("[" + cloud_event("e2") + "," + cloud_event("e1") + "]"), kNowMs).repeat);
  EXPECT_THAT(inspector->inspect(batch("[]"), kNowMs).problem, HasSubstr("batch"));
  EXPECT_THAT(inspector->inspect(batch(cloud_event("e3")), kNowMs).problem, HasSubstr("batch"));
}

TEST(StandardWebhooks, RefusesWhatIsWrong) {
  const auto problem = [](const Request& request) { return webhooks()->inspect(request, kNowMs).problem; };
  const auto good = webhook("e1", cloud_event("e1"));
  const auto without = [&](const char* header) {
    auto request = good;
    request.headers.erase(header);
    return request;
  };
  EXPECT_THAT(problem(without("webhook-signature")), HasSubstr("webhook-signature"));
  EXPECT_THAT(problem(without("webhook-id")), HasSubstr("webhook-signature")) << "it is part of what is signed";
  EXPECT_THAT(problem(webhook("e1", cloud_event("e1"), kNowMs - kWindowMs - 1000)), HasSubstr("webhook-timestamp"));
  EXPECT_THAT(problem(webhook("e1", cloud_event("e1"), kNowMs + kWindowMs + 1000)), HasSubstr("webhook-timestamp"));
  EXPECT_EQ(problem(webhook("e1", cloud_event("e1"), kNowMs - kWindowMs)), "");
  EXPECT_THAT(problem(webhook("", cloud_event("e1"))), HasSubstr("webhook-id"));
  EXPECT_THAT(problem(webhook("e1", "{}")), HasSubstr("'id'"));
  EXPECT_THAT(problem(webhook("e1", "no json")), HasSubstr("JSON"));
  auto deep = cloud_event("e1");
  deep.replace(deep.find(R"("blue")"), 6, std::string(200'000, '[') + std::string(200'000, ']'));
  EXPECT_THAT(problem(webhook("e1", deep)), HasSubstr("too deep"));
  const auto found = webhooks()->inspect(without("webhook-signature"), kNowMs);
  EXPECT_EQ(found.refusal.act, Act::status);
  EXPECT_EQ(found.refusal.number, 401U);
}

TEST(StandardWebhooks, TakesAnyOfItsKeysAlsoEd25519) {
  const std::string seed(32, 'k');
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                               reinterpret_cast<const unsigned char*>(seed.data()), seed.size());
  unsigned char half[32];
  std::size_t size = sizeof half;
  EVP_PKEY_get_raw_public_key(key, half, &size);
  const auto public_key = "whpk_" + base64_encode({reinterpret_cast<char*>(half), size}, Base64::plain);
  auto request = webhook("e1", cloud_event("e1"));
  const auto message = "e1." + request.headers["webhook-timestamp"] + "." + request.body;
  unsigned char signature[64];
  size = sizeof signature;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key);
  EVP_DigestSign(context, signature, &size, reinterpret_cast<const unsigned char*>(message.data()), message.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  EXPECT_EQ(webhooks(public_key)->inspect(request, kNowMs).mac_ok, false);
  request.headers["webhook-signature"] =
      "v1a," + base64_encode({reinterpret_cast<char*>(signature), size}, Base64::plain);
  EXPECT_EQ(webhooks()->inspect(request, kNowMs).mac_ok, false);
  EXPECT_EQ(webhooks(std::string(kSecret) + "\n" + public_key)->inspect(request, kNowMs).mac_ok, true);
  EXPECT_EQ(webhooks("whsk_" + base64_encode(seed, Base64::plain))->inspect(request, kNowMs).mac_ok, true);
  for (const char* bad : {"secret", "whsec_AAAA", "whsec_!", "whpk_AAAA"})
    EXPECT_FALSE(standard_webhooks_inspector(bad, kWindowMs)) << bad;
}

TEST(StandardWebhooks, RecallsAnEarlierLife) {
  const auto inspector = webhooks();
  LogLine line;
  line.headers = {{"webhook-id", "b1"}};
  line.params = {{"event_id", "e1"}};
  inspector->recall(line);
  EXPECT_TRUE(inspector->inspect(webhook("other", cloud_event("e1")), kNowMs).repeat);
  EXPECT_TRUE(inspector->inspect(webhook("b1", cloud_event("e9")), kNowMs).repeat);
}

// ---- LTI notices

const RsaKey& platform() {
  static const RsaKey kKey = *RsaKey::make();
  return kKey;
}

JwtClaims notice_claims(const std::string& id, const std::string& nonce) {
  const std::string prefix = "https://purl.imsglobal.org/spec/lti/claim/";
  JwtClaims claims = {{"iss", "https://lms.example:443"}, {"aud", "client"}, {"azp", "client"}, {"iat", kNowMs / 1000},
                      {"exp", kNowMs / 1000 + 3600},      {"nonce", nonce}};
  claims[prefix + "version"] = "1.3.0";
  claims[prefix + "deployment_id"] = "1";
  claims[prefix + "notice"] = {{"id", id}, {"timestamp", "2024-01-01T00:00:00.000Z"}, {"type", "LtiContextCopyNotice"}};
  claims[prefix + "context"] = {{"id", "_2_1"}, {"title", "Algebra"}};
  claims[prefix + "origin_contexts"] = {"_1_1"};
  return claims;
}

Request notices(const std::vector<JwtClaims>& all, const RsaKey& key = platform()) {
  JwtClaims list = JwtClaims::array();
  for (const auto& claims : all) list.push_back({{"jwt", sign_jwt(claims, key)}});
  Request request;
  request.method = "POST";
  request.headers = {{"content-type", "application/json"}};
  request.body = JwtClaims{{"notices", list}}.dump();
  return request;
}

class LtiNotice : public testing::Test {
 protected:
  std::unique_ptr<WireInspector> inspector() { return lti_notice_inspector(JwksSource(jwks_), kWindowMs); }
  test::TemporaryDirectory directory_;
  std::string jwks_ = directory_.write("jwks.json", jwks_of(platform()).dump());
};

TEST_F(LtiNotice, IsTakenAndToldInTheWordsOfTheClassicWire) {
  const auto reader = inspector();
  const auto found = reader->inspect(notices({notice_claims("e1", "n1"), notice_claims("e2", "n2")}), kNowMs);
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(found.mac_ok, true);
  EXPECT_FALSE(found.repeat);
  EXPECT_THAT(found.params, Contains(Pair("action", "LtiContextCopyNotice")));
  EXPECT_THAT(found.params, Contains(Pair("event_id", "e2")));
  EXPECT_THAT(found.params, Contains(Pair("context_id", "_2_1")));
  EXPECT_THAT(found.params, Contains(Pair("origin_context", "_1_1")));
  EXPECT_TRUE(reader->inspect(notices({notice_claims("e1", "n3")}), kNowMs).repeat);
  EXPECT_THAT(reader->inspect(notices({notice_claims("e4", "n1")}), kNowMs).problem, HasSubstr("nonce"));
}

TEST_F(LtiNotice, OfAnotherKeyIsRefused) {
  const auto other = *RsaKey::make();
  const auto unknown = inspector()->inspect(notices({notice_claims("e1", "n1")}, other), kNowMs);
  EXPECT_EQ(unknown.mac_ok, false);
  EXPECT_THAT(unknown.problem, HasSubstr("no key"));
  EXPECT_EQ(unknown.refusal.number, 401U);
  auto set = jwks_of(other);
  set["keys"][0]["kid"] = platform().kid();
  directory_.write("jwks.json", set.dump());
  EXPECT_EQ(inspector()->inspect(notices({notice_claims("e1", "n1")}), kNowMs).problem, "wrong signature");
}

TEST_F(LtiNotice, WantsEveryClaimThatASecondVoiceWouldNeed) {
  const std::string prefix = "https://purl.imsglobal.org/spec/lti/claim/";
  for (const auto& name :
       {std::string("iss"), std::string("aud"), std::string("azp"), std::string("nonce"), std::string("iat"),
        std::string("exp"), prefix + "version", prefix + "deployment_id", prefix + "notice"}) {
    auto claims = notice_claims("e1", "n1");
    claims.erase(name);
    EXPECT_NE(inspector()->inspect(notices({claims}), kNowMs).problem, "") << name;
  }
  auto with_sub = notice_claims("e1", "n1");
  with_sub["sub"] = "somebody";
  EXPECT_THAT(inspector()->inspect(notices({with_sub}), kNowMs).problem, HasSubstr("'sub'"));
  const auto good = notices({notice_claims("e1", "n1")});
  EXPECT_THAT(inspector()->inspect(good, kNowMs + kWindowMs + 1000).problem, HasSubstr("'iat'"));
  EXPECT_EQ(inspector()->inspect(good, kNowMs + kWindowMs).problem, "");
}

TEST_F(LtiNotice, OfAnotherFormIsRefused) {
  for (const char* body :
       {"", "[]", "{}", R"({"notices":[]})", R"({"notices":[{}]})", R"({"notices":[{"jwt":"a.b"}]})"}) {
    auto request = notices({notice_claims("e1", "n1")});
    request.body = body;
    EXPECT_NE(inspector()->inspect(request, kNowMs).problem, "") << body;
  }
  auto form = notices({notice_claims("e1", "n1")});
  form.headers["content-type"] = "text/plain";
  EXPECT_THAT(inspector()->inspect(form, kNowMs).problem, HasSubstr("content type"));
}

TEST_F(LtiNotice, WithoutAKeySetIsNotVerified) {
  const auto found = lti_notice_inspector(std::nullopt, kWindowMs)->inspect(notices({notice_claims("e", "n")}), kNowMs);
  EXPECT_EQ(found.problem, "");
  EXPECT_EQ(found.mac_ok, std::nullopt);
}

}  // namespace
}  // namespace host
