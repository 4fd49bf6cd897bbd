// Turns what a host passes in into values, refusing what is wrong with one clear line. Copies everything: nothing of
// the host's memory is kept.
#pragma once

#include "engine/engine.h"
#include "ptbridge/ptbridge.h"

namespace ptb {

/// Limits on what one call may bring. See ptbridge.h.
inline constexpr std::size_t kMaxEventsPerCapture = 100'000;
inline constexpr std::size_t kMaxPairsPerEvent = 64;
inline constexpr std::size_t kMaxArgumentBytes = 256 * 1024;
inline constexpr std::size_t kMaxShortText = 1'024;
inline constexpr std::size_t kMaxDocument = 1024 * 1024;
inline constexpr std::size_t kMaxPolicy = 64 * 1024;
inline constexpr std::size_t kMaxOrder = 16 * 1024 * 1024;

inline std::string_view view(ptb_text text) { return {text.bytes, text.size}; }
inline ptb_text as_text(std::string_view text) { return {text.data(), text.size()}; }

/// Errors: Status::argument, naming `what`, for a null pointer with a size, more than `limit` bytes, or bytes that are
/// not UTF-8 without NUL.
Result<std::string> read_text(ptb_text text, const char* what, std::size_t limit);
/// The same without a copy.
Result<std::string_view> check_text(ptb_text text, const char* what, std::size_t limit);

Result<Locator> read_locator(ptb_text vendor, ptb_text program);
Result<ToolState> read_tool_state(std::int32_t state);
Result<ReportedEvent> read_event(const ptb_event* event, std::size_t index);

/// What tool_installed was given.
struct InstalledTool {
  Tool tool;
  bool keep_state = false;  ///< the host gave none
  std::string policy;       ///< a preset's name or a document; empty: the one in force stays
};
Result<InstalledTool> read_tool(const ptb_tool* tool);

Result<KnownValue> read_value(const ptb_value* value);

inline constexpr std::string_view kSqliteScheme = "sqlite:";
inline bool is_postgres_uri(std::string_view uri) {
  return uri.starts_with("postgresql://") || uri.starts_with("postgres://");
}

/// What open was given, checked.
struct OpenArguments {
  ptb_host host{};
  std::uint32_t flags = 0;
  std::string store;  ///< sqlite:PATH or postgresql://…
  EngineOptions engine;
};
Result<OpenArguments> read_open(const ptb_open_options* options);

}  // namespace ptb
