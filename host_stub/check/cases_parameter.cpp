// Cases about what is in a call: parameters that the tool does not know, tool settings of every kind, the form itself.
#include <fmt/format.h>

#include "check/case.h"

namespace host {

namespace {

constexpr const char* kSuccess = "<result>SUCCESS<result>";
constexpr std::size_t kLongBytes = 64 * 1024;

/// A plain call with more parameters in it.
Finding with_params(Bench& bench, const Params& more, const std::string& refusal, const std::string& fix) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  auto params = bench.call_for(*action);
  for (const auto& [name, value] : more) set_param(params, name, value);
  const auto answer = bench.send_signed(*action, params);
  return answer.success() ? passed() : failed(refusal, answer, kSuccess, fix);
}

Finding unknown_parameters(Bench& bench) {
  return with_params(
      bench, {{"x_new_in_2030", "1"}, {"zz_unheard_of", "yes"}},
      "refused a call with two parameters that it does not know",
      "Pass over parameters that you do not know, and digest them all the same: the LMS and the bridge may "
      "add some.");
}

Finding settings_unicode(Bench& bench) {
  return with_params(bench,
                     {{"setting_town", "Zürich"},
                      {"setting_greek", "Ελληνικά"},
                      {"setting_chinese", "课程"},
                      {"setting_smile", "\xF0\x9F\x99\x82"},
                      {"setting_combined", "e\xCC\x81"}},
                     "refused a call with settings beyond ASCII",
                     "Decode the form as UTF-8, digest the UTF-8 bytes, and do not normalise.");
}

Finding settings_empty(Bench& bench) {
  return with_params(bench, {{"setting_empty", ""}, {"setting_other", "x"}}, "refused a call with an empty setting",
                     "An empty value is a value: take it, it adds nothing to what is digested.");
}

Finding settings_long(Bench& bench) {
  return with_params(bench, {{"setting_long", std::string(kLongBytes, 'v')}},
                     fmt::format("refused a call with a setting of {} bytes", kLongBytes),
                     "Raise the limits of the form and of a value (to 1 MiB), and digest values whole.");
}

/// In every group the order by bytes and the order by culture differ: '_' comes before digits and letters in many
/// cultures, and behind digits and capitals by bytes.
Finding settings_culture_order(Bench& bench) {
  return with_params(
      bench, {{"setting_a", "one"}, {"setting1", "two"}, {"setting_1", "three"}, {"settings", "four"}},
      "refused a call with settings named setting_a and setting1",
      "Sort the names byte by byte (ordinal), not as a culture does: in .NET StringComparer.Ordinal, in Java "
      "String.compareTo, in PHP strcmp.");
}

std::string hex_escapes_in_lower_case(std::string form) {
  for (std::size_t at = form.find('%'); at != std::string::npos; at = form.find('%', at + 1))
    for (std::size_t digit = at + 1; digit < at + 3 && digit < form.size(); ++digit)
      if (form[digit] >= 'A' && form[digit] <= 'F') form[digit] = static_cast<char>(form[digit] - 'A' + 'a');
  return form;
}

std::string spaces_as_percent(std::string form) {
  for (std::size_t at = form.find('+'); at != std::string::npos; at = form.find('+', at)) form.replace(at, 1, "%20");
  return form;
}

Finding form_encoding(Bench& bench) {
  const auto* action = bench.accepted();
  if (action == nullptr) return nothing_accepted();
  struct Spelling {
    const char* what;
    std::string (*spell)(std::string);
  };
  for (const auto& spelling : {Spelling{"with spaces as +", [](std::string form) { return form; }},
                               Spelling{"with spaces as %20", spaces_as_percent},
                               Spelling{"with escapes in lower case", hex_escapes_in_lower_case}}) {
    auto params = bench.call_for(*action);
    params.emplace_back("setting_text", "a b + c & d = 100% / ~ 'e' \"f\" <g>");
    params.emplace_back("setting_lines", "one\r\ntwo\ttab");
    Departure departure;
    departure.body = spelling.spell(write_form(bench.signed_call(params)));
    const auto answer = bench.send(*action, {}, departure);
    if (!answer.success())
      return failed(
          fmt::format("refused a form {}", spelling.what), answer, kSuccess,
          "Decode application/x-www-form-urlencoded once, with your platform's own reader: + and %20 are a space, "
          "escapes come in either case; digest what came of it.");
  }
  return passed();
}

}  // namespace

void add_parameter_cases(std::vector<Case>& cases) {
  const auto add = [&](const char* name, const char* sentence, Finding (*run)(Bench&)) {
    cases.push_back({name, sentence, run});
  };
  add("unknown-parameters", "Parameters that the tool does not know are passed over.", unknown_parameters);
  add("form-encoding", "Spaces as + or %20, and escapes in either case, mean the same.", form_encoding);
  add("settings-unicode", "Settings with letters beyond ASCII are taken.", settings_unicode);
  add("settings-empty", "An empty setting is taken.", settings_empty);
  add("settings-long", "A setting of 64 KiB is taken.", settings_long);
  add("settings-culture-order", "Settings whose names sort differently by culture are digested in the order of bytes.",
      settings_culture_order);
}

}  // namespace host
