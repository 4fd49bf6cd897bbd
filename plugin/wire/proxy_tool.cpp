#include "wire/proxy_tool.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <vector>

#include "wire/request_url.h"

namespace ptb {

namespace {

constexpr std::size_t kMaxTextBytes = 200;
constexpr std::size_t kUsualRoom = std::size_t{16} * 1024;

/// A byte as a form holds it.
struct FormByte {
  char text[3];
  unsigned char size;
};
static_assert(sizeof(FormByte) == 4);

constexpr auto kFormBytes = [] {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::array<FormByte, 256> bytes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '*' ||
                       c == '-' || c == '.' || c == '_';
    bytes[c] = {{'%', kHex[c >> 4U], kHex[c & 15U]}, 3};
    if (plain || c == ' ') bytes[c] = {{plain ? static_cast<char>(c) : '+', 0, 0}, 1};
  }
  return bytes;
}();

/// Room that write_form_encoded needs for `size` bytes.
constexpr std::size_t form_room(std::size_t size) { return 3 * size + 1; }

char* write_form_byte(char* out, char c) {
  const FormByte& form = kFormBytes[static_cast<unsigned char>(c)];
  std::memcpy(out, &form, sizeof form);
  return out + form.size;
}

/// Eight bytes, taken together.
using Eight = unsigned char __attribute__((vector_size(8)));

/// How many bytes at the front are set whole.
std::size_t front_set(Eight set) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  const int zeros = std::endian::native == std::endian::little ? std::countr_one(bits) : std::countl_one(bits);
  return static_cast<std::size_t>(zeros) / 8;
}

/// Writes the form of `text`, and perhaps some bytes behind it; returns its end. Most bytes stay as they are or become
/// '+', so those are written eight at a time as far as they go.
char* write_form_encoded(char* out, std::string_view text) {
  std::size_t at = 0;
  while (at + sizeof(Eight) <= text.size()) {
    Eight bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const auto letter = ((bytes | 0x20) - 'a') < 26;
    const auto digit = (bytes - '0') < 10;
    const auto sign = (bytes == '*') | (bytes == '-') | (bytes == '.') | (bytes == '_');
    const auto space = reinterpret_cast<Eight>(bytes == ' ');
    const Eight written = bytes + (space & static_cast<unsigned char>('+' - ' '));
    std::memcpy(out, &written, sizeof written);
    const std::size_t good = front_set(reinterpret_cast<Eight>(letter | digit | sign) | space);
    out += good;
    at += good;
    if (good < sizeof(Eight)) out = write_form_byte(out, text[at++]);
  }
  for (; at < text.size(); ++at) out = write_form_byte(out, text[at]);
  return out;
}

/// A number as decimal text that lives as long as this object.
class Decimal {
 public:
  explicit Decimal(std::int64_t number) : end_(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr) {}
  Decimal(const Decimal&) = delete;
  Decimal& operator=(const Decimal&) = delete;
  operator std::string_view() const { return {digits_, static_cast<std::size_t>(end_ - digits_)}; }

 private:
  char digits_[20];
  char* end_;
};

bool append_stored_pairs(std::string_view encoded, Parameters& parameters) {
  Parameter pair;
  while (!encoded.empty()) {
    if (!take_netstring(encoded, pair.name) || !take_netstring(encoded, pair.value)) return false;
    parameters.push_back(pair);
  }
  return true;
}

char* write_pair(char* out, const Parameter& parameter) {
  out = write_form_encoded(out, parameter.name);
  *out++ = '=';
  out = write_form_encoded(out, parameter.value);
  *out++ = '&';
  return out;
}

std::string form_of(const Parameters& parameters, std::string_view mac) {
  constexpr std::string_view kMac = "mac";
  std::size_t room = form_room(kMac.size() + mac.size() + 2);
  for (const auto& [name, value] : parameters) room += 3 * (name.size() + value.size()) + 2;
  char* const begin = std::pmr::polymorphic_allocator<char>(parameters.get_allocator()).allocate(room);
  char* end = begin;
  for (const auto& parameter : parameters)
    if (parameter.name != kMac) end = write_pair(end, parameter);
  end = write_pair(end, {kMac, mac}) - 1;
  return {begin, end};
}

WireRequest unsendable(Outcome::Kind kind, std::string text) {
  WireRequest request;
  request.unsendable = {kind, std::move(text)};
  return request;
}

/// What is left of an answer when all that is allowed around it is taken away: byte order mark, white space, XML
/// declaration.
std::string_view core_of(std::string_view body) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto trim = [&] {
    const auto first = body.find_first_not_of(kSpace);
    body.remove_prefix(first == std::string_view::npos ? body.size() : first);
    if (!body.empty()) body.remove_suffix(body.size() - 1 - body.find_last_not_of(kSpace));
  };
  trim();
  if (body.starts_with("\xEF\xBB\xBF")) {
    body.remove_prefix(3);
    trim();
  }
  if (body.starts_with("<?xml") && body.find("?>") != std::string_view::npos) {
    body.remove_prefix(body.find("?>") + 2);
    trim();
  }
  return body;
}

Outcome failed(std::string_view text) { return {Outcome::Kind::failed, printable(text, kMaxTextBytes)}; }

}  // namespace

void append_form_encoded(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + form_room(text.size()));
  out.resize(static_cast<std::size_t>(write_form_encoded(out.data() + before, text) - out.data()));
}

Result<void> ProxyToolWire::check(const Tool&, const Descriptor&) const { return {}; }

bool ProxyToolWire::can_say(EventKind) const { return true; }

Result<WireRequest> ProxyToolWire::build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp& stamp,
                                         std::string_view secret, int fallback) const {
  const Outgoing& outgoing = events.front();
  const Event& event = outgoing.stored->event;
  const Action* const action = tool.descriptor.action_for(event.kind, event.content_handle());
  if (action == nullptr)
    return unsendable(Outcome::Kind::no_handler,
                      fmt::format("the tool's descriptor names no action {}", to_text(event.kind)));
  if (secret.empty()) return unsendable(Outcome::Kind::suspended, "the tool's shared secret is empty: set it and save");

  WireRequest made;
  made.request.url = action_url(tool, *action, fallback);
  if (made.request.url.empty())
    return fail(Status::not_found, fmt::format("{} has no {}base URL to send {} to", to_text(tool.tool.locator),
                                               fallback == 0 ? "" : "further ", to_text(event.kind)));

  const Decimal now(stamp.now_ms);
  const Decimal sequence(outgoing.stored->place.sequence);
  const Decimal happened(event.occurred_at_ms != 0 ? event.occurred_at_ms : event.captured_at_ms);
  const Decimal attempt(outgoing.attempt);
  const bool recognisable = !tool.tool.options.strict && !event.id.is_nil();
  const EventIdText id = text_of(event.id);

  // All that is needed until the request is made, without asking the heap for an event of usual size.
  std::array<std::byte, kUsualRoom> room;
  std::pmr::monotonic_buffer_resource arena(room.data(), room.size(), std::pmr::new_delete_resource());
  Parameters parameters(&arena);
  parameters.reserve(32 + action->fixed.size() + (outgoing.settings != nullptr ? outgoing.settings->size() : 0));
  parameters.assign({{"tcbaseurl", tool.host.tcbaseurl},
                     {"nonce", stamp.nonce},
                     {"timestamp", now},
                     {"ourguid", tool.tool.guid},
                     {"locale", tool.host.locale},
                     {"direction", tool.host.direction}});
  if (const auto url = find_encoded(event.context, "returnurl")) parameters.push_back({"returnurl", *url});
  if (recognisable) {
    parameters.push_back({"event_id", {id.data(), id.size()}});
    parameters.push_back({"event_sequence", sequence});
    parameters.push_back({"event_time", happened});
    parameters.push_back({"deferred", outgoing.deferred ? "true" : "false"});
    parameters.push_back({"attempt", attempt});
  }
  if (!append_stored_pairs(event.arguments, parameters))
    return fail(Status::damaged, fmt::format("the stored arguments of event {} cannot be read", to_text(event.id)));
  for (const auto& [name, value] : action->fixed) parameters.push_back({name, value});
  if (outgoing.settings != nullptr)
    for (const auto& [name, value] : *outgoing.settings) parameters.push_back({name, value});
  sort_by_name(parameters);

  auto mac = mac_.of(tool.descriptor.digest, parameters, secret);
  if (!mac) return fail(mac.error());
  made.taken = 1;
  made.request.destination = tool.destination;
  made.request.content_type = "application/x-www-form-urlencoded; charset=UTF-8";
  made.request.body = form_of(parameters, *mac);
  return made;
}

Outcome ProxyToolWire::judge(const ExchangeResult& result) const {
  if (result.fault == ExchangeResult::Fault::forbidden)
    return {Outcome::Kind::suspended, printable(result.fault_text, kMaxTextBytes)};
  if (result.fault != ExchangeResult::Fault::none) return failed(result.fault_text);
  if (result.http_status < 200 || result.http_status > 299)
    return failed(fmt::format("answered HTTP {}", result.http_status));
  const std::string_view answer = core_of(result.body);
  if (answer == "<result>SUCCESS<result>" || answer == "<result>SUCCESS</result>")
    return {Outcome::Kind::acknowledged, {}};
  if (answer == "<result>ERROR<result>" || answer == "<result>ERROR</result>")
    return {Outcome::Kind::refused, "the tool answered ERROR"};
  if (answer.empty()) return failed(fmt::format("answered {} with nothing", result.http_status));
  const auto said = fmt::format("answered {} with something that is neither SUCCESS nor ERROR: \"", result.http_status);
  return {Outcome::Kind::failed, said + printable(answer, kMaxTextBytes - said.size() - 1) + '"'};
}

bool ProxyToolWire::may_fall_back(const ExchangeResult& result) const {
  return result.fault == ExchangeResult::Fault::tls_handshake;
}

}  // namespace ptb
