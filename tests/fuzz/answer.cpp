// What tools answer, judged by each wire. The first byte of an input says how the exchange ended, the second what HTTP
// status came; the rest is the body or the text of the fault.
#include "core/pairs.h"
#include "fuzz/must.h"
#include "wire/lti_notice.h"
#include "wire/proxy_tool.h"
#include "wire/standard_webhooks.h"

namespace {

using ptb::fuzz::must;
using Kind = ptb::Outcome::Kind;
using Fault = ptb::ExchangeResult::Fault;

constexpr int kStatuses[] = {200, 201, 204, 299, 300, 404, 410, 429, 500, 503, 0, 199};

ptb::ExchangeResult exchange(std::string_view input) {
  ptb::ExchangeResult result;
  const auto byte = [&](std::size_t at) { return at < input.size() ? static_cast<unsigned char>(input[at]) : 0U; };
  const std::string_view rest = input.size() > 2 ? input.substr(2) : std::string_view();
  result.fault = byte(0) >= '1' && byte(0) <= '6' ? static_cast<Fault>(byte(0) - '0') : Fault::none;
  result.http_status = kStatuses[byte(1) % std::size(kStatuses)];
  (result.fault == Fault::none ? result.body : result.fault_text) = rest;
  return result;
}

void judge(const ptb::Wire& wire, const ptb::ExchangeResult& result) {
  const ptb::Outcome outcome = wire.judge(result);
  const bool good_status = result.http_status >= 200 && result.http_status <= 299;
  if (outcome.kind == Kind::acknowledged || outcome.kind == Kind::refused)
    must(result.fault == Fault::none && good_status, "only an answer says yes or no", outcome.text);
  for (const char c : outcome.text) must(static_cast<unsigned char>(c) >= 0x20, "a text is one line", outcome.text);
  must(ptb::is_clean_utf8(outcome.text) && outcome.text.size() <= 200, "a text is short and clean", outcome.text);
  (void)wire.may_fall_back(result);
}

void proxy_tool_says_only_two_words(const ptb::ExchangeResult& result) {
  const Kind kind = ptb::ProxyToolWire().judge(result).kind;
  if (kind == Kind::acknowledged)
    must(result.body.find("<result>SUCCESS<") != std::string::npos, "an acknowledgement says so", result.body);
  if (kind == Kind::refused)
    must(result.body.find("<result>ERROR<") != std::string::npos, "a refusal says so", result.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto result = exchange({reinterpret_cast<const char*>(bytes), size});
  const ptb::ProxyToolWire proxy_tool;
  const ptb::StandardWebhooksWire standard_webhooks;
  const ptb::LtiNoticeWire lti_notice;
  const ptb::Wire* const wires[] = {&proxy_tool, &standard_webhooks, &lti_notice};
  for (const auto* wire : wires) judge(*wire, result);
  proxy_tool_says_only_two_words(result);
  return 0;
}
