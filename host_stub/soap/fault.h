// Why a call over SOAP is not answered with what it asked for. Knows no XML.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace host::soap {

/// Codes that clients of these services know: they stand in brackets before the text.
inline constexpr const char* kFailed = "WSFW000";
inline constexpr const char* kInvalidSession = "WSFW001";
inline constexpr const char* kNeedsTool = "WSFW004";
inline constexpr const char* kNotOffered = "WSFW008";
inline constexpr const char* kWrongSecret = "Context.WS002";
inline constexpr const char* kUnknownTool = "Context.WS003";
inline constexpr const char* kToolUnavailable = "Context.WS006";

class Fault : public std::runtime_error {
 public:
  enum class Side { sender, receiver, version };
  Fault(Side side, const char* code, const std::string& text, std::uint32_t http_status = 500)
      : std::runtime_error("[" + std::string(code) + "]" + text), side_(side), http_status_(http_status) {}
  [[nodiscard]] Side side() const { return side_; }
  [[nodiscard]] std::uint32_t http_status() const { return http_status_; }

 private:
  Side side_;
  std::uint32_t http_status_;
};

/// The caller's fault: what is wrong and what to do.
inline Fault sender_fault(const std::string& text, const char* code = kFailed) {
  return Fault(Fault::Side::sender, code, text);
}

}  // namespace host::soap
