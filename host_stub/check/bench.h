// What every case of the vendor check works with: makes calls as the bridge makes them, signs them, sends them, and
// reads the vendor's counter. Knows no case.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/answer.h"
#include "check/event_arguments.h"
#include "check/finding.h"
#include "check/subject.h"

namespace host {

/// How a call differs from a plain one.
struct Departure {
  std::vector<std::string> headers = {};
  std::string body = {};           ///< not empty: this, instead of the parameters
  bool get = false;                ///< parameters in the query of a GET
  HttpConnection* over = nullptr;  ///< nullptr: the connection of the bench
  std::function<void()> half_way = {};
};

class Bench {
 public:
  explicit Bench(const Subject& subject) : subject_(subject) {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  [[nodiscard]] const Subject& subject() const { return subject_; }

  /// An event of that type as the bridge would send it for the first time, on courses and items that no other call
  /// names; not signed yet. With the arguments of the type where it is one of the protocol.
  [[nodiscard]] Params call_for(const ToolAction& action) const;

  /// Sorted by name and signed; a nonce and a timestamp that are there stay.
  [[nodiscard]] Params signed_call(Params params) const;

  /// As they are.
  ToolAnswer send(const ToolAction& action, const Params& params, const Departure& departure = {});
  /// Signed first.
  ToolAnswer send_signed(const ToolAction& action, const Params& params, const Departure& departure = {}) {
    return send(action, signed_call(params), departure);
  }
  /// The same event again, as a repeat: everything stays but nonce, timestamp and attempt.
  [[nodiscard]] static Params again(Params params);

  /// An action that answers a plain call with SUCCESS: an event if there is one, else a state-change or a ping. Looked
  /// for once. Nullptr: everything is refused.
  const ToolAction* accepted();

  /// What the probe says; none: why is in probe_problem().
  std::optional<std::int64_t> effects();
  /// As effects(), when it has had time to become `wanted`.
  std::optional<std::int64_t> settled_effects(std::int64_t wanted);
  [[nodiscard]] const std::string& probe_problem() const { return probe_problem_; }

  [[nodiscard]] const std::vector<ToolAnswer>& refused_at_first() const { return refused_; }
  [[nodiscard]] int timeouts_in_a_row() const { return timeouts_; }

 private:
  const Subject& subject_;
  HttpConnection connection_;
  bool looked_ = false;
  const ToolAction* accepted_ = nullptr;
  std::vector<ToolAnswer> refused_;
  std::string probe_problem_;
  int timeouts_ = 0;
};

/// Puts `value` in the place of the parameter's, or adds it.
void set_param(Params& params, std::string_view name, std::string value);
void drop_param(Params& params, std::string_view name);

/// Skipped: nothing that the tool could be asked was answered with SUCCESS, so no answer would mean anything.
Finding nothing_accepted();

Finding judged(Result result, std::string reason, const ToolAnswer& answer, std::string expected, std::string fix);
Finding failed(std::string reason, const ToolAnswer& answer, std::string expected, std::string fix);
Finding warned(std::string reason, const ToolAnswer& answer, std::string expected, std::string fix);

}  // namespace host
