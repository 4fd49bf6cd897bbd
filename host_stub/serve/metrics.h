// What `ptb-host serve` counts, in the text format of Prometheus. Pure: knows neither bridge nor server.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "http/web_server.h"
#include "plugin.h"
#include "serve/live_feed.h"

namespace host {

/// Answers of the web server, by status class: "2xx" …
using ResponseCounts = std::map<std::string, std::uint64_t>;

struct Measured {
  Json lanes;  ///< as the bridge reports them
  Json tools;
  Json nodes;
  OutcomeCounts outcomes;
  std::vector<WalkView> walks;
  WebCounts web;
  ResponseCounts responses;
  std::int64_t now_ms = 0;
  std::int64_t began_at_ms = 0;
  std::string version;
};

std::string metrics_text(const Measured& measured);

}  // namespace host
