#include "http/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>

namespace host {

namespace {

std::string_view first_line(std::string_view text) { return text.substr(0, text.find_first_of("\r\n")); }

}  // namespace

std::string to_text(const ServerEvent& event) {
  std::string text;
  if (!event.id.empty()) text += fmt::format("id: {}\n", first_line(event.id));
  if (!event.name.empty()) text += fmt::format("event: {}\n", first_line(event.name));
  std::string_view rest = event.data;
  for (bool more = true; more;) {
    const auto end = rest.find_first_of("\r\n");
    text += fmt::format("data: {}\n", rest.substr(0, end));
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return text + "\n";
}

bool EventStream::post_text(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (!is_open_) return false;
  if (waiting_.size() + text.size() > max_waiting_bytes_) {
    is_open_ = false;
    is_dropped_ = true;
    is_woken_ = false;  // its reader may be stuck in a write
    waiting_ = {};
  } else {
    waiting_ += text;
  }
  wake();
  return is_open_;
}

void EventStream::end() {
  const std::lock_guard lock(mutex_);
  is_open_ = false;
  wake();
}

bool EventStream::is_open() const {
  const std::lock_guard lock(mutex_);
  return is_open_;
}

bool EventStream::is_dropped() const {
  const std::lock_guard lock(mutex_);
  return is_dropped_;
}

void EventStream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void EventStream::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  is_open_ = false;
}

EventStream::Portion EventStream::take() {
  const std::lock_guard lock(mutex_);
  is_woken_ = false;
  Portion portion{std::move(waiting_), !is_open_};
  waiting_.clear();
  return portion;
}

void EventStream::wake() {
  if (!wake_ || is_woken_) return;
  is_woken_ = true;
  wake_();
}

EventChannel::EventChannel(std::size_t kept_events)
    : kept_events_(kept_events), life_(fmt::format("{:08x}-", std::random_device()())) {}

std::shared_ptr<EventStream> EventChannel::join(std::string_view last_event_id) {
  auto stream = std::make_shared<EventStream>();
  const std::lock_guard lock(mutex_);
  if (has_ended_) {
    stream->end();
    return stream;
  }
  if (!last_event_id.empty()) {
    std::uint64_t seen = 0;
    const bool is_ours = last_event_id.starts_with(life_);
    if (is_ours) {
      const auto number = last_event_id.substr(life_.size());
      std::from_chars(number.data(), number.data() + number.size(), seen);
    }
    if (!is_ours || seen > last_ || last_ - seen > kept_.size())
      stream->post({"missed", "", life_ + std::to_string(last_)});
    else
      for (auto at = kept_.size() - (last_ - seen); at < kept_.size(); ++at) stream->post_text(kept_[at]);
  }
  streams_.push_back(stream);
  return stream;
}

void EventChannel::post(std::string_view name, std::string_view data) {
  const std::lock_guard lock(mutex_);
  ++last_;
  const auto text = to_text({std::string(name), std::string(data), life_ + std::to_string(last_)});
  std::erase_if(streams_, [&](const auto& stream) { return !stream->post_text(text); });
  kept_.push_back(text);
  if (kept_.size() > kept_events_) kept_.pop_front();
}

void EventChannel::end() {
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  for (const auto& stream : streams_) stream->end();
  streams_.clear();
}

std::size_t EventChannel::size() {
  const std::lock_guard lock(mutex_);
  std::erase_if(streams_, [](const auto& stream) { return !stream->is_open(); });
  return streams_.size();
}

}  // namespace host
