#include "abi/argument_reading.h"

#include <fmt/format.h>

#include <array>

#include "abi/struct_reading.h"
#include "transport/destination_guard.h"

namespace ptb {

Result<std::string_view> check_text(ptb_text text, const char* what, std::size_t limit) {
  if (text.size == 0) return std::string_view();
  if (text.bytes == nullptr)
    return fail(Status::argument, fmt::format("{} is NULL with a size of {}", what, text.size));
  if (text.size > limit)
    return fail(Status::argument, fmt::format("{} has {} bytes: at most {} are allowed", what, text.size, limit));
  if (!is_clean_utf8(view(text))) return fail(Status::argument, fmt::format("{} is not UTF-8 text without NUL", what));
  return view(text);
}

Result<std::string> read_text(ptb_text text, const char* what, std::size_t limit) {
  auto checked = check_text(text, what, limit);
  if (!checked) return fail(std::move(checked.error()));
  return std::string(*checked);
}

Result<Locator> read_locator(ptb_text vendor, ptb_text program) {
  auto first = read_text(vendor, "the vendor code", 200);
  if (!first) return fail(first.error());
  auto second = read_text(program, "the program code", 200);
  if (!second) return fail(second.error());
  return locator_from(*first + "/" + *second);
}

Result<ToolState> read_tool_state(std::int32_t state) {
  if (state < PTB_TOOL_AVAILABLE || state > PTB_TOOL_UNAVAILABLE)
    return fail(Status::argument,
                fmt::format("{} is no tool state: use PTB_TOOL_AVAILABLE, _INACTIVE or _UNAVAILABLE", state));
  return static_cast<ToolState>(state);
}

namespace {

Result<Pairs> read_pairs(const ptb_pair* pairs, std::size_t count, const char* what) {
  Pairs read;
  if (count == 0) return read;
  if (pairs == nullptr) return fail(Status::argument, fmt::format("{} are NULL with a count of {}", what, count));
  if (count > kMaxPairsPerEvent)
    return fail(Status::argument,
                fmt::format("there are {} {}: at most {} are allowed", count, what, kMaxPairsPerEvent));
  std::size_t left = kMaxArgumentBytes;
  for (std::size_t i = 0; i < count; ++i) {
    auto name = read_text(pairs[i].name, "the name of an argument", 200);
    if (!name) return fail(name.error());
    auto value = read_text(pairs[i].value, ("the argument " + *name).c_str(), left);
    if (!value) return fail(value.error());
    left -= std::min(left, value->size());
    if (name->empty()) return fail(Status::argument, fmt::format("one of the {} has no name", what));
    for (const auto& pair : read)
      if (pair.first == *name) return fail(Status::argument, fmt::format("the argument {} is given twice", *name));
    read.emplace_back(std::move(*name), std::move(*value));
  }
  return read;
}

Result<ReportedEvent> read_known_event(const ptb_event& event) {
  ReportedEvent reported;
  auto locator = read_locator(event.vendor, event.program);
  if (!locator) return fail(locator.error());
  reported.locator = std::move(*locator);
  auto kind = read_text(event.kind, "the kind", 40);
  if (!kind) return fail(kind.error());
  const auto known = event_kind_from(*kind);
  if (!known || *known >= EventKind::state_change)
    return fail(Status::argument,
                fmt::format("there is no event kind '{}': see docs/protocol.md", printable(*kind, 40)));
  reported.kind = *known;
  reported.ordinal = event.ordinal;
  reported.occurred_at_ms = event.occurred_at_ms;
  if (event.not_before_ms < 0)
    return fail(Status::argument, fmt::format("not_before_ms is {}: give milliseconds since 1970, or 0 for at once",
                                              event.not_before_ms));
  reported.not_before_ms = event.not_before_ms;
  auto operation = read_text(event.operation, "the operation", kMaxShortText);
  if (!operation) return fail(operation.error());
  reported.operation = std::move(*operation);
  auto course = read_text(event.course_id, "course_id", kMaxShortText);
  if (!course) return fail(course.error());
  reported.course_id = std::move(*course);
  auto content = read_text(event.content_id, "content_id", kMaxShortText);
  if (!content) return fail(content.error());
  reported.content_id = std::move(*content);
  auto arguments = read_pairs(event.arguments, event.argument_count, "arguments");
  if (!arguments) return fail(arguments.error());
  reported.arguments = std::move(*arguments);
  auto context = read_pairs(event.context, event.context_count, "context values");
  if (!context) return fail(context.error());
  reported.context = std::move(*context);
  return reported;
}

}  // namespace

Result<ReportedEvent> read_event(const ptb_event* event, std::size_t index) {
  ptb_event known;
  auto read = read_struct(event, known, "ptb_event");
  auto reported = read ? read_known_event(known) : Result<ReportedEvent>(fail(read.error()));
  if (!reported) return fail(reported.error().status, fmt::format("event {}: {}", index, reported.error().text));
  return reported;
}

namespace {

/// What tools have since 1.1.
Result<void> read_tool_extras(const ptb_tool& tool, ToolOptions& options) {
  struct Field {
    ptb_text given;
    const char* what;
    std::string ToolOptions::*into;
  };
  const Field fields[] = {
      {tool.allow_cidrs, "allow_cidrs", &ToolOptions::allow_cidrs},
      {tool.client_cert_file, "client_cert_file", &ToolOptions::client_cert_file},
      {tool.client_key_file, "client_key_file", &ToolOptions::client_key_file},
      {tool.endpoint, "the endpoint", &ToolOptions::endpoint},
      {tool.lti_client_id, "lti_client_id", &ToolOptions::lti_client_id},
      {tool.lti_deployment_id, "lti_deployment_id", &ToolOptions::lti_deployment_id},
  };
  for (const Field& field : fields) {
    auto text = read_text(field.given, field.what, 4'096);
    if (!text) return fail(text.error());
    options.*field.into = std::move(*text);
  }
  if (auto problem = cidr_problem(options.allow_cidrs); !problem.empty())
    return fail(Status::argument, "allow_cidrs: " + problem);
  if (options.client_cert_file.empty() != options.client_key_file.empty())
    return fail(Status::argument, "a client certificate needs its key: give client_cert_file and client_key_file");
  if (tool.max_batch > 1'000)
    return fail(Status::argument, fmt::format("ptb_tool.max_batch is {}: at most 1000", tool.max_batch));
  options.max_batch = tool.max_batch;
  return {};
}

}  // namespace

Result<InstalledTool> read_tool(const ptb_tool* tool) {
  ptb_tool known;
  if (auto read = read_struct(tool, known, "ptb_tool"); !read) return fail(read.error());
  InstalledTool installed;
  Tool& made = installed.tool;
  auto locator = read_locator(known.vendor, known.program);
  if (!locator) return fail(locator.error());
  made.locator = std::move(*locator);
  installed.keep_state = known.state == 0;
  if (!installed.keep_state) {
    auto state = read_tool_state(known.state);
    if (!state) return fail(state.error());
    made.state = *state;
  }
  constexpr std::uint32_t kKnownFlags =
      PTB_TOOL_STRICT | PTB_TOOL_ALLOW_HTTP | PTB_TOOL_ALLOW_PRIVATE | PTB_TOOL_ALLOW_DOWNGRADE;
  if ((known.flags & ~kKnownFlags) != 0)
    return fail(Status::argument, fmt::format("ptb_tool.flags has unknown bits {:#x}", known.flags & ~kKnownFlags));
  made.options.strict = (known.flags & PTB_TOOL_STRICT) != 0;
  made.options.allow_http = (known.flags & PTB_TOOL_ALLOW_HTTP) != 0;
  made.options.allow_private = (known.flags & PTB_TOOL_ALLOW_PRIVATE) != 0;
  made.options.allow_downgrade = (known.flags & PTB_TOOL_ALLOW_DOWNGRADE) != 0;
  if (known.timeout_ms != 0 && known.timeout_ms < 1'000)
    return fail(Status::argument,
                fmt::format("ptb_tool.timeout_ms is {}: at least 1000, or 0 for the bridge's", known.timeout_ms));
  made.options.timeout_ms = known.timeout_ms;
  auto guid = read_text(known.guid, "the guid", 32);
  if (!guid) return fail(guid.error());
  made.guid = std::move(*guid);
  auto descriptor = read_text(known.descriptor, "the descriptor", kMaxDocument);
  if (!descriptor) return fail(descriptor.error());
  made.descriptor = std::move(*descriptor);
  auto wire = read_text(known.wire, "the wire", 100);
  if (!wire) return fail(wire.error());
  made.options.wire = wire->empty() ? "proxy-tool" : std::move(*wire);
  auto ca_file = read_text(known.ca_file, "ca_file", 4'096);
  if (!ca_file) return fail(ca_file.error());
  made.options.ca_file = std::move(*ca_file);
  if (auto more = read_tool_extras(known, made.options); !more) return fail(more.error());
  auto policy = read_text(known.policy, "the policy", kMaxPolicy);
  if (!policy) return fail(policy.error());
  installed.policy = std::move(*policy);
  return installed;
}

namespace {

/// What a value belongs to, as the store names it.
Result<std::string> read_value_kind(const ptb_value& value, bool of_item) {
  if (of_item && value.scope != PTB_SCOPE_CONTENT)
    return fail(Status::argument,
                "ptb_value has no key, so it is the tool's own id of an item: set scope to "
                "PTB_SCOPE_CONTENT, or name the setting in key");
  if (of_item) return std::string("item");
  if (value.scope < PTB_SCOPE_SYSTEM || value.scope > PTB_SCOPE_CONTENT)
    return fail(Status::argument,
                fmt::format("ptb_value.scope is {}: use PTB_SCOPE_SYSTEM, _COURSE or _CONTENT", value.scope));
  constexpr std::array<const char*, 3> kKinds = {"setting:system", "setting:course", "setting:content"};
  return std::string(kKinds.at(static_cast<std::size_t>(value.scope)));
}

}  // namespace

Result<KnownValue> read_value(const ptb_value* value) {
  ptb_value known;
  if (auto read = read_struct(value, known, "ptb_value"); !read) return fail(read.error());
  KnownValue made;
  auto locator = read_locator(known.vendor, known.program);
  if (!locator) return fail(locator.error());
  made.tool = std::move(*locator);
  auto key = read_text(known.key, "the key", 200);
  if (!key) return fail(key.error());
  if (!key->empty())
    if (auto problem = setting_key_problem(*key); !problem.empty())
      return fail(Status::argument, "ptb_value.key: " + problem);
  made.key = std::move(*key);
  auto kind = read_value_kind(known, made.key.empty());
  if (!kind) return fail(kind.error());
  made.what = std::move(*kind);
  auto whose = read_text(known.id, "ptb_value.id", kMaxShortText);
  if (!whose) return fail(whose.error());
  made.whose = std::move(*whose);
  if (made.whose.empty() != (made.what == "setting:system"))
    return fail(Status::argument, made.whose.empty() ? "ptb_value.id is empty: name the course or the item"
                                                     : "a setting of the system has no ptb_value.id: leave it empty");
  auto text = read_text(known.value, "ptb_value.value", kMaxArgumentBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return fail(Status::argument, "ptb_value.value is empty: tell a value once it is known");
  made.value = std::move(*text);
  return made;
}

namespace {

Result<std::string> read_store(ptb_text store) {
  auto uri = read_text(store, "the store", 4'096);
  if (!uri) return fail(uri.error());
  const bool file = uri->starts_with(kSqliteScheme) && uri->size() > kSqliteScheme.size();
  if (!file && !is_postgres_uri(*uri))
    return fail(Status::argument, fmt::format("'{}' is no store: write sqlite:PATH or postgresql://USER@HOST/DATABASE",
                                              printable(*uri, 100)));
  return uri;
}

Result<HostIdentity> read_identity(const ptb_open_options& options) {
  HostIdentity identity;
  auto tcbaseurl = read_text(options.tcbaseurl, "tcbaseurl", kMaxShortText);
  if (!tcbaseurl) return fail(tcbaseurl.error());
  const auto scheme_end = tcbaseurl->find("://");
  const auto port = tcbaseurl->rfind(':');
  const bool http = tcbaseurl->starts_with("http://") || tcbaseurl->starts_with("https://");
  const bool has_port = http && port > scheme_end && port + 1 < tcbaseurl->size() &&
                        tcbaseurl->find_first_not_of("0123456789", port + 1) == std::string::npos;
  if (!has_port)
    return fail(Status::argument, fmt::format("tcbaseurl '{}' must be scheme://host:port, the port written, such as "
                                              "https://lms.example.edu:443",
                                              printable(*tcbaseurl, 100)));
  identity.tcbaseurl = std::move(*tcbaseurl);
  auto locale = read_text(options.locale, "the locale", 40);
  if (!locale) return fail(locale.error());
  identity.locale = locale->empty() ? "en_US" : std::move(*locale);
  auto direction = read_text(options.direction, "the direction", 3);
  if (!direction) return fail(direction.error());
  auto issuer = read_text(options.lti_issuer, "lti_issuer", kMaxShortText);
  if (!issuer) return fail(issuer.error());
  identity.lti_issuer = issuer->empty() ? identity.tcbaseurl : std::move(*issuer);
  identity.direction = direction->empty() ? "ltr" : std::move(*direction);
  if (identity.direction != "ltr" && identity.direction != "rtl")
    return fail(Status::argument, fmt::format("the direction is '{}': use ltr or rtl", identity.direction));
  return identity;
}

}  // namespace

Result<OpenArguments> read_open(const ptb_open_options* options) {
  ptb_open_options known;
  OpenArguments read;
  if (auto copied = read_struct(options, known, "ptb_open_options"); !copied) return fail(copied.error());
  if (auto copied = read_struct(known.host, read.host, "ptb_host"); !copied) return fail(copied.error());
  const bool may_send = (known.flags & PTB_CAPTURE_ONLY) == 0;
  if (read.host.load_settings == nullptr || (may_send && read.host.load_secret == nullptr))
    return fail(Status::argument, "ptb_host needs load_settings, and load_secret unless it only captures: set both");
  if ((read.host.wall_clock_ms == nullptr) != (read.host.monotonic_clock_ms == nullptr))
    return fail(Status::argument, "ptb_host has one clock only: give wall_clock_ms and monotonic_clock_ms, or neither");
  constexpr std::uint32_t kKnownFlags = PTB_ALLOW_BRIDGE_CALLBACKS | PTB_CAPTURE_ONLY;
  if ((known.flags & ~kKnownFlags) != 0)
    return fail(Status::argument,
                fmt::format("ptb_open_options.flags has unknown bits {:#x}", known.flags & ~kKnownFlags));
  read.flags = known.flags;
  auto store = read_store(known.store);
  if (!store) return fail(store.error());
  read.store = std::move(*store);
  auto identity = read_identity(known);
  if (!identity) return fail(identity.error());
  read.engine.host = std::move(*identity);
  auto generation = read_text(known.generation, "the generation", 200);
  if (!generation) return fail(generation.error());
  read.engine.generation = std::move(*generation);
  read.engine.high_water = known.high_water;
  if (known.exchange_timeout_ms != 0 && known.exchange_timeout_ms < 1'000)
    return fail(Status::argument,
                fmt::format("exchange_timeout_ms is {}: at least 1000, or 0 for 120000", known.exchange_timeout_ms));
  const auto or_default = [](std::uint32_t given, std::uint32_t usual) { return given != 0 ? given : usual; };
  read.engine.exchange_timeout_ms = or_default(known.exchange_timeout_ms, 120'000);
  read.engine.connect_timeout_ms = or_default(known.connect_timeout_ms, 10'000);
  read.engine.pump.contact_interval_ms = or_default(known.contact_interval_ms, 5'000);
  read.engine.pump.max_exchanges = std::min(or_default(known.max_exchanges, 64), 4'096U);
  read.engine.capture_only = (known.flags & PTB_CAPTURE_ONLY) != 0;
  return read;
}

}  // namespace ptb
