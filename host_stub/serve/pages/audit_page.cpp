// See pages.h. Who ordered what, the newest first.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "output.h"
#include "serve/pages/moments.h"
#include "serve/pages/page.h"
#include "serve/pages/pages.h"

namespace host {

namespace {

constexpr int kPage = 1000;
constexpr std::size_t kShown = 100;
constexpr int kMostPages = 50;

std::uint64_t number_of(const Json& entry) { return entry.value("number", std::uint64_t{0}); }

/// The last entries below `before` (0: of all). The bridge tells them oldest first.
std::deque<Json> last_entries(const Serving& serving, std::uint64_t before) {
  std::deque<Json> kept;
  Json question = {{"report", "audit"}, {"limit", kPage}};
  // Numbers rise by one, so that the last ones can be asked for once it is known which they are.
  if (before > kShown + 1) question["after"] = before - kShown - 1;
  for (int pages = 0; pages < kMostPages; ++pages) {
    const auto page = reported(serving, question);
    for (const auto& entry : page.at("entries")) {
      if (before != 0 && number_of(entry) >= before) return kept;
      kept.push_back(entry);
      if (kept.size() > kShown) kept.pop_front();
    }
    if (page.at("next").is_null()) break;
    question["after"] = page.at("next");
  }
  return kept;
}

std::uint64_t before_in(const Call& call) {
  const auto text = call.value("before");
  if (text.empty()) return 0;
  if (text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos)
    wrong_usage("before is the number of an entry");
  return std::stoull(text);
}

Page audit_page(const Serving& serving, const Call& call) {
  const auto before = before_in(call);
  const auto now = now_ms();
  auto entries = last_entries(serving, before);
  const auto first = entries.empty() ? 0 : number_of(entries.front());
  auto rows = Json::array();
  std::reverse(entries.begin(), entries.end());
  for (const auto& entry : entries)
    rows.push_back({{"number", with_commas(number_of(entry))},
                    {"when", moment_of(text_of(entry, "at"), now)},
                    {"who", text_of(entry, "who")},
                    {"what", text_of(entry, "what")},
                    {"target", text_of(entry, "target")},
                    {"detail", cut(text_of(entry, "detail"), 300)}});
  return html_page(serving, call, {"Audit", "/audit"}, "audit",
                   {{"entries", rows},
                    {"has_entries", !rows.empty()},
                    {"is_latest", before == 0},
                    {"older", first > 1 ? Json(fmt::format("/audit?before={}", first)) : Json()}});
}

}  // namespace

void add_audit_pages(Router& router, Serving& serving) {
  router.get("/audit", [&serving](const Call& call) { return audit_page(serving, call); });
}

}  // namespace host
