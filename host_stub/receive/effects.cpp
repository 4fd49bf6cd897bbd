// See effects.h.
#include "receive/effects.h"

#include <algorithm>
#include <array>
#include <limits>

namespace host {

namespace {

constexpr std::size_t kMostEvents = 1'000'000;

/// New at every attempt.
bool is_fresh(std::string_view name) {
  constexpr std::array<std::string_view, 5> kFresh = {"mac", "nonce", "timestamp", "attempt", "deferred"};
  return std::find(kFresh.begin(), kFresh.end(), name) != kFresh.end();
}

}  // namespace

std::string identity_of(const Params& params) {
  if (const auto* id = find_param(params, "event_id"); id != nullptr) return *id;
  Params lasting;
  for (const auto& param : params)
    if (!is_fresh(param.first)) lasting.push_back(param);
  std::sort(lasting.begin(), lasting.end());
  return write_form(lasting);
}

Effects::Effects() : known_(kMostEvents) {}

bool Effects::add(const Params& params) {
  if (!known_.add(identity_of(params), std::numeric_limits<std::int64_t>::max())) return false;
  ++count_;
  return true;
}

}  // namespace host
