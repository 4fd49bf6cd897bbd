// One open bridge over one state directory, with what it asks of the small LMS behind it. A command has a house of its
// own for its time; `ptb-host serve` keeps one, in which many sessions work at once. Prints nothing but what the bridge
// logs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "global_options.h"
#include "lms.h"
#include "plugin.h"
#include "state_directory.h"

namespace host {

/// Is told what the bridge tells. Called on the bridge's thread, which waits: be quick, and do not call the bridge.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void outcome(const ptb_outcome& /*outcome*/) {}
  virtual void progress(const ptb_progress& /*progress*/) {}
  virtual void watch(const ptb_watch& /*watch*/) {}
};

class House : private HostFace {
 public:
  enum class Opening {
    none,   ///< no bridge: the small LMS only
    look,   ///< the bridge answers questions and starts nothing
    quiet,  ///< it also takes orders and captures, but sends nothing
    full,   ///< it also sends
  };
  /// Throws Refusal: another process has the directory, or it or what is in it cannot be used.
  House(const GlobalOptions& options, Opening opening);
  ~House() override;
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  [[nodiscard]] const std::filesystem::path& directory() const { return state_.path(); }
  /// Of one connection, for one thread at a time; its functions that only read may be called from several.
  Lms& lms() { return *lms_; }
  [[nodiscard]] bool has_bridge() const { return bridge_ != nullptr; }
  Bridge& bridge() { return *bridge_; }
  [[nodiscard]] bool sends() const { return opening_ == Opening::full; }

  /// The bridge learns the number of the newest operation when it is opened, and this one was opened before the
  /// operation was done. Told now, it sees an LMS that is put back to the moment before. For when nothing works in the
  /// house any more; what it has been told already is not told again.
  void tell_high_water();

  /// After its store was exchanged. What other threads have under way in the bridge is waited for, a moment at most.
  void reopen_bridge();

  void add(Listener& listener);
  void remove(Listener& listener);

  /// Operations that the LMS has done and the bridge has not taken, since something failed on the way: kept for the
  /// next session to capture. Taken by one of them at a time.
  void leave_over(std::int64_t operation);
  std::set<std::int64_t> take_left_over();

  /// What the last callback that failed said; empty: none has since this was asked last.
  std::string take_callback_problem();

 private:
  void load_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                     const std::function<bool(const Setting&)>& sink) override;
  std::optional<std::string> load_secret(const Locator& tool) override;
  void log(int level, std::string_view text) override;
  void callback_failed(const std::string& text) noexcept override;
  void outcome(const ptb_outcome& outcome) override;
  void progress(const ptb_progress& progress) override;
  void watch(const ptb_watch& watch) override;

  void open_bridge(Opening opening);
  BridgeOptions bridge_options(Opening opening);

  GlobalOptions options_;
  const Opening opening_;
  StateDirectory state_;
  std::unique_ptr<Lms> lms_;
  std::mutex mutex_;  ///< guards the next three
  std::vector<Listener*> listeners_;
  std::set<std::int64_t> left_over_;
  std::string callback_problem_;
  std::int64_t told_high_water_ = 0;
  std::unique_ptr<Bridge> bridge_;  ///< last: closed first
};

/// Whom why_put_back asks about: the bridge is told that nothing is to be captured for it.
inline const Locator kNobody{"ptb-host", "nobody"};

}  // namespace host
