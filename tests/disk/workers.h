// Many jobs on all cores, each worker a process of its own, so that a job that crashes is told from one that complains.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ptb::test {

/// Runs the jobs 0 … jobs - 1 and collects the lines that they say, in no order. A line for each job whose process did
/// not come back.
std::vector<std::string> in_workers(std::size_t jobs,
                                    const std::function<std::vector<std::string>(std::size_t job)>& run);

}  // namespace ptb::test
