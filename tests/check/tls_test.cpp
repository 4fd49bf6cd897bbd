// The case tls, against a server of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certificates.h"
#include "check/run.h"
#include "loopback_server.h"
#include "subject_of.h"

namespace host::test {
namespace {

using ptb::test::answer_all;
using ptb::test::Certificate;
using ptb::test::CertificateOptions;
using ptb::test::LoopbackServer;
using ::testing::HasSubstr;

constexpr long kDayS = 24 * 3600;

Certificate lasting(long days) { return Certificate(CertificateOptions{"IP:127.0.0.1", "test", -3600, days * kDayS}); }

Finding tls_of(const std::string& url, const std::string& ca_file) {
  auto subject = subject_at(url);
  subject.call.ca_file = ca_file;
  Bench bench(subject);
  return run_cases(in_order(all_cases(), {"tls"}, 1), bench, [](std::size_t, const std::string&) {}).back().finding;
}

TEST(CheckTls, AGoodCertificateForAWhileAndNothingOldPasses) {
  const Certificate certificate = lasting(90);
  LoopbackServer server(answer_all, certificate.context());
  const auto finding = tls_of(server.url("https"), certificate.pem());
  EXPECT_EQ(finding.result, Result::passed) << finding.reason;
  EXPECT_THAT(finding.reason, HasSubstr("good for"));
}

TEST(CheckTls, OneThatExpiresSoonIsAWarning) {
  const Certificate certificate = lasting(10);
  LoopbackServer server(answer_all, certificate.context());
  const auto finding = tls_of(server.url("https"), certificate.pem());
  EXPECT_EQ(finding.result, Result::warning) << finding.reason;
  EXPECT_THAT(finding.reason, HasSubstr("expires in"));
}

TEST(CheckTls, AServerThatStillSpeaksAnOldVersionFails) {
  const Certificate certificate = lasting(90);
  SSL_CTX_set_security_level(certificate.context(), 0);
  SSL_CTX_set_min_proto_version(certificate.context(), TLS1_VERSION);
  SSL_CTX_set_cipher_list(certificate.context(), "ALL:@SECLEVEL=0");
  LoopbackServer server(answer_all, certificate.context());
  const auto finding = tls_of(server.url("https"), certificate.pem());
  EXPECT_EQ(finding.result, Result::failed) << finding.reason;
  EXPECT_THAT(finding.reason, HasSubstr("TLS 1.0"));
}

TEST(CheckTls, ACertificateThatNobodyVouchesForCannotEvenBeReached) {
  const Certificate certificate = lasting(90);
  LoopbackServer server(answer_all, certificate.context());
  auto subject = subject_at(server.url("https"));
  Bench bench(subject);
  const auto outcomes = run_cases(in_order(all_cases(), {"tls"}, 1), bench, [](std::size_t, const std::string&) {});
  EXPECT_EQ(outcomes.front().finding.result, Result::failed);
  EXPECT_THAT(outcomes.front().finding.fix, HasSubstr("--ca-file"));
  EXPECT_EQ(outcomes.back().finding.result, Result::skipped);
}

TEST(CheckTls, PlainHttpIsSkippedWithTheReason) {
  LoopbackServer server(answer_all);
  const auto finding = tls_of(server.url(), "");
  EXPECT_EQ(finding.result, Result::skipped);
  EXPECT_THAT(finding.reason, HasSubstr("plain http"));
}

}  // namespace
}  // namespace host::test
