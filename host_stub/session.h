// One command's time with the small LMS and the bridge: opens both, brings them to agree, carries operations from one
// to the other, and waits. Prints nothing but progress and what went on beside the command.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "lms.h"
#include "plugin.h"
#include "progress.h"
#include "state_directory.h"

namespace host {

/// What is said before the command on the command line.
struct GlobalOptions {
  std::filesystem::path state;   ///< empty: $PTB_STATE, else ~/.ptb-host
  std::string store;             ///< empty: sqlite:STATE/bridge.db
  std::filesystem::path plugin;  ///< empty: see Plugin::load
  std::string tcbaseurl = "http://localhost:80";
  std::uint32_t exchange_timeout_ms = 0;
  std::uint32_t connect_timeout_ms = 0;
  std::uint32_t contact_interval_ms = 0;
  bool json = false;
  bool pumped = false;
  bool verbose = false;
  bool quiet = false;  ///< no progress
  std::string by;      ///< who orders it, for the audit trail; empty: the user that this process runs as
};

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

class Session : private HostFace {
 public:
  enum class Use {
    lms,     ///< the small LMS only
    look,    ///< also asks the bridge, which starts nothing; there is no bridge while there is no store
    note,    ///< also changes what the bridge keeps, but sends nothing; unfinished operations are captured again first
    settle,  ///< as note; an LMS that was put back to an earlier state is not refused, and nothing is captured for it
    act,     ///< also sends; does not end before all that it set going has been answered or deferred
  };
  Session(const GlobalOptions& options, Use use);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Lms& lms() { return *lms_; }
  [[nodiscard]] bool has_bridge() const { return bridge_ != nullptr; }
  Bridge& bridge() { return *bridge_; }
  /// Why the bridge takes this LMS for one that was put back to an earlier state; empty: it does not.
  [[nodiscard]] const std::string& put_back() const { return put_back_; }
  /// An order to the bridge, with who gives it. `handle`: 0 where it is done when this returns.
  Json order(Json what, std::uint64_t* handle = nullptr);

  /// Reports the operation, which the LMS has committed, notes that it has been, and waits until its events have been
  /// answered or deferred. Does nothing where there are no events.
  CaptureReport capture(const Operation& operation);
  /// Until the operation has ended. The first Ctrl-C stops all walks after the exchange in flight, the second one
  /// throws. `handle` 0: at once.
  OperationResult wait(std::uint64_t handle);
  /// Removes the tool here and in the bridge, and waits until it has heard of that. Returns why it has not; empty: it
  /// has, or does not ask to.
  std::string remove_tool(const Locator& locator);
  /// The tool, or a Refusal that says how to add it.
  Tool need_tool(const Locator& locator);

 private:
  void load_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                     const std::function<bool(const Setting&)>& sink) override;
  std::optional<std::string> load_secret(const Locator& tool) override;
  void log(int level, std::string_view text) override;
  void callback_failed(const std::string& text) noexcept override;
  void outcome(const ptb_outcome& outcome) override;
  void progress(const ptb_progress& progress) override;
  void watch(const ptb_watch& watch) override;

  void open_bridge(Use use);
  std::string why_put_back();
  void tell_high_water();
  void agree_on_tools();
  void capture_unfinished();
  std::vector<CaptureAnswer> hand_over(const Operation& operation, std::uint64_t& handle);
  void note_only(const std::vector<CaptureAnswer>& answers);
  void tell_accepted(const Operation& operation, const std::vector<CaptureAnswer>& answers);
  EventFate fate_of(const CaptureAnswer& answer);

  struct Outcome {
    std::string state;
    std::string deferral;
    std::string text;
  };

  void wait_until_idle();
  OperationResult wait_for(std::uint64_t handle);

  GlobalOptions options_;
  Use use_;
  StateDirectory state_;
  Progress progress_;
  std::unique_ptr<Lms> lms_;
  std::mutex mutex_;                         ///< guards what follows: callbacks come on the bridge's thread
  bool noting_ = false;                      ///< a capture is under way: outcomes are kept …
  std::set<std::string> noted_ids_;          ///< … of these events; empty: of all, since the ids are not known yet
  std::map<std::string, Outcome> outcomes_;  ///< by event id
  std::map<Locator, std::string> removals_;  ///< what became of telling tools that they are removed
  std::string callback_problem_;
  std::string put_back_;
  std::int64_t told_high_water_ = 0;
  std::unique_ptr<Bridge> bridge_;  ///< last: closed first
};

/// The state directory that the options mean.
std::filesystem::path state_path(const GlobalOptions& options);

/// False only where the store is a file that is not there yet.
bool has_store(const GlobalOptions& options);

/// Ctrl-C or SIGTERM has come since catch_interrupts.
bool interrupted();

/// From now on Ctrl-C and SIGTERM are counted instead of ending the process, unless somebody handles them already.
void catch_interrupts();

}  // namespace host
