// See event_order.h.
#include "event_order.h"

#include <charconv>
#include <optional>

namespace bench {
namespace {

std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const char* const digits = text.data() + at + mark.size();
  const auto [end, problem] = std::from_chars(digits, text.data() + text.size(), number);
  return problem == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

bool EventOrder::take(std::string_view request, std::string_view body) {
  const auto endpoint = number_behind(request.substr(0, request.find("\r\n")), " /e");
  const auto number = number_behind(body, "content_id=_");
  if (!endpoint || !number) return false;
  const auto [last, first] = last_.try_emplace(*endpoint, *number);
  const bool next = first || *number == last->second + 1;
  last->second = *number;
  return next;
}

}  // namespace bench
