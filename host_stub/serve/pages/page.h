// What every page of `ptb-host serve` has: frame, navigation, who is logged in, and what the last action came to. Knows
// no page's content.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "serve/api.h"
#include "serve/router.h"

namespace host {

/// A page's place among the others.
struct PageHead {
  std::string title;
  std::string section = "/";    ///< of the navigation: / /lanes /courses /policies /audit
  std::uint32_t refresh_s = 0;  ///< reloads itself where there are no scripts; 0: does not
  std::uint32_t status = 200;
};

/// NAME.mustache with `model`, which also gets "form_word" (false for whoever is not logged in: no forms for them) and
/// "here" (where a login comes back to).
Page html_page(const Serving& serving, const Call& call, const PageHead& head, std::string_view name, Json model);

enum class Said { good, warn, bad };
/// 303 to another page, which will say `text` once.
Page done_page(const std::string& target, Said how, const std::string& text);

/// Runs a command and goes to `target`, which says what came of it: `text` where all is well, else the command's own
/// words. What the command throws is said there too.
Page ordered_page(const Serving& serving, const Call& call, const std::string& target, const std::string& text,
                  const Command& command);
/// Begins a job and goes to where it is seen: the page of its tool, or /jobs/N without one. Where it cannot begin, back
/// to `target` with the reason.
Page begun_page(const Serving& serving, const Call& call, const std::string& target, const std::string& what,
                const std::string& tool, Command command);

/// What a GET command of this request prints as JSON; throws what the command throws.
Json asked(const Serving& serving, const Call& call, const Command& command);
/// What the bridge answers.
Json reported(const Serving& serving, const Json& question);

/// For a browser: a page that says what is wrong and where to go. Empty where whoever asks is no browser.
std::optional<Page> problem_page(const Access& access, const Request& request, std::uint32_t status,
                                 const std::string& text);

/// A piece of a path, or a value of a query, with what is special escaped.
std::string escaped_for_url(std::string_view text);
/// /tools/V/P of "V/P"; each piece escaped.
std::string tool_url(const std::string& tool);

}  // namespace host
