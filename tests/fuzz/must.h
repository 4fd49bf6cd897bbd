// What a fuzz target says when something that must hold does not. Knows no target.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace ptb::fuzz {

/// Ends the process, so that the fuzzer keeps the input, where `holds` is false.
inline void must(bool holds, const char* what, std::string_view seen = "") {
  if (holds) return;
  std::fprintf(stderr, "this does not hold: %s: '%.*s'\n", what, static_cast<int>(seen.size()), seen.data());
  std::abort();
}

/// Error texts are one line that a person can read.
inline void must_be_one_line(std::string_view text) {
  must(!text.empty(), "an error has a text");
  for (const char c : text) must(static_cast<unsigned char>(c) >= 0x20, "an error text is one line", text);
}

}  // namespace ptb::fuzz
