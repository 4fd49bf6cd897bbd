// One command's time with the small LMS and the bridge: opens both, or is a guest where they are open; brings them to
// agree, carries operations from one to the other, and waits. Prints nothing but progress and what went on beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "handover/reception.h"
#include "house.h"
#include "progress.h"

namespace host {

/// What became of one event of an operation.
struct EventFate {
  CaptureAnswer answer;
  std::string state;     ///< pending, delivered …; "ignored" where nothing was stored
  std::string deferral;  ///< while pending: why it waits; ignored: why
  std::string text;      ///< one line for a person; may be empty
};

struct CaptureReport {
  std::vector<EventFate> fates;  ///< one for each event of the operation
  OperationResult result;
};

class Session : private Listener {
 public:
  enum class Use {
    lms,     ///< the small LMS only
    look,    ///< also asks the bridge, which starts nothing; there is no bridge while there is no store
    note,    ///< also changes what the bridge keeps, but sends nothing; unfinished operations are captured again first
    settle,  ///< as note; an LMS that was put back to an earlier state is not refused, and nothing is captured for it
    act,     ///< also sends; does not end before all that it set going has been answered or deferred
    keep,    ///< the bridge's store as a whole: orders, but nothing is captured or brought to agree
  };
  Session(const GlobalOptions& options, Use use);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// A guest's is opened when it is asked for first.
  Lms& lms();
  [[nodiscard]] bool has_bridge() const { return house_->has_bridge(); }
  Bridge& bridge() { return house_->bridge(); }
  /// Brings the small LMS and the bridge to agree, and captures what an earlier process has left unfinished. A session
  /// that opens its own bridge does so by itself. Throws Refusal where the LMS was put back to an earlier state.
  void move_in();
  /// Why the bridge takes this LMS for one that was put back to an earlier state; empty: it does not.
  [[nodiscard]] const std::string& put_back() const { return put_back_; }
  /// The bridge's store was exchanged: it is opened anew, and hears of all tools again. `again_from_ms`: what the LMS
  /// has done since then is captured again; 0: nothing is. Returns how many operations that are.
  std::int64_t begin_anew(std::int64_t again_from_ms);
  /// An order to the bridge, with who gives it. `handle`: 0 where it is done when this returns.
  Json order(Json what, std::uint64_t* handle = nullptr);

  /// Reports the operation, which the LMS has committed, notes that it has been, and waits until its events have been
  /// answered or deferred. Does nothing where there are no events. A guest that gets a Ctrl-C waits no longer.
  CaptureReport capture(const Operation& operation);
  /// Until the operation has ended. The first Ctrl-C stops walks after the exchange in flight, those of `tool` where
  /// one is named; the second one throws. `handle` 0: at once.
  OperationResult wait(std::uint64_t handle, const std::optional<Locator>& tool = std::nullopt);
  /// Removes the tool here and in the bridge, and waits until it has heard of that. Returns why it has not; empty: it
  /// has, or does not ask to.
  std::string remove_tool(const Locator& locator);
  /// The tool, or a Refusal that says how to add it.
  Tool need_tool(const Locator& locator);

 private:
  void outcome(const ptb_outcome& outcome) override;
  void progress(const ptb_progress& progress) override;
  void watch(const ptb_watch& watch) override;

  [[nodiscard]] bool is_guest() const { return options_.house != nullptr; }
  std::string why_put_back();
  void agree_on_tools();
  void receive_others();
  void capture_unfinished();
  void capture_left_over();
  void capture_again(const Operation& operation);
  CaptureReport carry_over(const Operation& operation);
  std::vector<CaptureAnswer> hand_over(const Operation& operation, std::uint64_t& handle);
  void note_only(const std::vector<CaptureAnswer>& answers);
  void tell_accepted(const Operation& operation, const std::vector<CaptureAnswer>& answers);
  EventFate fate_of(const CaptureAnswer& answer);

  struct Outcome {
    std::string state;
    std::string deferral;
    std::string text;
  };

  OperationResult wait_for(std::uint64_t handle, const std::optional<Locator>& tool = std::nullopt);

  GlobalOptions options_;
  Use use_;
  Progress progress_;
  std::shared_ptr<House> house_;
  std::unique_ptr<Lms> own_lms_;             ///< a guest's: a connection of its own, since others work beside it
  std::mutex mutex_;                         ///< guards what follows: the bridge tells on its thread
  bool noting_ = false;                      ///< a capture is under way: outcomes are kept …
  std::set<std::string> noted_ids_;          ///< … of these events; empty: of all, since the ids are not known yet
  std::map<std::string, Outcome> outcomes_;  ///< by event id
  std::map<Locator, std::string> removals_;  ///< what became of telling tools that they are removed
  std::string put_back_;
  std::unique_ptr<Reception> reception_;  ///< while this command sends, it carries out what others type
};

/// Who orders what: $USER, or the user that this process runs as.
std::string user_name();

}  // namespace host
