#include "soap/sessions.h"

#include <algorithm>

namespace host::soap {

namespace {

/// What a client asks for, kept between a second and a day; nothing asked for is the first life.
std::int64_t bounded(std::int64_t seconds) {
  return seconds <= 0 ? kFirstLifeSeconds : std::min(seconds, kLongestLifeSeconds);
}

}  // namespace

Sessions::Sessions(std::function<std::int64_t()> now_ms) : now_ms_(std::move(now_ms)) {}

std::list<Sessions::Entry>::iterator Sessions::living(const std::string& id) {
  const auto now = now_ms_();
  entries_.remove_if([&](const Entry& entry) { return entry.ends_ms <= now; });
  return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.open.id == id; });
}

/// So that one more of them fits.
void Sessions::make_room(const std::optional<Locator>& whose, std::size_t most) {
  const auto is_theirs = [&](const Entry& entry) { return entry.open.tool == whose; };
  if (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), is_theirs)) >= most)
    entries_.erase(std::find_if(entries_.begin(), entries_.end(), is_theirs));
}

std::string Sessions::begin() {
  auto id = random_hex(16);
  const std::lock_guard lock(mutex_);
  living(id);
  make_room(std::nullopt, kMostStrangers);
  entries_.push_back({{id, std::nullopt}, now_ms_() + kFirstLifeSeconds * 1000});
  return id;
}

std::optional<Sessions::Open> Sessions::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = living(id);
  return found == entries_.end() ? std::nullopt : std::optional(found->open);
}

bool Sessions::log_in(const std::string& id, const Locator& tool, std::int64_t life_seconds) {
  const std::lock_guard lock(mutex_);
  const auto found = living(id);
  if (found == entries_.end()) return false;
  entries_.erase(found);
  make_room(tool, kMostOfATool);
  entries_.push_back({{id, tool}, now_ms_() + bounded(life_seconds) * 1000});
  return true;
}

bool Sessions::extend(const std::string& id, std::int64_t more_seconds) {
  const std::lock_guard lock(mutex_);
  const auto found = living(id);
  if (found == entries_.end()) return false;
  const auto longest = now_ms_() + kLongestLifeSeconds * 1000;
  if (more_seconds > 0) found->ends_ms = std::min(found->ends_ms + bounded(more_seconds) * 1000, longest);
  return true;
}

bool Sessions::end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = living(id);
  if (found == entries_.end()) return false;
  entries_.erase(found);
  return true;
}

std::size_t Sessions::count() {
  const std::lock_guard lock(mutex_);
  living({});
  return entries_.size();
}

}  // namespace host::soap
