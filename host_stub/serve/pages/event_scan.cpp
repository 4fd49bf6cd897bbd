// See event_scan.h.
#include "serve/pages/event_scan.h"

#include <algorithm>

#include "output.h"

namespace host {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool has(const std::string& hay, const std::string& needle) {
  return std::search(hay.begin(), hay.end(), needle.begin(), needle.end(),
                     [](char one, char other) { return lower(one) == lower(other); }) != hay.end();
}

bool has_text(const Json& event, const std::string& text) {
  for (const char* member : {"id", "kind", "course_id", "last_error", "operation"})
    if (has(text_of(event, member), text)) return true;
  const auto arguments = event.find("arguments");
  if (arguments == event.end() || !arguments->is_object()) return false;
  return std::any_of(arguments->begin(), arguments->end(), [&](const Json& value) {
    return value.is_string() && has(value.get_ref<const std::string&>(), text);
  });
}

}  // namespace

bool is_wanted(const Json& event, const EventWish& wish) {
  if (!wish.kind.empty() && text_of(event, "kind") != wish.kind) return false;
  if (!wish.course.empty() && text_of(event, "course_id") != wish.course) return false;
  return wish.text.empty() || has_text(event, wish.text);
}

EventsFound scan_events(const std::function<Json(const std::string& after)>& page, const std::string& after,
                        const EventWish& wish, std::uint64_t enough, std::uint64_t most) {
  EventsFound found;
  found.next = after;
  do {
    const auto answer = page(found.next);
    for (const auto& event : answer.at("events")) {
      ++found.looked_at;
      if (is_wanted(event, wish)) found.events.push_back(event);
    }
    found.next = text_of(answer, "next");
  } while (!found.next.empty() && found.events.size() < enough && found.looked_at < most);
  return found;
}

}  // namespace host
