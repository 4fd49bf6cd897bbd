#include "wire/status_answer.h"

#include <fmt/format.h>

#include "core/pairs.h"

namespace ptb {

namespace {

constexpr std::size_t kMaxTextBytes = 200;

bool may_ask_for_time(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace

Outcome outcome_of_status(const ExchangeResult& result) {
  using Kind = Outcome::Kind;
  if (result.fault == ExchangeResult::Fault::forbidden)
    return {Kind::suspended, printable(result.fault_text, kMaxTextBytes)};
  if (result.fault != ExchangeResult::Fault::none) return {Kind::failed, printable(result.fault_text, kMaxTextBytes)};
  const int status = result.http_status;
  if (status >= 200 && status <= 299) return {Kind::acknowledged, {}};
  if (status == 410)
    return {Kind::suspended, "answered HTTP 410, wants no more events: correct its address or remove it, or save it"};
  if (status >= 300 && status <= 399)
    return {Kind::failed, fmt::format("answered HTTP {}; redirects are not followed: correct its address", status)};
  return {Kind::failed, fmt::format("answered HTTP {}", status), may_ask_for_time(status) ? result.retry_after_ms : 0};
}

}  // namespace ptb
