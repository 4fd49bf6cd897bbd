// The SOAP services of the small LMS, as their clients find them: Context.WS and Util.WS with their descriptions, and
// the tool consumer profile. Works on the state directory for the time of one request only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "session.h"
#include "soap/context_operations.h"
#include "soap/contract.h"
#include "soap/sessions.h"
#include "soap/setting_operations.h"

namespace host {

struct SoapTerms {
  std::string scheme = "http";             ///< of the server that this is mounted in
  std::function<std::int64_t()> now_ms{};  ///< a monotonic clock for the sessions; none: the system's
};

class SoapService {
 public:
  explicit SoapService(GlobalOptions options, SoapTerms terms = {});
  SoapService(const SoapService&) = delete;
  SoapService& operator=(const SoapService&) = delete;

  /// Is a request with that target for this service?
  static bool is_for(std::string_view target);
  /// May be called by several threads at once.
  Page answer(const Request& request);

 private:
  Page call(const Request& request, const soap::Contract& contract);
  [[nodiscard]] std::string base_url(const Request& request) const;

  const GlobalOptions options_;
  const std::string scheme_;
  soap::Sessions sessions_;
  soap::ContextOperations context_;
  soap::SettingOperations util_;
};

}  // namespace host
