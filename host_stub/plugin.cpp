// See plugin.h. How the library is found and loaded is in plugin_loading.cpp.
#include "plugin.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace host {

namespace {

/// The empty text is all zero, as an older plugin wants to find what it does not know.
ptb_text as_text(std::string_view text) { return {text.empty() ? nullptr : text.data(), text.size()}; }
std::string_view as_view(ptb_text text) { return text.bytes == nullptr ? "" : std::string_view(text.bytes, text.size); }

std::vector<ptb_pair> as_pairs(const Pairs& pairs) {
  std::vector<ptb_pair> out;
  out.reserve(pairs.size());
  for (const auto& [name, value] : pairs) out.push_back({as_text(name), as_text(value)});
  return out;
}

constexpr std::uint32_t kMinorOfWatch = 2;  // a plugin of an older one would refuse the struct

/// A struct of the interface, zeroed, with its size set.
template <typename Struct>
Struct sized() {
  Struct value;
  std::memset(&value, 0, sizeof value);
  value.struct_size = sizeof value;
  return value;
}

struct StateWord {
  std::int32_t number;
  std::string_view word;
};
constexpr std::array<StateWord, 3> kStates = {
    {{PTB_TOOL_AVAILABLE, "available"}, {PTB_TOOL_INACTIVE, "inactive"}, {PTB_TOOL_UNAVAILABLE, "unavailable"}}};

std::int32_t state_number(std::string_view word) {
  for (const auto& state : kStates)
    if (state.word == word) return state.number;
  return 0;
}

std::string state_word(std::int32_t number) {
  for (const auto& state : kStates)
    if (state.number == number) return std::string(state.word);
  return {};
}

std::int32_t scope_number(std::string_view scope) {
  if (scope == "system") return PTB_SCOPE_SYSTEM;
  return scope == "course" ? PTB_SCOPE_COURSE : PTB_SCOPE_CONTENT;
}

void check(std::int32_t status, const ptb_error& error) {
  if (status == PTB_OK) return;
  const std::string text = error.text[0] != '\0' ? error.text : fmt::format("the plugin failed with status {}", status);
  throw BridgeError(status, text);
}

// -- callbacks: nothing may be thrown across the boundary

HostFace& face_of(void* context) { return *static_cast<HostFace*>(context); }

template <typename Body>
std::int32_t guarded(HostFace& face, Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& problem) {
    face.callback_failed(problem.what());
  } catch (...) {
    face.callback_failed("an exception of an unknown kind");
  }
  return PTB_E_HOST;
}

void on_log(void* context, std::int32_t level, ptb_text text) {
  guarded(face_of(context), [&] {
    face_of(context).log(level, as_view(text));
    return PTB_OK;
  });
}

std::int32_t on_load_settings(void* context, const ptb_settings_request* request, ptb_setting_sink sink,
                              void* sink_context) {
  return guarded(face_of(context), [&] {
    const Locator tool{std::string(as_view(request->vendor)), std::string(as_view(request->program))};
    std::int32_t status = PTB_OK;
    face_of(context).load_settings(
        tool, as_view(request->course_id), as_view(request->content_id), [&](const Setting& setting) {
          status = sink(sink_context, scope_number(setting.scope), as_text(setting.key), as_text(setting.value));
          return status == PTB_OK;
        });
    return status;
  });
}

std::int32_t on_load_secret(void* context, ptb_text vendor, ptb_text program, ptb_text_sink sink, void* sink_context) {
  return guarded(face_of(context), [&] {
    const auto secret = face_of(context).load_secret({std::string(as_view(vendor)), std::string(as_view(program))});
    if (!secret) return PTB_E_NOT_FOUND;
    sink(sink_context, as_text(*secret));
    return PTB_OK;
  });
}

void on_outcome(void* context, const ptb_outcome* outcome) {
  guarded(face_of(context), [&] {
    face_of(context).outcome(*outcome);
    return PTB_OK;
  });
}

void on_progress(void* context, const ptb_progress* progress) {
  guarded(face_of(context), [&] {
    face_of(context).progress(*progress);
    return PTB_OK;
  });
}

void on_watch(void* context, const ptb_watch* watch) {
  guarded(face_of(context), [&] {
    face_of(context).watch(*watch);
    return PTB_OK;
  });
}

void collect_text(void* context, ptb_text text) { static_cast<std::string*>(context)->append(as_view(text)); }

}  // namespace

/// A call is under way: the bridge is not closed meanwhile.
class Bridge::Visit {
 public:
  explicit Visit(Bridge& bridge) : bridge_(bridge) {
    std::unique_lock lock(bridge_.mutex_);
    bridge_.changed_.wait(lock, [&] { return !bridge_.reopening_; });
    if (!bridge_.problem_.empty()) throw BridgeError(PTB_E_STATE, bridge_.problem_);
    ++bridge_.visits_;
  }
  ~Visit() {
    const std::lock_guard lock(bridge_.mutex_);
    if (--bridge_.visits_ == 0) bridge_.changed_.notify_all();
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  Bridge& bridge_;
};

Bridge::Bridge(std::shared_ptr<Plugin> plugin, const BridgeOptions& options, HostFace& face)
    : plugin_(std::move(plugin)), face_(face) {
  open(options);
}

void Bridge::open(const BridgeOptions& options) {
  auto callbacks = sized<ptb_host>();
  callbacks.context = &face_;
  callbacks.log = on_log;
  callbacks.load_settings = on_load_settings;
  callbacks.load_secret = on_load_secret;
  callbacks.outcome = on_outcome;
  callbacks.progress = on_progress;
  if (plugin_->api().abi_minor >= kMinorOfWatch) callbacks.watch = on_watch;

  auto asked = sized<ptb_open_options>();
  asked.flags = (options.capture_only ? PTB_CAPTURE_ONLY : 0U) |
                (options.own_thread && !options.capture_only ? PTB_ALLOW_BRIDGE_CALLBACKS : 0U);
  asked.host = &callbacks;
  asked.store = as_text(options.store);
  asked.tcbaseurl = as_text(options.tcbaseurl);
  asked.generation = as_text(options.generation);
  asked.high_water = options.high_water;
  asked.exchange_timeout_ms = options.exchange_timeout_ms;
  asked.connect_timeout_ms = options.connect_timeout_ms;
  asked.contact_interval_ms = options.contact_interval_ms;
  auto error = sized<ptb_error>();
  check(plugin_->api().open(&asked, &bridge_, &error), error);
}

Bridge::~Bridge() { close(); }

void Bridge::close() {
  // PTB_E_TIMEOUT means that a thread is still inside a call; then the callbacks' owner must not go away yet.
  while (plugin_->api().close(bridge_, 10'000, nullptr) == PTB_E_TIMEOUT) {
  }
  bridge_ = nullptr;
}

void Bridge::reopen(const BridgeOptions& options) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !reopening_; });
    reopening_ = true;
    changed_.wait(lock, [&] { return visits_ == 0; });
  }
  std::string problem;
  close();
  try {
    open(options);
  } catch (const std::exception& failure) {
    problem = failure.what();
  }
  {
    const std::lock_guard lock(mutex_);
    reopening_ = false;
    problem_ = problem;
    changed_.notify_all();
  }
  if (!problem.empty()) refuse("{}", problem);
}

std::vector<CaptureAnswer> Bridge::capture(const Operation& operation, std::uint64_t& handle) {
  const Visit visit(*this);
  const auto count = operation.events.size();
  const auto operation_id = std::to_string(operation.id);
  std::vector<std::vector<ptb_pair>> pairs;
  pairs.reserve(2 * count);
  std::vector<ptb_event> events(count, sized<ptb_event>());
  std::vector<ptb_capture_result> results(count, sized<ptb_capture_result>());
  std::vector<const ptb_event*> event_pointers;
  std::vector<ptb_capture_result*> result_pointers;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& from = operation.events[i];
    auto& to = events[i];
    to.operation = as_text(operation_id);
    to.vendor = as_text(from.tool.vendor);
    to.program = as_text(from.tool.program);
    to.kind = as_text(from.kind);
    to.course_id = as_text(from.course_id);
    to.content_id = as_text(from.content_id);
    const auto& arguments = pairs.emplace_back(as_pairs(from.arguments));
    to.arguments = arguments.data();
    to.argument_count = arguments.size();
    const auto& context = pairs.emplace_back(as_pairs(from.context));
    to.context = context.data();
    to.context_count = context.size();
    to.occurred_at_ms = operation.at_ms;
    to.not_before_ms = operation.not_before_ms;
    event_pointers.push_back(&to);
    result_pointers.push_back(&results[i]);
  }
  auto error = sized<ptb_error>();
  check(plugin_->api().capture(bridge_, event_pointers.data(), count, result_pointers.data(), &handle, &error), error);
  std::vector<CaptureAnswer> answers;
  answers.reserve(count);
  for (const auto& result : results)
    answers.push_back({result.answer, result.event_id, result.reason, result.sequence});
  return answers;
}

void Bridge::tool_installed(const Tool& tool, std::string_view state, std::string_view policy) {
  const Visit visit(*this);
  auto out = sized<ptb_tool>();
  out.flags = (tool.strict ? PTB_TOOL_STRICT : 0U) | (tool.allow_http ? PTB_TOOL_ALLOW_HTTP : 0U) |
              (tool.allow_private ? PTB_TOOL_ALLOW_PRIVATE : 0U) |
              (tool.allow_downgrade ? PTB_TOOL_ALLOW_DOWNGRADE : 0U);
  out.state = state_number(state);
  out.vendor = as_text(tool.locator.vendor);
  out.program = as_text(tool.locator.program);
  out.guid = as_text(tool.guid);
  out.descriptor = as_text(tool.descriptor);
  out.wire = as_text(tool.wire);
  out.ca_file = as_text(tool.ca_file);
  out.allow_cidrs = as_text(tool.allow_cidrs);
  out.client_cert_file = as_text(tool.client_cert_file);
  out.client_key_file = as_text(tool.client_key_file);
  out.endpoint = as_text(tool.endpoint);
  out.lti_client_id = as_text(tool.lti_client_id);
  out.lti_deployment_id = as_text(tool.lti_deployment_id);
  out.max_batch = tool.max_batch;
  out.policy = as_text(policy);
  auto error = sized<ptb_error>();
  check(plugin_->api().tool_installed(bridge_, &out, &error), error);
}

std::uint64_t Bridge::tool_saved(const Locator& tool, std::string_view state) {
  const Visit visit(*this);
  std::uint64_t handle = 0;
  auto error = sized<ptb_error>();
  check(plugin_->api().tool_saved(bridge_, as_text(tool.vendor), as_text(tool.program), state_number(state), &handle,
                                  &error),
        error);
  return handle;
}

void Bridge::tool_removed(const Locator& tool) {
  const Visit visit(*this);
  auto error = sized<ptb_error>();
  check(plugin_->api().tool_removed(bridge_, as_text(tool.vendor), as_text(tool.program), &error), error);
}

void Bridge::value_known(const Locator& tool, const Setting& value) {
  const Visit visit(*this);
  // A plugin of 1.1 or older has no delays that could wait for it.
  if (plugin_->api().struct_size < offsetof(ptb_api, value_known) + sizeof(ptb_api::value_known)) return;
  auto known = sized<ptb_value>();
  known.scope = scope_number(value.scope);
  known.vendor = as_text(tool.vendor);
  known.program = as_text(tool.program);
  known.id = as_text(value.owner);
  known.key = as_text(value.key);
  known.value = as_text(value.value);
  auto error = sized<ptb_error>();
  check(plugin_->api().value_known(bridge_, &known, &error), error);
}

std::optional<OperationResult> Bridge::wait(std::uint64_t handle, std::uint32_t timeout_ms) {
  const Visit visit(*this);
  auto result = sized<ptb_operation_result>();
  auto error = sized<ptb_error>();
  const auto status = plugin_->api().wait(bridge_, handle, timeout_ms, &result, &error);
  if (status == PTB_E_TIMEOUT) return std::nullopt;
  check(status, error);
  OperationResult out;
  out.status = result.status;
  out.sent = result.sent;
  out.acknowledged = result.acknowledged;
  out.refused = result.refused;
  out.failed = result.failed;
  out.discarded = result.discarded;
  out.left = result.left;
  out.repeated = result.repeated;
  out.duration_ms = result.duration_ms;
  out.stopped_by = result.stopped_by;
  out.tool_state = state_word(result.tool_state);
  out.text = result.text;
  return out;
}

Json Bridge::report(const Json& question) {
  const Visit visit(*this);
  const auto asked = question.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string answer;
  auto error = sized<ptb_error>();
  check(plugin_->api().report(bridge_, as_text(asked), collect_text, &answer, &error), error);
  return Json::parse(answer);
}

Json Bridge::administer(const Json& order, std::uint64_t* handle) {
  const Visit visit(*this);
  const auto ordered = order.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string answer;
  std::uint64_t operation = 0;
  auto error = sized<ptb_error>();
  check(plugin_->api().administer(bridge_, as_text(ordered), collect_text, &answer, &operation, &error), error);
  if (handle != nullptr) *handle = operation;
  return answer.empty() ? Json::object() : Json::parse(answer);
}

}  // namespace host
