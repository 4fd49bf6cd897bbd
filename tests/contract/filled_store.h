// A store with something in every table, made by what a bridge does with it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/snapshot.h"
#include "core/store.h"

namespace ptb::test {

inline constexpr std::int64_t kFilledAt = 1'763'900'000'000;

inline Result<std::vector<CaptureAnswer>> capture_into(Store& store, const std::string& program, int first, int count,
                                                       const LanePart& part = {}) {
  CaptureBatch batch;
  for (int number = first; number < first + count; ++number) {
    CaptureItem item;
    for (int byte = 0; byte < 4; ++byte) item.event.id.data[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    item.event.id.data[15] = 1;
    item.event.kind = EventKind::course_imported;
    item.event.locator = {"acme", program};
    item.event.operation = "op-" + std::to_string(number);
    item.event.course_id = "_5_1";
    item.event.arguments = encode_pairs({{"course_id", "Grüße"}, {"n", std::string(300, 'x')}});
    item.event.context = encode_pairs({{"user_id", "u"}});
    item.event.occurred_at_ms = kFilledAt - 5;
    item.event.captured_at_ms = kFilledAt;
    item.settings = number % 5 == 0 ? "" : encode_settings({{Scope::course, "color", std::to_string(number % 7)}});
    item.part = part;
    batch.items.push_back(std::move(item));
  }
  CaptureBatch* const batches[] = {&batch};
  auto captured = store.capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::not_available, {}};
  });
  if (!captured) return fail(captured.error());
  return std::move(batch.answers);
}

/// Lanes that are settled, stopped, suspended and crossing; events in every state; leases, values, policies, a trail.
inline void fill(Store& store, int events) {
  const auto ok = [](const auto& result) { ASSERT_TRUE(result.has_value()) << result.error().text; };
  for (const char* const program : {"quiz", "wiki", "blog"}) {
    Tool tool;
    tool.locator = {"acme", program};
    tool.guid = "0123456789abcdef0123456789abcdef";
    tool.descriptor = "<tool-profile/>";
    tool.state = ToolState::available;
    tool.options.wire = "proxy-tool";
    tool.options.endpoint = "https://tool.example/";
    ok(store.put_tool(tool, kFilledAt));
  }
  ok(store.put_policy({"acme", "quiz"}, "<delivery-policy/>"));
  ok(store.put_generation("first", 0xFFFF'FFFF'FFFF'FFF0U));
  ok(capture_into(store, "quiz", 1, events));
  ok(capture_into(store, "wiki", 1'000'001, 20));
  ok(capture_into(store, "blog", 2'000'001, 3, {"course", "a", "b"}));
  ok(capture_into(store, "blog", 2'000'011, 3, {"course", "b", ""}));
  const auto lane = [&](const std::string& key) {
    const auto lanes = store.lanes();
    for (const Lane& one : *lanes)
      if (one.key == key) return one;
    ADD_FAILURE() << "there is no lane " << key;
    return Lane{};
  };
  const Lane quiz = lane("acme/quiz");
  std::vector<StoredEvent> dropped;
  auto walk = store.begin_walk(quiz.id, kFilledAt + 1);
  ASSERT_TRUE(walk.has_value() && walk->has_value());
  ok(store.settle({quiz.id, 2}, EventState::refused, "no", "ERROR", kFilledAt + 2));
  ok(store.settle({quiz.id, 4}, EventState::parked, "by_person", "", kFilledAt + 2));
  WalkEnd end;
  end.reached = 6;
  end.stopped_by = 6;
  end.error = "connection refused";
  ok(store.end_walk(**walk, end, kFilledAt + 3, dropped));
  const Lane wiki = lane("acme/wiki");
  walk = store.begin_walk(wiki.id, kFilledAt + 1);
  ASSERT_TRUE(walk.has_value() && walk->has_value());
  end = {};
  end.reached = (*walk)->last;
  end.completed = true;
  ok(store.end_walk(**walk, end, kFilledAt + 3, dropped));
  ok(store.reclaim(
      kFilledAt + 10, [](const Locator& tool) { return tool.program == "wiki" ? 0 : 1'000'000'000; }, 1'000'000'000,
      12));
  ok(store.put_known({{"acme", "quiz"}, "item", "_7_1", "", "ext"}, kFilledAt));
  ok(store.put_audit({0, kFilledAt, "somebody", "hold", "acme/quiz", "{}"}));
  ok(store.put_watch({"acme", "wiki"}, true));
  ok(store.hold_lane(lane("acme/quiz").id, LaneHold::queued, "three walks"));
  ok(store.take({"acme", "quiz"}, 3, "0123456789abcdef0123456789abcdef", kFilledAt + 1'000'000, kFilledAt + 20));
}

/// All that the port shows of it, in one text.
inline std::string told(Store& store) {
  using ptb::to_text;
  std::string text =
      store.identity().generation + std::to_string(store.identity().high_water) + to_text(store.identity().bridge);
  const auto lanes = store.lanes();
  for (const Lane& lane : lanes ? *lanes : std::vector<Lane>{}) {
    text += "\n" + lane.key + ' ' + std::to_string(lane.mark) + ' ' + std::to_string(lane.last_sequence) + ' ' +
            std::to_string(lane.waiting) + ' ' + lane.hold_reason + ' ' + std::to_string(lane.last_walk.ordinal) + ' ' +
            lane.last_walk.error + ' ' + std::to_string(lane.epoch) + lane.split;
    EventFilter filter;
    filter.limit = 1000;
    for (Place after{lane.id, 0};;) {
      const auto page = store.read_waiting(lane.id, after.sequence, 1'000'000, 500);
      if (!page || page->empty()) break;
      for (const StoredEvent& one : *page)
        text += "\n" + to_text(one.event.id) + ' ' + std::to_string(one.place.sequence) + ' ' + one.event.arguments +
                one.event.operation + one.settings;
      after.sequence = page->back().place.sequence;
    }
  }
  EventFilter filter;
  filter.limit = 1000;
  const auto events = store.list(filter);
  for (const StoredEvent& one : events ? *events : std::vector<StoredEvent>{})
    text += "\n" + to_text(one.event.id) + ' ' + std::string(to_text(one.state)) + one.reason + one.answer;
  const auto tools = store.tools();
  for (const Tool& tool : tools ? *tools : std::vector<Tool>{})
    text += "\n" + to_text(tool.locator) + tool.descriptor + tool.options.endpoint + tool.suspended;
  const auto trail = store.audit(0, 100);
  for (const AuditEntry& entry : trail ? *trail : std::vector<AuditEntry>{}) text += "\n" + entry.what + entry.target;
  return text;
}

}  // namespace ptb::test
