// One tool under one delivery policy, and what it heard when: the stage on which the suite `systems` plays what the
// five systems say of themselves (docs/policies.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "unit/engine/small_world.h"

namespace ptb::test {

constexpr std::int64_t kSecondMs = 1'000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

/// <delivery-policy> with these attributes, each written name="value", and elements; its name is "own".
std::string policy_of(const std::string& attributes, const std::string& elements = {});

/// Answers every request so.
ToolModel always(const std::string& answer);
/// Answers the events of these names so, all else "ok".
ToolModel answers(std::map<std::string, std::string> by_name);

class System : public SmallWorld {
 public:
  /// The tool acme/quiz is installed under that policy: a preset or a document.
  explicit System(const std::string& policy, ToolState state = ToolState::available,
                  StoreKind store_kind = StoreKind::memory);

  /// Captures an event under a name of its own and sends what may be sent.
  CaptureAnswer happens(const std::string& name, EventKind kind = EventKind::course_imported,
                        const std::string& course = "_1_1");
  CaptureAnswer happens(const std::string& name, ReportedEvent reported);
  /// An event of an item.
  ReportedEvent of_item(const std::string& name, EventKind kind, const std::string& item,
                        const std::string& course = "_1_1");

  [[nodiscard]] EventId id(const std::string& name) const { return ids_.at(name); }
  [[nodiscard]] std::string text_id(const std::string& name) const { return to_text(id(name)); }
  [[nodiscard]] StoredEvent stored(const std::string& name) { return SmallWorld::stored(id(name)); }
  [[nodiscard]] EventState state(const std::string& name) { return stored(name).state; }
  Json explain(const std::string& name);
  /// Why it waits; empty where it does not.
  std::string why(const std::string& name);

  /// When the event was sent, in ms since the world began.
  [[nodiscard]] std::vector<std::int64_t> sent_at(const std::string& name) const;
  /// From when the first attempt had failed to each later one, in ms. An exchange takes one.
  [[nodiscard]] std::vector<std::int64_t> since_first_failure(const std::string& name) const;
  /// From when one attempt had failed to the next one, in ms.
  [[nodiscard]] std::vector<std::int64_t> distances(const std::string& name) const;
  [[nodiscard]] std::int64_t now() const { return clock.wall_ms - began_ms_; }
  [[nodiscard]] std::int64_t began() const { return began_ms_; }

  /// Sets the policy; a document that is refused fails the test.
  void set_policy(const std::string& policy);
  /// {"do": what, "tool": acme/quiz} and more members.
  std::string order_of(const std::string& what, const std::string& more = {}) const;
  /// An order on one event.
  std::string order_on(const std::string& what, const std::string& name, const std::string& more = {}) const;
  /// The error of an order or a question; empty: it was taken.
  std::string refusal(const std::string& order);
  void known(const std::string& what, const std::string& whose, const std::string& key, const std::string& value);

 private:
  std::map<std::string, EventId> ids_;
  std::int64_t began_ms_;
};

}  // namespace ptb::test
