// Charts as SVG within the page, each with its words: a title, a description, and a table that says the same. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "serve/samples.h"

namespace host {

struct Bar {
  std::string name;
  std::uint64_t value = 0;
  int series = 1;  ///< colour: 1 to 4
};

/// A line over time. `id` is unique in the page.
std::string line_chart(const std::string& id, const std::string& title, const std::vector<Sample>& samples,
                       std::int64_t now_ms);
/// One bar beneath the other.
std::string bar_chart(const std::string& id, const std::string& title, const std::vector<Bar>& bars);
/// A line as high as a text; empty where there is nothing to see yet.
std::string sparkline(const std::string& title, const std::vector<Sample>& samples);

/// How many of these moments lie how far back.
std::vector<Bar> age_bars(const std::vector<std::int64_t>& moments_ms, std::int64_t now_ms);

}  // namespace host
