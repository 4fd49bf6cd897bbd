// See answer.h.
#include "check/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "text/utf8.h"

namespace host {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::size_t kMostShownBytes = 300;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

bool is_legal_body(std::string_view body) {
  auto core = trimmed(body);
  if (core.starts_with("\xEF\xBB\xBF")) core = trimmed(core.substr(3));
  if (const auto end = core.find("?>"); core.starts_with("<?xml") && end != std::string_view::npos)
    core = trimmed(core.substr(end + 2));
  return core == "<result>SUCCESS<result>" || core == "<result>SUCCESS</result>" || core == "<result>ERROR<result>" ||
         core == "<result>ERROR</result>";
}

Said word_in(std::string_view body) {
  std::string upper(body.substr(0, 65'536));
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  const bool success = upper.find("SUCCESS") != std::string::npos;
  const bool error = upper.find("ERROR") != std::string::npos;
  if (success == error) return Said::unclear;
  return success ? Said::success : Said::error;
}

ToolAnswer read_answer(HttpAnswer http) {
  ToolAnswer answer;
  answer.came = true;
  const bool good = http.status >= 200 && http.status <= 299;
  answer.said = good ? word_in(http.body) : Said::unclear;
  answer.legal = good && is_legal_body(http.body);
  answer.http = std::move(http);
  return answer;
}

std::string ToolAnswer::text() const {
  if (timed_out()) return fmt::format("no answer in time: {}", fault.text);
  if (!came) return fmt::format("no answer: {}", fault.text);
  return fmt::format("HTTP {} after {} ms: {}", http.status, http.took_ms,
                     http.body.empty() ? "an empty body" : printable_text(http.body, kMostShownBytes));
}

std::string printable_text(std::string_view text, std::size_t limit, bool keep_lines) {
  const bool cut = text.size() > limit;
  auto part = text.substr(0, limit);
  // Not in the middle of a character.
  while (cut && !part.empty() && (static_cast<unsigned char>(text[part.size()]) & 0xC0) == 0x80) part.remove_suffix(1);
  const bool utf8 = is_utf8(part);
  std::string out;
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 0x20 && byte != 0x7f && (utf8 || byte < 0x80)) || (c == '\n' && keep_lines);
    if (plain)
      out.push_back(c);
    else
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
  }
  // U+FFFE and U+FFFF are UTF-8, yet XML must not hold them.
  for (const std::string_view odd : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (auto at = out.find(odd); at != std::string::npos; at = out.find(odd)) out.erase(at, odd.size());
  if (cut) out += fmt::format(" … ({} bytes in all)", text.size());
  return out;
}

}  // namespace host
