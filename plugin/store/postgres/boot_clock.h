// The clock that leases are counted on: it does not stop while the machine sleeps, and nobody can set it.
#pragma once

#include <cstdint>

namespace ptb {

std::int64_t boot_clock_ms();

}  // namespace ptb
