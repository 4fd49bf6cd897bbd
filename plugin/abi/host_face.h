// The host's callbacks as the Host and Clock ports. Every callback goes through here, so this is where "inside a
// callback" is known.
#pragma once

#include "core/clock.h"
#include "core/host.h"
#include "ptbridge/ptbridge.h"

namespace ptb {

/// True on a thread that is inside one of the host's callbacks, of any bridge.
bool inside_callback();

/// Marks this thread as being inside a callback while it lives.
class InCallback {
 public:
  InCallback();
  ~InCallback();
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;
};

class HostFace final : public Host, public Clock {
 public:
  explicit HostFace(const ptb_host& host) : host_(host) {}

  void log(LogLevel level, std::string_view text) override;
  Result<std::string> load_settings(const Locator& tool, std::string_view course_id,
                                    std::string_view content_id) override;
  Result<std::string> load_secret(const Locator& tool) override;
  void outcome(const EventOutcome& outcome) override;
  void progress(const WalkProgress& progress) override;
  void watch(const WatchEvent& watch) override;
  [[nodiscard]] Moment now() const override;

 private:
  ptb_host host_;
};

}  // namespace ptb
