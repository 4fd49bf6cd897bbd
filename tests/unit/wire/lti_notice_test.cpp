// LTI notices, verified and taken apart as a tool would; the key that signs them, good and bad.
#include "wire/lti_notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "event_wire_case.h"
#include "published_rsa_key.h"
#include "wire/encoding.h"

namespace ptb::test {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const LtiNoticeWire& wire() {
  static const LtiNoticeWire only;
  return only;
}

std::string bytes_of_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return bytes_of_base64(text).value_or("");
}

std::string pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, cipher, reinterpret_cast<const unsigned char*>("pass"), cipher ? 4 : 0, nullptr,
                           nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  std::string pem(bytes, static_cast<std::size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

/// A JWT that the published key has signed, taken apart.
struct Jwt {
  Json header;
  Json claims;
};

Jwt verified(const std::string& jwt) {
  const auto first = jwt.find('.');
  const auto last = jwt.rfind('.');
  EXPECT_NE(first, last) << jwt;
  const std::string signature = bytes_of_base64url(jwt.substr(last + 1));
  BIO* const text = BIO_new_mem_buf(kPublishedRsaPem.data(), static_cast<int>(kPublishedRsaPem.size()));
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  EXPECT_EQ(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                             reinterpret_cast<const unsigned char*>(jwt.data()), last),
            1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(text);
  return {Json::parse(bytes_of_base64url(jwt.substr(0, first))),
          Json::parse(bytes_of_base64url(jwt.substr(first + 1, last - first - 1)))};
}

WireRequest made(const EventWireCase& c, std::string_view secret = kPublishedRsaPem) {
  auto request = c.build(wire(), secret);
  EXPECT_TRUE(request.has_value()) << request.error().text;
  return request ? *request : WireRequest{};
}

std::vector<Jwt> notices_of(const WireRequest& request) {
  const Json body = Json::parse(request.request.body);
  EXPECT_EQ(body.size(), 1u);
  std::vector<Jwt> all;
  for (const auto& notice : body.at("notices")) {
    EXPECT_EQ(notice.size(), 1u);
    all.push_back(verified(notice.at("jwt")));
  }
  return all;
}

TEST(Notice, OfACopiedCourseHoldsTheseClaimsAndNoOther) {
  EventWireCase c;
  c.add_copy().event.context =
      encode_pairs({{"course_label", "BIO-1"}, {"course_title", "Biology"}, {"user_id", "_9_1"}, {"returnurl", "/x"}});
  const auto request = made(c);
  EXPECT_EQ(request.taken, 1u);
  EXPECT_EQ(request.request.url, "https://tool.example/hook");
  EXPECT_EQ(request.request.content_type, "application/json");
  EXPECT_EQ(request.request.destination, c.tool.destination);
  EXPECT_TRUE(request.request.headers.empty());
  const auto notices = notices_of(request);
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].header, Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", kPublishedKid}}));
  EXPECT_EQ(notices[0].claims, Json::parse(R"({
    "iss": "https://issuer.example", "aud": "client-7", "azp": "client-7",
    "iat": 1700000000, "exp": 1700003600, "nonce": "0123456789abcdef0123456789abcdef-0",
    "https://purl.imsglobal.org/spec/lti/claim/version": "1.3.0",
    "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "deployment-1",
    "https://purl.imsglobal.org/spec/lti/claim/notice": {
      "id": "00112233-4455-5677-8899-000000000011", "timestamp": "2020-09-13T12:26:40.001Z",
      "type": "LtiContextCopyNotice"},
    "https://purl.imsglobal.org/spec/lti/claim/context": {
      "id": "_2_1", "label": "BIO-1", "title": "Biology",
      "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"]},
    "https://purl.imsglobal.org/spec/lti/claim/origin_contexts": ["_1_1"]})"));
}

TEST(Notice, OfAnImportedCourseNamesNoOrigin) {
  EventWireCase c;
  c.add(EventKind::course_imported, {{"type", "exact"}, {"course_id", "_5_1"}, {"backup_id", "_9_1"}});
  const Json claims = notices_of(made(c)).at(0).claims;
  EXPECT_EQ(claims.at("https://purl.imsglobal.org/spec/lti/claim/context"),
            Json::parse(R"({"id": "_5_1", "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"]})"));
  EXPECT_FALSE(claims.contains("https://purl.imsglobal.org/spec/lti/claim/origin_contexts"));
  EXPECT_THAT(claims.dump(), Not(HasSubstr("_9_1")));
}

TEST(Notice, KeepsItsIdAndTimeWhileTheJwtIsMintedAnew) {
  EventWireCase c;
  c.add_copy();
  const auto first = notices_of(made(c)).at(0).claims;
  c.stamp = {1'700'009'000'000, "ffffffffffffffffffffffffffffffff"};
  const auto second = notices_of(made(c)).at(0).claims;
  const auto* notice = "https://purl.imsglobal.org/spec/lti/claim/notice";
  EXPECT_EQ(first.at(notice), second.at(notice));
  EXPECT_NE(first.at("nonce"), second.at("nonce"));
  EXPECT_EQ(second.at("iat"), 1'700'009'000);
  EXPECT_EQ(second.at("exp"), 1'700'012'600);
}

TEST(Notice, IsThereForCoursesThatCameToBeAndNothingElse) {
  for (int number = 1; number <= static_cast<int>(EventKind::ping); ++number) {
    const auto kind = *event_kind_from(number);
    const bool sayable = kind == EventKind::course_copied || kind == EventKind::course_imported;
    EXPECT_EQ(wire().can_say(kind), sayable) << to_text(kind);
    EventWireCase c;
    c.add(kind, {{"newCourseId", "_2_1"}});
    const auto request = made(c);
    EXPECT_EQ(request.taken, sayable ? 1u : 0u) << to_text(kind);
    if (!sayable) {
      EXPECT_EQ(request.unsendable.kind, Outcome::Kind::not_expressible);
    }
  }
}

TEST(Notice, WithoutACourseOrAHandlerIsNotSent) {
  EventWireCase c;
  c.add(EventKind::course_copied, {}).event.course_id.clear();
  EXPECT_EQ(made(c).unsendable.kind, Outcome::Kind::not_expressible);
  c.stored.front().event.course_id = "_2_1";
  EXPECT_EQ(made(c).taken, 1u);
  c.tool.descriptor.actions.erase("course-copied");
  EXPECT_EQ(made(c).unsendable.kind, Outcome::Kind::no_handler);
}

TEST(Notices, GoTogetherUpToWhatTheToolAskedForAndEndBeforeWhatCannotBeSaid) {
  EventWireCase c;
  for (int i = 0; i < 3; ++i) c.add_copy();
  c.add(EventKind::group_copied, {});
  c.add_copy();
  for (const auto& [asked, taken] : {std::pair(0u, 1u), {1u, 1u}, {2u, 2u}, {9u, 3u}}) {
    c.tool.tool.options.max_batch = asked;
    const auto request = made(c);
    EXPECT_EQ(request.taken, taken) << asked;
    const auto notices = notices_of(request);
    ASSERT_EQ(notices.size(), taken);
    std::set<std::string> nonces;
    for (std::size_t i = 0; i < notices.size(); ++i) {
      nonces.insert(notices[i].claims.at("nonce"));
      EXPECT_EQ(notices[i].claims.at("https://purl.imsglobal.org/spec/lti/claim/notice").at("id"),
                to_text(id_at(static_cast<std::int64_t>(i) + 1)));
    }
    EXPECT_EQ(nonces.size(), taken);
  }
}

TEST(Notice, CannotBeBrokenOutOf) {
  using namespace std::string_literals;
  const std::string evil = "a\r\nX: y\0\",\"sub\":\"root\xFF"s;
  EventWireCase c;
  c.add(EventKind::course_copied, {{"newCourseId", evil}, {"oldCourseId", evil}}).event.context =
      encode_pairs({{"course_title", evil}});
  c.tool.tool.options.lti_client_id = evil;
  const auto request = made(c);
  EXPECT_TRUE(request.request.headers.empty());
  const auto claims = notices_of(request).at(0).claims;
  EXPECT_FALSE(claims.contains("sub"));
  EXPECT_EQ(
      claims.at("https://purl.imsglobal.org/spec/lti/claim/origin_contexts").at(0).get<std::string>().substr(0, 9),
      evil.substr(0, 9));
}

TEST(NoticeTool, NeedsAnEndpointAClientAndADeployment) {
  EventWireCase c;
  EXPECT_TRUE(wire().check(c.tool.tool, {}).has_value());
  for (const auto member : {&ToolOptions::endpoint, &ToolOptions::lti_client_id, &ToolOptions::lti_deployment_id}) {
    Tool tool = c.tool.tool;
    (tool.options.*member).clear();
    const auto checked = wire().check(tool, {});
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().status, Status::argument);
    EXPECT_THAT(checked.error().text, HasSubstr("acme/notes"));
  }
  Tool tool = c.tool.tool;
  tool.options.endpoint = "http://h/x";
  EXPECT_FALSE(wire().check(tool, {}).has_value());
  tool.options.allow_http = true;
  EXPECT_TRUE(wire().check(tool, {}).has_value());
  tool.options.endpoint = "notices";
  EXPECT_FALSE(wire().check(tool, {}).has_value());
}

TEST(Notice, HasOneAddress) {
  EventWireCase c;
  c.add_copy();
  EXPECT_EQ(c.build(wire(), kPublishedRsaPem, 1).error().status, Status::not_found);
  ExchangeResult result;
  result.fault = ExchangeResult::Fault::tls_handshake;
  EXPECT_FALSE(wire().may_fall_back(result));
  EXPECT_EQ(wire().judge(result).kind, Outcome::Kind::failed);
  result.fault = ExchangeResult::Fault::none;
  result.http_status = 410;
  EXPECT_EQ(wire().judge(result).kind, Outcome::Kind::suspended);
  result.http_status = 202;
  EXPECT_EQ(wire().judge(result).kind, Outcome::Kind::acknowledged);
}

TEST(Notice, WithABadKeyIsNotSentAndSuspendsWithoutShowingIt) {
  EventWireCase c;
  c.add_copy();
  std::string cut(kPublishedRsaPem.substr(0, 400));
  const std::pair<std::string, const char*> rows[] = {
      {"", "no private key in PEM"},
      {"hunter2", "no private key in PEM"},
      {cut, "no private key in PEM"},
      {std::string(100'000, 'x'), "no private key in PEM"},
      {pem_of(EVP_RSA_gen(2048), EVP_aes_128_cbc()), "without a passphrase"},
      {pem_of(EVP_EC_gen("P-256")), "not of RSA"},
      {pem_of(EVP_RSA_gen(1024)), "has 1024 bits"},
  };
  for (const auto& [secret, says] : rows) {
    const auto request = made(c, secret);
    EXPECT_EQ(request.taken, 0u) << says;
    EXPECT_EQ(request.unsendable.kind, Outcome::Kind::suspended);
    EXPECT_THAT(request.unsendable.text, HasSubstr(says));
    EXPECT_THAT(request.unsendable.text, Not(HasSubstr("hunter2")));
    EXPECT_THAT(request.unsendable.text, Not(HasSubstr("MII")));
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(RsaKey, HasThePublishedModulusExponentAndKeyId) {
  const auto key = RsaKey::from_pem(kPublishedRsaPem);
  ASSERT_TRUE(key.has_value()) << key.error().text;
  EXPECT_EQ(key->kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(key->e(), "AQAB");
  EXPECT_EQ(
      key->n(),
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC"
      "iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7"
      "d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44"
      "-csFCur-kEgU8awapJzKnqDKgw");
}

TEST(RsaKeys, GiveTheSameKeyAgainAndForgetTheOneUsedLongestAgo) {
  const RsaKeys keys;
  std::vector<std::string> pems = {std::string(kPublishedRsaPem)};
  for (int i = 0; i < 4; ++i) pems.push_back(pem_of(EVP_RSA_gen(2048)));
  std::vector<std::weak_ptr<const RsaKey>> kept;
  kept.reserve(4);
  for (int i = 0; i < 4; ++i) kept.emplace_back(*keys.of(pems[static_cast<std::size_t>(i)]));
  EXPECT_EQ(kept[0].lock(), *keys.of(pems[0]));
  const auto fifth = *keys.of(pems[4]);
  EXPECT_TRUE(kept[1].expired());
  EXPECT_FALSE(kept[0].expired());
  EXPECT_NE((*keys.of(pems[1]))->kid(), fifth->kid());
}

TEST(RsaKeys, MayBeAskedFromManyThreads) {
  const RsaKeys keys;
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        const auto key = keys.of(kPublishedRsaPem);
        if (key && (*key)->sign_rs256("x").has_value()) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 80);
}

}  // namespace
}  // namespace ptb::test
