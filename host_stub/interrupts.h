// Ctrl-C, counted: the first one ends what a command waits for, the second one leaves at once. Each command has its own
// count; that of a command which runs in this process alone is fed by signals.
#pragma once

#include <atomic>

namespace host {

using Interrupts = std::atomic<int>;

/// That of this process. Counts nothing before catch_interrupts.
Interrupts& signal_interrupts();

/// From now on Ctrl-C and SIGTERM are counted instead of ending the process, unless somebody handles them already.
void catch_interrupts();

}  // namespace host
