// How the tests of the transport make exchanges: one at a time, waiting for the result with a bound.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "transport/curl_transport.h"

namespace ptb::test {

using Fault = ExchangeResult::Fault;

inline std::unique_ptr<CurlTransport> make_transport(std::size_t max_connections = 64) {
  auto made = CurlTransport::create({max_connections});
  EXPECT_TRUE(made.has_value());
  return *std::move(made);
}

/// A destination that the loopback server can be.
inline std::shared_ptr<Destination> loopback() {
  auto destination = std::make_shared<Destination>();
  destination->allow_http = true;
  destination->allow_private = true;
  destination->connect_timeout_ms = 20'000;
  destination->total_timeout_ms = 20'000;
  return destination;
}

/// The same for TLS, believing the authorities of that file.
inline std::shared_ptr<Destination> trusting(const std::string& ca_file) {
  auto destination = loopback();
  destination->allow_http = false;
  destination->ca_file = ca_file;
  return destination;
}

inline HttpRequest request_for(std::shared_ptr<const Destination> destination, std::string url,
                               std::string body = "a=1") {
  return {std::move(destination), std::move(url), "application/x-www-form-urlencoded", std::move(body), {}};
}

/// Polls until that many results are there, for at most about 30 seconds.
inline std::vector<ExchangeResult> results(Transport& transport, std::size_t count) {
  std::vector<ExchangeResult> done;
  for (int i = 0; i < 300 && done.size() < count; ++i) transport.poll(done, 100);
  EXPECT_EQ(done.size(), count);
  done.resize(count);
  return done;
}

inline ExchangeResult exchange(Transport& transport, HttpRequest request) {
  static std::uint64_t ticket = 0;
  transport.start(++ticket, std::move(request));
  auto result = results(transport, 1).front();
  EXPECT_EQ(result.ticket, ticket);
  EXPECT_EQ(result.fault == Fault::none, result.fault_text.empty());
  return result;
}

}  // namespace ptb::test
