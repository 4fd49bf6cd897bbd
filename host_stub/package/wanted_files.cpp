#include "package/wanted_files.h"

#include <fmt/format.h>

#include "package/archive_scan.h"
#include "text/utf8.h"

namespace host {

namespace {

/// hrefs are URLs: "a%20b.xml" may stand for the entry "a b.xml".
std::string percent_decoded(std::string_view href) {
  const auto digit = [](char c) -> int {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at = kDigits.find(static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
  };
  std::string out;
  for (std::size_t at = 0; at < href.size(); ++at) {
    const int high = href[at] == '%' && at + 2 < href.size() ? digit(href[at + 1]) : -1;
    const int low = high >= 0 ? digit(href[at + 2]) : -1;
    out += low < 0 ? href[at] : static_cast<char>(high * 16 + low);
    if (low >= 0) at += 2;
  }
  return out;
}

}  // namespace

tl::expected<void, std::string> WantedFiles::add(const std::string& href, std::string whose, If condition) {
  const auto number = wanted_.size();
  for (const auto& form : {href, percent_decoded(href)}) {
    auto name = safe_name(form);
    if (!name)
      return tl::make_unexpected(
          fmt::format("{} names the file '{}', which {}: do not trust it", namer_, shown(form), name.error()));
    auto& numbers = wanted_by_[*name];
    if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
  }
  wanted_.push_back({href, std::move(whose), condition});
  return {};
}

tl::expected<void, std::string> WantedFiles::read(const std::string& path, const Take& take) {
  if (wanted_.empty()) return {};
  const auto want = [&](const std::string& name) { return wanted_by_.contains(name); };
  const auto take_file = [&](const std::string& name, std::string_view content) -> tl::expected<void, std::string> {
    std::vector<std::size_t> numbers;
    for (const auto number : wanted_by_.at(name)) {
      auto& wanted = wanted_[number];
      if (!wanted.read_from.empty() && safe_name(wanted.href) != name) continue;
      wanted.read_from = name;
      numbers.push_back(number);
    }
    return numbers.empty() ? tl::expected<void, std::string>() : take(name, content, numbers);
  };
  if (auto scanned = scan_archive(path, limits_, want, take_file); !scanned) return scanned;
  for (const auto& wanted : wanted_)
    if (wanted.read_from.empty() && wanted.condition == If::it_must_be_there)
      return tl::make_unexpected(
          fmt::format("the file '{}' of its {} is missing: export it again", shown(wanted.href), wanted.whose));
  return {};
}

tl::expected<void, std::string> WantedFiles::keep(std::size_t bytes) {
  kept_bytes_ += bytes;
  if (kept_bytes_ <= limits_.link_text_bytes) return {};
  return tl::make_unexpected(fmt::format(
      "its links hold more than {} bytes of text, which is the limit: split the package", limits_.link_text_bytes));
}

}  // namespace host
