// The table of the C ABI. Each function reads its arguments, calls the engine behind a barrier that no exception
// passes, and writes the answer.
#include <fmt/format.h>

#include <cstdio>

#include "abi/bridge.h"
#include "abi/signals.h"
#include "abi/struct_reading.h"

namespace {

using namespace ptb;

static_assert(static_cast<int>(Status::argument) == PTB_E_ARGUMENT && static_cast<int>(Status::abi) == PTB_E_ABI &&
              static_cast<int>(Status::state) == PTB_E_STATE && static_cast<int>(Status::store) == PTB_E_STORE &&
              static_cast<int>(Status::locked) == PTB_E_LOCKED && static_cast<int>(Status::newer) == PTB_E_NEWER &&
              static_cast<int>(Status::damaged) == PTB_E_DAMAGED && static_cast<int>(Status::host) == PTB_E_HOST &&
              static_cast<int>(Status::not_found) == PTB_E_NOT_FOUND &&
              static_cast<int>(Status::timeout) == PTB_E_TIMEOUT &&
              static_cast<int>(Status::refused) == PTB_E_REFUSED &&
              static_cast<int>(Status::internal) == PTB_E_INTERNAL);
static_assert(static_cast<int>(ToolState::available) == PTB_TOOL_AVAILABLE &&
              static_cast<int>(ToolState::inactive) == PTB_TOOL_INACTIVE &&
              static_cast<int>(ToolState::unavailable) == PTB_TOOL_UNAVAILABLE);
static_assert(static_cast<int>(Scope::system) == PTB_SCOPE_SYSTEM &&
              static_cast<int>(Scope::content) == PTB_SCOPE_CONTENT);

/// `text` as it is: allocates nothing, for when there is no memory.
std::int32_t failed_plainly(ptb_error* error, Status status, std::string_view text) {
  if (error != nullptr && check_writable(error, "ptb_error")) {
    ptb_error told{};
    told.status = static_cast<std::int32_t>(status);
    put_text(told.text, text);
    write_struct(told, error);
    // A shorter buffer than ours is terminated all the same.
    const std::size_t head = offsetof(ptb_error, text);
    if (error->struct_size > head && error->struct_size < sizeof told)
      reinterpret_cast<char*>(error)[error->struct_size - 1] = '\0';
  }
  return static_cast<std::int32_t>(status);
}

std::int32_t failed(ptb_error* error, Status status, std::string_view text) {
  return failed_plainly(error, status, printable(text, sizeof ptb_error::text - 1));
}

/// Runs `body`, which returns a Result; nothing it throws gets any further.
template <typename Body>
std::int32_t behind_barrier(ptb_error* error, Body body) noexcept {
  try {
    const auto result = body();
    return result ? PTB_OK : failed(error, result.error().status, result.error().text);
  } catch (const std::bad_alloc&) {
    return failed_plainly(error, Status::internal, "out of memory: the call was given up, the bridge goes on");
  } catch (const std::exception& problem) {
    char text[sizeof ptb_error::text];
    std::snprintf(text, sizeof text, "a fault of the plugin: %s", problem.what());
    return failed_plainly(error, Status::internal, text);
  } catch (...) {
    return failed_plainly(error, Status::internal, "a fault of the plugin, or an exception of a callback");
  }
}

/// Marks that the host is inside the bridge.
class Visit {
 public:
  explicit Visit(ptb_bridge* bridge) : bridge_(bridge) {}
  ~Visit() { bridge_->leave(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  ptb_bridge* bridge_;
};

template <typename Body>
std::int32_t in_bridge(ptb_bridge* bridge, ptb_error* error, Body body) noexcept {
  return behind_barrier(error, [&]() -> Result<void> {
    if (bridge == nullptr) return fail(Status::argument, "the bridge is NULL: open one first");
    if (auto entered = bridge->enter(); !entered) return fail(entered.error());
    const Visit visit(bridge);
    return body(bridge->engine());
  });
}

std::int32_t api_open(const ptb_open_options* options, ptb_bridge** bridge, ptb_error* error) {
  return behind_barrier(error, [&]() -> Result<void> {
    if (bridge == nullptr) return fail(Status::argument, "there is nowhere to put the bridge: bridge is NULL");
    *bridge = nullptr;
    auto arguments = read_open(options);
    if (!arguments) return fail(arguments.error());
    auto opened = ptb_bridge::open(std::move(*arguments));
    if (!opened) return fail(opened.error());
    *bridge = opened->release();
    return {};
  });
}

std::int32_t api_close(ptb_bridge* bridge, std::uint32_t timeout_ms, ptb_error* error) {
  if (bridge == nullptr) return PTB_OK;
  return behind_barrier(error, [&]() -> Result<void> {
    if (auto closed = bridge->close(timeout_ms); !closed) return fail(closed.error());
    const std::unique_ptr<ptb_bridge> ended(bridge);
    return {};
  });
}

void write_answer(const CaptureAnswer& answer, ptb_capture_result* result) {
  ptb_capture_result told{};
  told.answer = answer.kind == CaptureAnswer::Kind::fresh       ? PTB_NEW
                : answer.kind == CaptureAnswer::Kind::duplicate ? PTB_DUPLICATE
                                                                : PTB_IGNORED;
  if (answer.kind == CaptureAnswer::Kind::ignored) {
    put_text(told.reason, answer.ignored_as);
  } else {
    put_text(told.event_id, to_text(answer.id));
    told.sequence = static_cast<std::uint64_t>(answer.place.sequence);
    if (answer.kind == CaptureAnswer::Kind::fresh) put_text(told.reason, to_text(answer.deferral));
  }
  write_struct(told, result);
}

Result<std::vector<ReportedEvent>> read_events(const ptb_event* const* events, std::size_t count,
                                               ptb_capture_result* const* results) {
  if (events == nullptr || results == nullptr) return fail(Status::argument, "events or results is NULL");
  if (count == 0 || count > kMaxEventsPerCapture)
    return fail(Status::argument,
                fmt::format("{} events in one capture: 1 to {} are allowed", count, kMaxEventsPerCapture));
  std::vector<ReportedEvent> read;
  read.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto one = read_event(events[i], i);
    if (!one) return fail(one.error());
    if (auto writable = check_writable(results[i], "ptb_capture_result"); !writable) return fail(writable.error());
    read.push_back(std::move(*one));
  }
  return read;
}

std::int32_t api_capture(ptb_bridge* bridge, const ptb_event* const* events, size_t count,
                         ptb_capture_result* const* results, std::uint64_t* operation, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto read = read_events(events, count, results);
    if (!read) return fail(read.error());
    std::vector<CaptureAnswer> answers;
    auto captured = engine.capture(std::move(*read), answers, operation != nullptr);
    if (!captured) return fail(captured.error());
    for (std::size_t i = 0; i < count; ++i) write_answer(answers[i], results[i]);
    if (operation != nullptr) *operation = *captured;
    return {};
  });
}

std::int32_t api_tool_installed(ptb_bridge* bridge, const ptb_tool* tool, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto read = read_tool(tool);
    if (!read) return fail(read.error());
    return engine.tool_installed(std::move(read->tool), read->keep_state, read->policy);
  });
}

std::int32_t api_tool_saved(ptb_bridge* bridge, ptb_text vendor, ptb_text program, std::int32_t state,
                            std::uint64_t* operation, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto locator = read_locator(vendor, program);
    if (!locator) return fail(locator.error());
    auto wanted = read_tool_state(state);
    if (!wanted) return fail(wanted.error());
    auto begun = engine.tool_saved(*locator, *wanted);
    if (!begun) return fail(begun.error());
    if (operation != nullptr) *operation = *begun;
    return {};
  });
}

std::int32_t api_tool_removed(ptb_bridge* bridge, ptb_text vendor, ptb_text program, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto locator = read_locator(vendor, program);
    if (!locator) return fail(locator.error());
    return engine.tool_removed(*locator);
  });
}

std::int32_t api_tool_contacted(ptb_bridge* bridge, ptb_text vendor, ptb_text program, std::uint64_t* operation,
                                ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto locator = read_locator(vendor, program);
    if (!locator) return fail(locator.error());
    auto begun = engine.tool_contacted(*locator);
    if (!begun) return fail(begun.error());
    if (operation != nullptr) *operation = *begun;
    return {};
  });
}

std::int32_t api_run_once(ptb_bridge* bridge, std::uint32_t timeout_ms, std::uint32_t* next_ms, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    std::uint32_t next = UINT32_MAX;
    if (bridge->host_pumps()) {
      const KeepSigpipeAway away;
      next = engine.run_once(timeout_ms);
    }
    if (next_ms != nullptr) *next_ms = next;
    return {};
  });
}

std::int32_t api_wait(ptb_bridge* bridge, std::uint64_t operation, std::uint32_t timeout_ms,
                      ptb_operation_result* result, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    if (auto writable = check_writable(result, "ptb_operation_result"); !writable) return fail(writable.error());
    const KeepSigpipeAway away;
    auto ended = engine.wait(operation, timeout_ms, bridge->host_pumps());
    if (!ended) return fail(ended.error());
    ptb_operation_result told{};
    told.status = ended->ok ? PTB_OK : PTB_E_REFUSED;
    told.sent = ended->tally.sent;
    told.acknowledged = ended->tally.acknowledged;
    told.refused = ended->tally.refused;
    told.failed = ended->tally.failed;
    told.discarded = ended->tally.discarded;
    told.left = ended->tally.left;
    told.repeated = ended->tally.repeated;
    told.duration_ms = ended->duration_ms;
    told.tool_state = ended->tool_state ? static_cast<std::int32_t>(*ended->tool_state) : 0;
    put_text(told.stopped_by, ended->stopped_by);
    put_text(told.text, printable(ended->text, sizeof told.text - 1));
    write_struct(told, result);
    return {};
  });
}

/// Hands an answer to the host's sink, which counts as a callback.
Result<void> hand_over(const std::string& text, ptb_text_sink sink, void* sink_context) {
  const InCallback marked;
  if (sink != nullptr) sink(sink_context, as_text(text));
  return {};
}

std::int32_t api_report(ptb_bridge* bridge, ptb_text question, ptb_text_sink sink, void* sink_context,
                        ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    if (sink == nullptr) return fail(Status::argument, "there is nobody to take the report: sink is NULL");
    auto text = read_text(question, "the question", 2 * kMaxDocument);
    if (!text) return fail(text.error());
    auto answer = engine.report(*text);
    if (!answer) return fail(answer.error());
    return hand_over(*answer, sink, sink_context);
  });
}

std::int32_t api_administer(ptb_bridge* bridge, ptb_text order, ptb_text_sink sink, void* sink_context,
                            std::uint64_t* operation, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto text = read_text(order, "the order", kMaxOrder);
    if (!text) return fail(text.error());
    auto answer = engine.administer(*text);
    if (!answer) return fail(answer.error());
    if (operation != nullptr) *operation = answer->operation;
    return hand_over(answer->json, sink, sink_context);
  });
}

std::int32_t api_value_known(ptb_bridge* bridge, const ptb_value* value, ptb_error* error) {
  return in_bridge(bridge, error, [&](Engine& engine) -> Result<void> {
    auto known = read_value(value);
    if (!known) return fail(known.error());
    return engine.value_known(*known);
  });
}

constexpr ptb_api kApi = {
    sizeof(ptb_api), PTB_ABI_MAJOR,    PTB_ABI_MINOR,      0,
    api_open,        api_close,        api_capture,        api_tool_installed,
    api_tool_saved,  api_tool_removed, api_tool_contacted, api_run_once,
    api_wait,        api_report,       api_administer,     api_value_known,
};

}  // namespace

const ptb_api* ptb_entry(std::uint32_t abi_major, ptb_error* error) {
  if (abi_major == PTB_ABI_MAJOR) return &kApi;
  behind_barrier(error, [&]() -> Result<void> {
    return fail(Status::abi,
                fmt::format("the host speaks major version {} of the plugin interface, this plugin {}: use a plugin "
                            "made for the host",
                            abi_major, PTB_ABI_MAJOR));
  });
  return nullptr;
}
