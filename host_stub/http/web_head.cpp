#include "http/web_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>

namespace host {

namespace {

bool fits_a_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string_view reason_of(std::uint32_t status) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {reason.data(), reason.size()};
}

/// Answers that have no body by definition, and so no length (RFC 9110, 8.6).
bool has_no_length(std::uint32_t status) { return status < 200 || status == 204; }

}  // namespace

std::string head_of(const Page& page, std::optional<std::uint64_t> length, AfterAnswer after,
                    std::chrono::system_clock::time_point now) {
  auto head = fmt::format("HTTP/1.1 {} {}\r\nDate: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", page.status,
                          reason_of(page.status), fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!name.empty() && fits_a_line(name) && fits_a_line(value) && name.find(':') == std::string_view::npos)
      head += fmt::format("{}: {}\r\n", name, value);
  };
  if (!page.content_type.empty()) add("Content-Type", page.content_type);
  for (const auto& [name, value] : page.headers) add(name, value);
  if (length && !has_no_length(page.status)) add("Content-Length", std::to_string(*length));
  if (after == AfterAnswer::close) add("Connection", "close");
  if (after == AfterAnswer::keep_alive_of_http_1_0) add("Connection", "keep-alive");
  return head + "\r\n";
}

}  // namespace host
