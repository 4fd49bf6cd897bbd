// See sums.h.
#include "serve/pages/sums.h"

#include <array>

#include "output.h"

namespace host {

LaneSums sums_of(const Json& lanes) {
  LaneSums sums;
  for (const auto& lane : lanes) {
    auto& sum = sums[text_of(lane, "tool")];
    const auto waiting = lane.value("waiting", std::uint64_t{0});
    const auto oldest = text_of(lane, "oldest_at");
    sum.waiting += waiting;
    ++sum.lanes;
    if (text_of(lane, "state") == "held") ++sum.held;
    // Of one form and in UTC, so that the lesser text is the earlier time.
    if (!oldest.empty() && (sum.oldest_at.empty() || oldest < sum.oldest_at)) sum.oldest_at = oldest;
    if (waiting > 0 && sum.error.empty()) sum.error = text_of(lane, "last_error");
  }
  return sums;
}

std::vector<Bar> answer_bars(const OutcomeCounts& outcomes, const std::string& tool) {
  struct Kind {
    const char* state;
    const char* name;
    int series;
  };
  constexpr std::array<Kind, 5> kKinds = {{{"delivered", "acknowledged", 2},
                                           {"refused", "refused", 4},
                                           {"pending", "put off", 3},
                                           {"parked", "parked", 1},
                                           {"discarded", "discarded", 1}}};
  std::vector<Bar> bars;
  for (const auto& kind : kKinds) {
    Bar bar{kind.name, 0, kind.series};
    for (const auto& [which, count] : outcomes)
      if (which.second == kind.state && (tool.empty() || which.first == tool)) bar.value += count;
    bars.push_back(std::move(bar));
  }
  return bars;
}

}  // namespace host
