// The stored forms of settings and of lists of names and values: whatever is read is written again as the same value,
// and what is sent of settings is what the rule of scopes says.
#include <algorithm>
#include <map>

#include "core/pairs.h"
#include "core/snapshot.h"
#include "fuzz/must.h"

namespace {

using ptb::fuzz::must;

void check_pairs(std::string_view stored) {
  const auto pairs = ptb::decode_pairs(stored);
  if (!pairs) {
    must(pairs.error().status == ptb::Status::damaged, "what cannot be read is damaged");
    return;
  }
  const auto again = ptb::decode_pairs(ptb::encode_pairs(*pairs));
  must(again && *again == *pairs, "pairs are written and read as the same", stored);
  for (const auto& [name, value] : *pairs) {
    const auto found = ptb::find_encoded(stored, name);
    must(found && *found == ptb::find_value(*pairs, name), "a name is found in its stored form", name);
  }
}

void check_settings(std::string_view stored) {
  const auto settings = ptb::decode_settings(stored);
  must(settings.has_value() == ptb::effective_settings(stored).has_value(), "both readers read the same", stored);
  if (!settings) return;
  const std::string encoded = ptb::encode_settings(*settings);
  const auto again = ptb::decode_settings(encoded);
  must(again.has_value(), "settings that were written can be read", encoded);
  auto sorted = *settings;
  std::sort(sorted.begin(), sorted.end());
  must(*again == sorted, "settings are written and read as the same", encoded);

  std::map<std::string, std::string> narrowest;
  for (const auto& setting : sorted) narrowest[setting.key] = setting.value;
  const auto effective = ptb::effective_settings(encoded);
  must(effective && std::equal(effective->pairs.begin(), effective->pairs.end(), narrowest.begin(), narrowest.end(),
                               [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }),
       "the narrowest scope is sent, sorted by key", encoded);
}

void check_texts(std::string_view text) {
  const std::string shown = ptb::printable(text, 40);
  must(shown.size() <= 40 && ptb::is_clean_utf8(shown), "what is printed is short and clean", shown);
  for (const char c : shown) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "and on one line", shown);
  const auto problem = ptb::setting_key_problem(text);
  must(problem.empty() == (!text.empty() && text.size() <= 200 && !ptb::is_reserved_name(text) &&
                           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos),
       "a key is refused for what is wrong with it", problem);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  check_pairs(input);
  check_settings(input);
  check_texts(input);
  return 0;
}
