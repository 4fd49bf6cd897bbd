#include "store/lane_keys.h"

#include <algorithm>

namespace ptb {

std::string lane_key(const Locator& own, const LanePart& part) {
  std::string key = to_text(own);
  if (part.split.empty()) return key;
  key += '/' + part.split.substr(0, part.split.find(':')) + '/';
  for (const char letter : part.name) {
    if (letter == '~') key += '~';
    key += letter;
  }
  return key;
}

std::string further_lane_key(const std::string& key, std::int64_t epoch) {
  // A locator alone must stay one: a program's code may end like this too.
  const bool is_locator = std::count(key.begin(), key.end(), '/') == 1;
  return key + (is_locator ? "/~" : "~") + std::to_string(epoch);
}

std::string free_lane_key(const Locator& own, std::int64_t number) {
  return to_text(own) + "/free/" + std::to_string(number);
}

std::string forgotten_lane_key(const Locator& own, std::int64_t lane) {
  return to_text(own) + "/course/~forgotten~" + std::to_string(lane);
}

Result<Locator> own_locator_of(std::string_view key) {
  const auto first = key.find('/');
  const auto second = first == std::string_view::npos ? first : key.find('/', first + 1);
  return locator_from(key.substr(0, second));
}

}  // namespace ptb
