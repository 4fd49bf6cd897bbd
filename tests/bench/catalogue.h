// Every figure that the benchmark can give: its name, which stays once given, its unit, and the goal it is held to.
// Knows nothing of how a figure is measured.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace bench {

/// What of a figure is judged, and what its spread over the rounds is told of.
enum class Judged { ratio, value };

struct Goal {
  bool at_least = true;  ///< else at most
  double bound = 0;
};

struct Figure {
  std::string_view name;
  std::string_view unit;           ///< of the value
  std::string_view baseline_unit;  ///< empty: the same
  Judged judged = Judged::ratio;
  std::optional<Goal> goal;
  std::string_view what;  ///< one line for --list
};

std::span<const Figure> catalogue();
/// Throws std::logic_error for a name that the catalogue does not have.
const Figure& figure_named(std::string_view name);

}  // namespace bench
