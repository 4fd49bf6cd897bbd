// Other people's programs, found on PATH and run.
#pragma once

#include <string>
#include <vector>

namespace bench {

bool has_program(const std::string& name);

/// Runs `words` to the end and returns what it printed. Throws where it failed; its own words are on stderr.
std::string output_of_program(const std::vector<std::string>& words);

}  // namespace bench
