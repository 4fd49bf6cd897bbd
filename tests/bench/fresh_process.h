// Measurements of memory are made in a process of their own, so that nothing measured before counts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Runs this program again with `arguments`, the first of which is its name, and returns what it printed.
std::string output_of_fresh_process(const std::vector<std::string>& arguments);

/// VmRSS (resident now) or VmHWM (its peak) of this process, in KiB.
std::int64_t memory_kib(std::string_view which);

}  // namespace bench
