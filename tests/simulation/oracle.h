// Holds what the bridge does against the promises P1 to P6, step by step. It keeps its own record of what was accepted
// and of what each tool received, and knows of the bridge what a person can see: the store, and the requests.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "accepted.h"
#include "chance.h"
#include "unit/engine/small_world.h"

namespace ptb::test {

class Oracle final : public Witness {
 public:
  Oracle(SmallWorld& world, std::vector<Locator> tools);

  /// The first promise that was broken; empty: none.
  [[nodiscard]] const std::string& objection() const { return objection_; }
  void object(const std::string& what);

  // -- what the LMS and people do, said before it is done
  void step_begins();
  /// Whatever it does to walks explains that some are cut short.
  void person_acts_on(const Locator& tool);
  void person_saves(const Locator& tool);
  void person_removes(const Locator& tool);
  void person_claims(const Locator& from);
  void person_stops_walks();
  void policy_set(const Locator& tool, const Policy& policy);
  void value_known(const KnownValue& known);
  void person_asks_for(Accepted& event) { ++event.alone; }
  /// Everything in the process's memory is gone.
  void crashed();
  void reopened();

  // -- what came of a capture
  void captured(const Reported& reported, const Pairs& arguments, const std::string& settings,
                const CaptureAnswer& answer, bool may_be_known);
  void leased(const std::string& token, std::int64_t until_ms, const std::vector<EventId>& events);

  // -- requests
  void sent(std::uint64_t ticket, const Received& request) override;
  void answered(std::uint64_t ticket, const Received& request) override;

  // -- checks
  /// After each step: what it touched, and a few others.
  void check_step(Chance& chance);
  /// After a step that let time pass: nothing that is due is left undone. `healthy`: the tool answers everything.
  /// Leases are over, and what is due when cannot be said any more.
  void clock_stepped();
  /// Of a world whose tools are all well and have been so for long enough.
  void check_nobody_sleeps();
  void check_nothing_due(const std::function<bool(const Locator&)>& healthy);
  /// Everything has been brought up and given its time.
  void check_end();

  std::deque<Accepted>& events() { return events_; }
  Accepted* find(const EventId& id);
  std::shared_ptr<const Policy> policy_of(const Locator& tool) const;
  [[nodiscard]] Locator heir_of(const Locator& own);
  bool is_known(const Locator& tool, const Accepted& event, const Delay& delay) const;

 private:
  struct LaneRecord {
    std::int64_t walk = 0;       ///< ordinal of the walk that sent last
    std::int64_t last_sent = 0;  ///< by it
    bool in_flight = false;
    std::int64_t interruptions = 0;
    std::map<std::int64_t, std::int64_t> events;  ///< sequence -> number
  };
  struct InFlight {
    std::int64_t event = -1;  ///< number
    bool alone = false;
    std::shared_ptr<const Policy> policy;
    std::string host;
  };
  /// How the tool of a locator's lanes stands.
  struct Condition {
    Locator heir;
    std::optional<ToolState> state;
    std::int64_t since_ms = 0;  ///< or later
  };
  struct OwnRecord {
    bool any = false;
    std::string split;
    std::int64_t epoch = 0;
    Condition now;
    Condition before;                                     ///< this step
    std::map<std::int64_t, std::set<std::int64_t>> open;  ///< by epoch
    /// By epoch and course; true: another course has them in its line.
    std::map<std::tuple<std::int64_t, std::string, bool>, std::set<std::int64_t>> open_of_course;
    std::map<std::pair<std::int64_t, std::string>, Place> last_of_part;  ///< by epoch and part
  };

  [[nodiscard]] std::int64_t reasons_to_repeat(const Accepted& event);
  /// Answered, or out of the line.
  bool is_over(Accepted& event);
  bool anything_before(std::set<std::int64_t>& open, std::int64_t number, std::int64_t& which);
  void check_arguments(const Accepted& event, const Received& request, const Locator& tool);
  void check_settings(const Accepted& event, const Received& request, const Policy& policy, const Locator& tool);
  void check_walked(Accepted& event, const StoredEvent& stored, const Lane& lane, const Policy& policy);
  void check_order(Accepted& event, const Lane& lane);
  void check_state(Accepted& event);
  bool is_explained(const Accepted& event, const StoredEvent& stored);
  bool was_too_old(const Accepted& event, std::int64_t at_ms);
  void wants_a_save(Accepted& event);
  void observe_conditions();
  std::string why_undone(const Lane& lane, const Policy& policy, bool healthy);
  void objection_to(const Accepted& event, const std::string& what);
  [[nodiscard]] Gate gate(const Accepted& event, const Policy& policy, const Locator& tool) const;
  std::vector<std::shared_ptr<const Policy>> policies_of_step(const Locator& tool) const;

  SmallWorld& world_;
  std::string objection_;
  std::deque<Accepted> events_;
  std::unordered_map<std::string, std::int64_t> by_id_;
  std::map<Locator, OwnRecord> own_;
  std::map<std::int64_t, LaneRecord> lanes_;
  std::unordered_map<std::uint64_t, InFlight> in_flight_;
  std::unordered_set<std::string> nonces_;
  std::map<Locator, std::vector<std::shared_ptr<const Policy>>> policies_;  ///< of this step; the last is in force
  std::map<Locator, std::int64_t> policy_set_at_;
  std::map<std::tuple<Locator, std::string, std::string, std::string>, std::string> known_;
  std::map<Locator, std::int64_t> acts_;   ///< of people, on each tool
  std::map<Locator, std::int64_t> saves_;  ///< number of the act that saved it as available last
  std::set<Locator> claimed_;              ///< ever
  std::int64_t act_ = 0;
  std::int64_t crashes_ = 0;
  std::int64_t stops_ = 0;
  [[nodiscard]] bool may_be_reclaimed(const Accepted& event);
  bool clock_stepped_ = false;
  std::int64_t stopped_at_ms_ = 0;
  std::int64_t step_began_ms_ = 0;
  std::set<std::int64_t> touched_;
  std::size_t told_ = 0;  ///< of what the host was told
  std::vector<std::int64_t> failed_this_step_;
  std::vector<std::pair<std::int64_t, std::int64_t>> wanted_saves_;  ///< in this step: event, and what it wanted before
};

}  // namespace ptb::test
