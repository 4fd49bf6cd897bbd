#include "wire/standard_webhooks.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/uuid/name_generator_sha1.hpp>

#include "core/clock.h"
#include "wire/json_text.h"
#include "wire/openssl.h"
#include "wire/request_url.h"
#include "wire/status_answer.h"
#include "wire/webhook_signature.h"

namespace ptb {

namespace {

/// Receivers commonly read no more than this.
constexpr std::size_t kMaxBatchBytes = std::size_t{1024} * 1024;

/// Which arguments name a thing before and after: old -> new, under one name whatever the kind. Arguments of no row,
/// and those of kinds without one, stand under `arguments` only.
struct IdRow {
  EventKind kind;
  const char* thing;
  const char* before;  ///< empty: not known to the LMS that imports
  const char* after;
};
constexpr std::array<IdRow, 10> kIdRows = {{
    {EventKind::course_copied, "course", "oldCourseId", "newCourseId"},
    {EventKind::course_imported, "course", "", "course_id"},
    {EventKind::group_copied, "course", "oldCourseId", "newCourseId"},
    {EventKind::group_copied, "group", "oldId", "newId"},
    {EventKind::group_imported, "course", "", "course_id"},
    {EventKind::group_imported, "group", "old_group_id", "new_group_id"},
    {EventKind::content_copied, "course", "oldCourseId", "newCourseId"},
    {EventKind::content_copied, "content", "oldId", "newId"},
    {EventKind::content_imported, "course", "", "course_id"},
    {EventKind::content_imported, "content", "", "content_id"},
}};

/// "org.ptbridge.course.copied"; what concerns the tool itself is "org.ptbridge.tool.state-change" and so on.
std::string type_of(EventKind kind) {
  std::string name(to_text(kind));
  if (kind >= EventKind::state_change) return "org.ptbridge.tool." + name;
  std::replace(name.begin(), name.end(), '-', '.');
  return "org.ptbridge." + name;
}

/// An id of the bridge's own: the same for the same text.
EventId id_named(std::string_view text) {
  constexpr boost::uuids::uuid kNamespace = {
      {0x4a, 0xc6, 0xed, 0x28, 0x81, 0xec, 0x4d, 0xe4, 0x95, 0x5b, 0x72, 0x08, 0xfe, 0x21, 0xd4, 0xaa}};
  return boost::uuids::name_generator_sha1(kNamespace)(text.data(), text.size());
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Of several with one name the first counts, as on the proxy-tool wire.
void append_arguments(std::string& out, const Pairs& arguments) {
  out += '{';
  for (auto pair = arguments.begin(); pair != arguments.end(); ++pair) {
    const auto same = [&](const auto& other) { return other.first == pair->first; };
    if (std::none_of(arguments.begin(), pair, same)) append_json_member(out, pair->first, pair->second);
  }
  out += '}';
}

void append_settings(std::string& out, const PairViews* settings) {
  out += '{';
  if (settings != nullptr)
    for (const auto& [name, value] : *settings) append_json_member(out, name, value);
  out += '}';
}

/// "ids":{"course":{"old":…,"new":…},…}, where there are any.
void append_ids(std::string& out, EventKind kind, const Pairs& arguments) {
  std::string ids;
  for (const IdRow& row : kIdRows) {
    if (row.kind != kind) continue;
    std::string thing = "{";
    for (const auto& [member, name] : {std::pair("old", row.before), std::pair("new", row.after)}) {
      const auto named = std::find_if(arguments.begin(), arguments.end(),
                                      [name = std::string_view(name)](const auto& pair) { return pair.first == name; });
      if (named != arguments.end()) append_json_member(thing, member, named->second);
    }
    if (thing.size() == 1) continue;
    append_json_name(ids, row.thing);
    ids += thing + '}';
  }
  if (ids.empty()) return;
  append_json_name(out, "ids");
  out += '{' + ids + '}';
}

/// Where an event goes and by which id, or why it does not.
struct Heading {
  std::string url;
  std::string id;
  std::optional<Outcome> unsendable;
};

void append_data(std::string& out, const Event& event, const Outgoing& outgoing, const Pairs& arguments) {
  append_json_name(out, "data");
  out += '{';
  append_json_name(out, "arguments");
  append_arguments(out, arguments);
  append_ids(out, event.kind, arguments);
  append_json_name(out, "settings");
  append_settings(out, outgoing.settings);
  if (!event.operation.empty()) append_json_member(out, "operation", event.operation);
  if (const auto url = find_encoded(event.context, "returnurl")) append_json_member(out, "returnurl", *url);
  out += '}';
}

void append_cloud_event(std::string& out, const ToolAtSend& tool, const Outgoing& outgoing, const std::string& id,
                        const Pairs& arguments, const Stamp& stamp) {
  const Event& event = outgoing.stored->event;
  out += '{';
  append_json_member(out, "specversion", "1.0");
  append_json_member(out, "id", id);
  append_json_member(out, "source", tool.host.tcbaseurl);
  append_json_member(out, "type", type_of(event.kind));
  const std::int64_t happened_ms = event.occurred_at_ms != 0 ? event.occurred_at_ms : event.captured_at_ms;
  append_json_member(out, "time", rfc3339(happened_ms != 0 ? happened_ms : stamp.now_ms));
  // CloudEvents allows no control characters in attributes; the id stands among the arguments too.
  const std::string& subject = event.content_id.empty() ? event.course_id : event.content_id;
  if (!subject.empty() && !has_control_character(subject)) append_json_member(out, "subject", subject);
  append_json_member(out, "datacontenttype", "application/json");
  if (outgoing.stored->place.sequence > 0)
    append_json_member(out, "sequence", fmt::format(FMT_COMPILE("{:020}"), outgoing.stored->place.sequence));
  append_json_member(out, "partitionkey", to_text(tool.tool.locator));
  append_data(out, event, outgoing, arguments);
  out += '}';
}

/// Its CloudEvent is put behind `body`.
Result<Heading> append_message(std::string& body, const ToolAtSend& tool, const Outgoing& outgoing, const Stamp& stamp,
                               int fallback) {
  const Event& event = outgoing.stored->event;
  Heading message;
  const Action* const action = tool.descriptor.action_for(event.kind, event.content_handle());
  if (action == nullptr) {
    message.unsendable = Outcome{Outcome::Kind::no_handler,
                                 fmt::format("the tool's descriptor names no action {}", to_text(event.kind))};
    return message;
  }
  message.url = endpoint_or_action_url(tool, *action, fallback);
  if (message.url.empty())
    return fail(Status::not_found, fmt::format("{} has no {}address to send {} to", to_text(tool.tool.locator),
                                               fallback == 0 ? "" : "further ", to_text(event.kind)));
  const auto arguments = decode_pairs(event.arguments);
  if (!arguments)
    return fail(Status::damaged, fmt::format("the stored arguments of event {} cannot be read", to_text(event.id)));
  // What a person causes is never stored and so has no id of its own.
  message.id = to_text(event.id.is_nil() ? id_named(stamp.nonce) : event.id);
  append_cloud_event(body, tool, outgoing, message.id, *arguments, stamp);
  return message;
}

/// The neighbours that go into one request: alone an object, together an array.
class Batch {
 public:
  Batch(const ToolAtSend& tool, const Stamp& stamp, int fallback) : tool_(tool), stamp_(stamp), fallback_(fallback) {}

  /// The first event, which has to go in. `most`: events, of which others follow.
  Result<std::optional<Outcome>> begin(const Outgoing& outgoing, std::size_t most) {
    constexpr std::size_t kMostEvents = 4096;
    body_.reserve(kMostEvents);
    if (most > 1) body_ += '[';
    auto first = append_message(body_, tool_, outgoing, stamp_, fallback_);
    if (!first) return fail(first.error());
    url_ = std::move(first->url);
    ids_ = std::move(first->id);
    size_ = 1;
    body_.reserve(
        std::min(body_.size() * most * 5 / 4, kMaxBatchBytes));  // most events are as long as their neighbours
    return std::move(first->unsendable);
  }

  /// False where it begins the next request, which says what is wrong with it, if anything is.
  bool add(const Outgoing& outgoing) {
    const std::size_t before = body_.size();
    body_ += ',';
    const auto next = append_message(body_, tool_, outgoing, stamp_, fallback_);
    if (!next || next->unsendable || next->url != url_ || body_.size() + 1 > kMaxBatchBytes) {
      body_.resize(before);
      return false;
    }
    ids_ += next->id;
    ++size_;
    return true;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  /// The same members have the same id.
  [[nodiscard]] std::string id() const { return size_ == 1 ? ids_ : to_text(id_named(ids_)); }
  /// Once, at the end.
  std::string take_body() {
    if (size_ > 1)
      body_ += ']';
    else if (body_.starts_with('['))
      body_.erase(0, 1);
    return std::move(body_);
  }

 private:
  const ToolAtSend& tool_;
  const Stamp& stamp_;
  int fallback_;
  std::string url_;
  std::string ids_;
  std::string body_;
  std::size_t size_ = 0;
};

}  // namespace

StandardWebhooksWire::StandardWebhooksWire() { start_openssl(); }

Result<void> StandardWebhooksWire::check(const Tool& tool, const Descriptor& /*descriptor*/) const {
  return check_endpoint(tool);
}

bool StandardWebhooksWire::can_say(EventKind /*kind*/) const { return true; }

Result<WireRequest> StandardWebhooksWire::build(const ToolAtSend& tool, std::span<const Outgoing> events,
                                                const Stamp& stamp, std::string_view secret, int fallback) const {
  WireRequest made;
  const std::size_t most =
      std::min<std::size_t>(std::max<std::uint32_t>(tool.tool.options.max_batch, 1), events.size());
  Batch batch(tool, stamp, fallback);
  auto unsendable = batch.begin(events.front(), most);
  if (!unsendable) return fail(unsendable.error());
  if (*unsendable) {
    made.unsendable = **std::move(unsendable);
    return made;
  }
  for (const Outgoing& outgoing : events.first(most).subspan(1))
    if (!batch.add(outgoing)) break;

  const std::string id = batch.id();
  const std::string timestamp = std::to_string(stamp.now_ms / 1000);
  made.request.body = batch.take_body();
  const auto signatures = webhook_signatures(secret, id, timestamp, made.request.body);
  if (!signatures) {
    WireRequest none;
    none.unsendable = {Outcome::Kind::suspended, signatures.error().text};
    return none;
  }
  made.taken = batch.size();
  made.request.destination = tool.destination;
  made.request.url = batch.url();
  made.request.content_type = batch.size() == 1 ? "application/cloudevents+json" : "application/cloudevents-batch+json";
  // Ids are UUIDs, so no text of anybody else's is in a header.
  made.request.headers = {"webhook-id: " + id, "webhook-timestamp: " + timestamp, "webhook-signature: " + *signatures};
  return made;
}

Outcome StandardWebhooksWire::judge(const ExchangeResult& result) const { return outcome_of_status(result); }

bool StandardWebhooksWire::may_fall_back(const ExchangeResult& result) const {
  return result.fault == ExchangeResult::Fault::tls_handshake;
}

}  // namespace ptb
