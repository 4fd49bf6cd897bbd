// Manners about signals inside a stranger's process.
#pragma once

#include <csignal>

namespace ptb {

/// While it lives, this thread blocks every signal but the synchronous ones: a thread made meanwhile inherits that.
class BlockSignals {
 public:
  BlockSignals();
  ~BlockSignals();
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_{};
};

/// While it lives, a SIGPIPE that this thread causes reaches nobody.
class KeepSigpipeAway {
 public:
  KeepSigpipeAway();
  ~KeepSigpipeAway();
  KeepSigpipeAway(const KeepSigpipeAway&) = delete;
  KeepSigpipeAway& operator=(const KeepSigpipeAway&) = delete;

 private:
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace ptb
