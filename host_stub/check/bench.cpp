// See bench.h.
#include "check/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

namespace host {

namespace {

constexpr std::size_t kMostShownParams = 40;
constexpr std::size_t kMostShownValueBytes = 100;
constexpr std::size_t kMostShownFormBytes = 1000;
constexpr std::size_t kShownMacBytes = 6;
constexpr int kProbeTries = 50;
constexpr std::chrono::milliseconds kProbePause{100};

/// Random bits as a UUID of version 4.
std::string random_uuid() {
  auto hex = random_hex(16);
  hex[12] = '4';
  hex[16] = 'a';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20));
}

bool is_event(const std::string& type) {
  const auto& kinds = event_kinds();
  return std::find(kinds.begin(), kinds.end(), type) != kinds.end();
}

/// The only number in it, or that of a member named like a count.
std::optional<std::int64_t> number_in(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (!json.is_object()) return std::nullopt;
  for (const char* name : {"effects", "count"})
    if (json.contains(name) && json[name].is_number_integer()) return json[name].get<std::int64_t>();
  if (json.size() == 1 && json.begin()->is_number_integer()) return json.begin()->get<std::int64_t>();
  return std::nullopt;
}

/// Whoever has a call and its whole MAC can try secrets until one fits.
std::string beginning(const std::string& mac) {
  return mac.size() > kShownMacBytes ? mac.substr(0, kShownMacBytes) + "…" : mac;
}

/// The form that signed_call and write_form make ends with the MAC.
std::string without_mac(const std::string& form) {
  const auto at = form.rfind("&mac=");
  return at == std::string::npos ? form : form.substr(0, at + 5) + beginning(form.substr(at + 5));
}

std::string shown_call(const ToolAction& action, const Params& params, const Departure& departure) {
  auto text = fmt::format("{} {}\n", departure.get ? "GET" : "POST", action.url);
  for (const auto& line : departure.headers) text += line + "\n";
  if (!departure.body.empty()) return text + printable_text(without_mac(departure.body), kMostShownFormBytes);
  std::size_t shown = 0;
  for (const auto& [name, value] : params) {
    if (shown++ == kMostShownParams) return text + fmt::format("… and {} more", params.size() - kMostShownParams);
    text += fmt::format("{}={}\n", printable_text(name, kMostShownValueBytes),
                        printable_text(name == "mac" ? beginning(value) : value, kMostShownValueBytes));
  }
  return text;
}

}  // namespace

void set_param(Params& params, std::string_view name, std::string value) {
  for (auto& param : params)
    if (param.first == name) {
      param.second = std::move(value);
      return;
    }
  params.emplace_back(name, std::move(value));
}

void drop_param(Params& params, std::string_view name) {
  std::erase_if(params, [&](const auto& param) { return param.first == name; });
}

Params Bench::call_for(const ToolAction& action) const {
  const auto now = now_ms();
  Params params = {{"tcbaseurl", subject_.tcbaseurl}, {"nonce", random_hex(16)}, {"timestamp", std::to_string(now)},
                   {"ourguid", subject_.guid},        {"locale", "en_US"},       {"direction", "ltr"}};
  if (!subject_.strict && is_event(action.type)) {
    params.emplace_back("event_id", random_uuid());
    params.emplace_back("event_sequence", "1");
    params.emplace_back("event_time", std::to_string(now));
    params.emplace_back("deferred", "false");
    params.emplace_back("attempt", "1");
  }
  for (const auto& param : arguments_of(action.type)) params.push_back(param);
  for (const auto& param : action.fixed)
    if (find_param(params, param.first) == nullptr) params.push_back(param);
  return params;
}

Params Bench::signed_call(Params params) const {
  drop_param(params, "mac");
  std::stable_sort(params.begin(), params.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  auto mac = mac_of(params, subject_.secret, subject_.digest);
  params.emplace_back("mac", std::move(mac));
  return params;
}

Params Bench::again(Params params) {
  set_param(params, "nonce", random_hex(16));
  set_param(params, "timestamp", std::to_string(now_ms()));
  if (find_param(params, "attempt") != nullptr) set_param(params, "attempt", "2");
  return params;
}

ToolAnswer Bench::send(const ToolAction& action, const Params& params, const Departure& departure) {
  HttpCall call = subject_.call;
  call.url = action.url;
  call.headers = departure.headers;
  call.half_way = departure.half_way;
  const auto form = departure.body.empty() ? write_form(params) : departure.body;
  if (departure.get) {
    call.url += (call.url.find('?') == std::string::npos ? '?' : '&') + form;
  } else {
    call.content_type = "application/x-www-form-urlencoded; charset=UTF-8";
    call.body = form;
  }
  auto& connection = departure.over != nullptr ? *departure.over : connection_;
  auto http = connection.exchange(call);
  ToolAnswer answer;
  if (http)
    answer = read_answer(std::move(*http));
  else
    answer.fault = std::move(http.error());
  answer.sent = shown_call(action, params, departure);
  timeouts_ = answer.timed_out() ? timeouts_ + 1 : 0;
  return answer;
}

const ToolAction* Bench::accepted() {
  if (std::exchange(looked_, true)) return accepted_;
  auto types = event_kinds();
  types.insert(types.end(), {"state-change", "ping"});
  for (const auto& type : types) {
    const auto* action = subject_.action(type);
    if (action == nullptr) continue;
    auto answer = send_signed(*action, call_for(*action));
    if (answer.success()) return accepted_ = action;
    refused_.push_back(std::move(answer));
    if (timeouts_ > 2) break;
  }
  return nullptr;
}

std::optional<std::int64_t> Bench::effects() {
  HttpCall call = subject_.call;
  call.url = subject_.probe_url;
  auto answer = HttpConnection().exchange(call);
  if (!answer) {
    probe_problem_ = fmt::format("the probe {} cannot be read: {}", subject_.probe_url, answer.error().text);
    return std::nullopt;
  }
  if (answer->status < 200 || answer->status > 299) {
    probe_problem_ = fmt::format("the probe {} answers HTTP {}", subject_.probe_url, answer->status);
    return std::nullopt;
  }
  const auto number = number_in(answer->body);
  if (!number)
    probe_problem_ = fmt::format("the probe {} answers neither a number nor a JSON object with one: {}",
                                 subject_.probe_url, printable_text(answer->body, 100));
  return number;
}

std::optional<std::int64_t> Bench::settled_effects(std::int64_t wanted) {
  auto count = effects();
  for (int i = 0; i < kProbeTries && count && *count < wanted; ++i) {
    std::this_thread::sleep_for(kProbePause);
    count = effects();
  }
  if (!count) return count;
  // One too many may come a moment later.
  std::this_thread::sleep_for(kProbePause);
  return effects();
}

Finding nothing_accepted() {
  return skipped("no plain call, rightly signed, was answered with SUCCESS: see accepts-right-mac");
}

Finding judged(Result result, std::string reason, const ToolAnswer& answer, std::string expected, std::string fix) {
  return {result, std::move(reason), answer.sent, std::move(expected), answer.text(), std::move(fix)};
}

Finding failed(std::string reason, const ToolAnswer& answer, std::string expected, std::string fix) {
  return judged(Result::failed, std::move(reason), answer, std::move(expected), std::move(fix));
}

Finding warned(std::string reason, const ToolAnswer& answer, std::string expected, std::string fix) {
  return judged(Result::warning, std::move(reason), answer, std::move(expected), std::move(fix));
}

}  // namespace host
