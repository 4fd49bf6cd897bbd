// See interrupts.h.
#include "interrupts.h"

#include <csignal>

namespace host {

namespace {

Interrupts count = 0;
static_assert(Interrupts::is_always_lock_free);  // a signal handler may touch it
void count_interrupt(int) { ++count; }

}  // namespace

Interrupts& signal_interrupts() { return count; }

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = count_interrupt;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    // A server around this command has its own way to end.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_DFL) sigaction(signal, &action, nullptr);
  }
}

}  // namespace host
