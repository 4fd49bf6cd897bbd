// A tool and a few neighbours of its lane, as the engine hands them to a wire, for tests of the wires that batch.
#pragma once

#include <deque>
#include <vector>

#include "core/wire.h"

namespace ptb::test {

/// Ids of the events, by place from 1.
inline EventId id_at(std::int64_t place) {
  return *event_id_from("00112233-4455-5677-8899-0000000000" + std::to_string(10 + place));
}

struct EventWireCase {
  ToolAtSend tool;
  std::deque<StoredEvent> stored;
  PairViews settings = {{"colour", "green"}, {"depth", "3"}};
  Stamp stamp = {1'700'000'000'123, "0123456789abcdef0123456789abcdef"};

  EventWireCase() {
    tool.tool.locator = {"acme", "notes"};
    tool.tool.options.endpoint = "https://tool.example/hook";
    tool.tool.options.lti_client_id = "client-7";
    tool.tool.options.lti_deployment_id = "deployment-1";
    tool.host = {"https://lms.example:443", "en_US", "ltr", "https://issuer.example"};
    tool.destination = std::make_shared<Destination>();
    tool.descriptor.base_urls = {{"https", "https://tool.example/a/"}};
    for (auto kind = EventKind::course_copied; kind <= EventKind::ping;
         kind = static_cast<EventKind>(static_cast<int>(kind) + 1))
      tool.descriptor.actions[std::string(to_text(kind))] = {"/events.do", {{"action", "x"}}};
  }

  /// One more event behind the others.
  StoredEvent& add(EventKind kind, const Pairs& arguments) {
    const auto place = static_cast<std::int64_t>(stored.size()) + 1;
    StoredEvent& added = stored.emplace_back();
    added.event.id = id_at(place);
    added.event.kind = kind;
    added.event.locator = tool.tool.locator;
    added.event.operation = "op-7";
    added.event.course_id = "_2_1";
    added.event.arguments = encode_pairs(arguments);
    added.event.occurred_at_ms = 1'600'000'000'001;
    added.event.captured_at_ms = 1'600'000'000'999;
    added.place = {3, 41 + place};
    return added;
  }
  StoredEvent& add_copy() {
    return add(EventKind::course_copied, {{"type", "exact"}, {"oldCourseId", "_1_1"}, {"newCourseId", "_2_1"}});
  }

  Result<WireRequest> build(const Wire& wire, std::string_view secret, int fallback = 0) const {
    std::vector<Outgoing> outgoing;
    for (const auto& event : stored) outgoing.push_back({&event, &settings, 2, true});
    return wire.build(tool, outgoing, stamp, secret, fallback);
  }
};

/// The value of a header of a request, or "" where it has none of that name.
inline std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers)
    if (header.starts_with(std::string(name) + ": ")) return header.substr(name.size() + 2);
  return {};
}

}  // namespace ptb::test
