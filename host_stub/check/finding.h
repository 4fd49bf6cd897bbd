// What a case of the vendor check has found, in words for the person who made the tool. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace host {

enum class Result { passed, failed, warning, skipped };

constexpr std::string_view to_text(Result result) {
  switch (result) {
    case Result::passed: return "passed";
    case Result::failed: return "failed";
    case Result::warning: return "warning";
    case Result::skipped: return "skipped";
  }
  return "";
}

struct Finding {
  Result result = Result::passed;
  std::string reason;  ///< one line; may be empty where it passed
  std::string sent;    ///< what follows is there where something was wrong
  std::string expected;
  std::string came;
  std::string fix;
};

inline Finding passed(std::string reason = {}) { return {Result::passed, std::move(reason), {}, {}, {}, {}}; }
inline Finding skipped(std::string reason) { return {Result::skipped, std::move(reason), {}, {}, {}, {}}; }

}  // namespace host
