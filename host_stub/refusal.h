// How a command of ptb-host ends early: one line for a person and an exit status. main() is the only place that catches
// it; the plugin's side of the C boundary never sees it.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace host {

inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;  ///< refused, failed, or a walk that stopped
inline constexpr int kExitUsage = 2;

class Refusal : public std::runtime_error {
 public:
  Refusal(int exit_status, const std::string& text) : std::runtime_error(text), exit_status_(exit_status) {}
  [[nodiscard]] int exit_status() const { return exit_status_; }

 private:
  int exit_status_;
};

/// What a command is about is not there.
class NotFound : public Refusal {
 public:
  explicit NotFound(const std::string& text) : Refusal(kExitRefused, text) {}
};

/// Ends the command with exit status 1: what it is about is not there.
template <typename... Values>
[[noreturn]] void not_found(fmt::format_string<Values...> format, Values&&... values) {
  throw NotFound(fmt::format(format, std::forward<Values>(values)...));
}

/// Ends the command with exit status 1. The text says what is wrong, where, and what to do.
template <typename... Values>
[[noreturn]] void refuse(fmt::format_string<Values...> format, Values&&... values) {
  throw Refusal(kExitRefused, fmt::format(format, std::forward<Values>(values)...));
}

/// Ends the command with exit status 2: it was typed wrongly.
template <typename... Values>
[[noreturn]] void wrong_usage(fmt::format_string<Values...> format, Values&&... values) {
  throw Refusal(kExitUsage, fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace host
