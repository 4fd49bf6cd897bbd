#include "receive/recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/utf8.h"

namespace host {

namespace {

/// As it can be shown: UTF-8, and not longer than what is kept.
std::string kept_text(std::string text) {
  if (!is_utf8(text)) text = shown(text, text.size());
  if (text.size() <= Recorder::kMaxTextBytes) return text;
  const auto size = text.size();
  text.resize(Recorder::kMaxTextBytes);
  while (!is_utf8(text)) text.pop_back();
  return text + fmt::format("… ({} bytes in all)", size);
}

std::size_t bytes_of(const LogLine& line) {
  constexpr std::size_t kOverhead = 100;
  auto bytes = sizeof(Recorded) + line.path.size() + line.problem.size() + kOverhead;
  for (const auto& [name, value] : line.params) bytes += name.size() + value.size() + kOverhead;
  for (const auto& [name, value] : line.headers) bytes += name.size() + value.size() + kOverhead;
  return bytes;
}

}  // namespace

const Recorded& Recorder::add(LogLine line) {
  ++counts_.requests;
  if (was_received(line)) ++counts_.received;
  if (line.repeat) ++counts_.repeats;
  if (!line.problem.empty()) ++counts_.refused;
  line.path = kept_text(std::move(line.path));
  line.problem = kept_text(std::move(line.problem));
  for (auto& [name, value] : line.params) {
    name = kept_text(std::move(name));
    value = kept_text(std::move(value));
  }
  for (auto& [name, value] : line.headers) value = kept_text(std::move(value));
  const auto bytes = bytes_of(line);
  kept_.push_back({++last_number_, std::move(line), bytes});
  bytes_ += bytes;
  while (kept_.size() > kMaxRequests || (bytes_ > kMaxBytes && kept_.size() > 1)) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  return kept_.back();
}

void Recorder::clear() {
  kept_.clear();
  bytes_ = 0;
  counts_ = {};
}

std::vector<const Recorded*> Recorder::latest(std::uint64_t before, std::size_t limit) const {
  std::vector<const Recorded*> found;
  for (auto at = kept_.rbegin(); at != kept_.rend() && found.size() < limit; ++at)
    if (at->number < before) found.push_back(&*at);
  return found;
}

const Recorded* Recorder::find(std::uint64_t number) const {
  if (kept_.empty() || number < kept_.front().number || number > last_number_) return nullptr;
  return &kept_[number - kept_.front().number];
}

}  // namespace host
