#include "policy/policy_reading.h"

#include <algorithm>
#include <array>

namespace ptb {

namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kWeekMs = 7LL * 24 * kHourMs;
constexpr std::int64_t kMonday = 4LL * 24 * kHourMs;  // the first one after the epoch
constexpr std::size_t kMostWaits = 100;
constexpr std::size_t kMostDelays = 64;
constexpr std::size_t kMostWindows = 64;
constexpr std::int64_t kLastKind = static_cast<std::int64_t>(EventKind::course_deleted);

bool concerns_an_item(EventKind kind) { return to_text(kind).starts_with("content-"); }

/// What the tool learns of items by: until it has heard that, it has no id of its own for them.
bool makes_items(EventKind kind) {
  return kind == EventKind::course_copied || kind == EventKind::course_imported || kind == EventKind::content_copied ||
         kind == EventKind::content_imported;
}

class PolicyReading {
 public:
  explicit PolicyReading(DocumentReading& document) : document_(document) {}
  Policy run();

 private:
  using Node = pugi::xml_node;

  void read_root(const Node& root);
  void read_child(const Node& node);
  void read_acknowledge(const Node& node);
  void read_groups(const Node& node);
  void read_group(const Node& node);
  void read_on_failure(const Node& node);
  void read_backoff(const Node& node);
  void read_park(const Node& node);
  void read_give_up(const Node& node);
  void read_delays(const Node& node);
  void read_delay(const Node& node);
  void read_until_setting(const Node& node, Delay& delay);
  void read_until_item(const Node& node, const Delay& delay);
  void check_repeated(const Node& node, const Delay& delay);
  void read_maintenance(const Node& node);
  void read_keep(const Node& node);
  void read_watch(const Node& node);
  void check_whole();
  KindSet kinds(const Node& node);
  bool check_name(const Node& node, const std::string& name);

  DocumentReading& document_;
  Policy policy_;
  std::vector<std::string> seen_;
};

Policy PolicyReading::run() {
  const Node root = document_.root();
  if (!root) return {};
  read_root(root);
  for (const Node& node : root.children())
    if (node.type() == pugi::node_element) read_child(node);
  check_whole();
  return std::move(policy_);
}

bool PolicyReading::check_name(const Node& node, const std::string& name) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (!name.empty() && name.size() <= 60 && name.find_first_not_of(kLetters) == std::string::npos) return true;
  document_.wrong(node, "name=\"{}\" of <{}> is not allowed; use 1 to 60 letters, digits, '.', '_' and '-'",
                  printable(name, 60), node.name());
  return false;
}

void PolicyReading::read_root(const Node& root) {
  constexpr std::string_view kNamespace = "urn:ptbridge:delivery-policy:1";
  if (std::string_view(root.name()) != "delivery-policy")
    return document_.wrong(root, "the root element is <{}>; a policy is a <delivery-policy>, without a prefix",
                           printable(root.name(), 60));
  if (std::string_view(root.attribute("xmlns").value()) != kNamespace)
    return document_.wrong(root, "the namespace is '{}'; write xmlns=\"{}\"",
                           printable(root.attribute("xmlns").value(), 60), kNamespace);
  document_.only(root, {"xmlns", "name", "order", "restart", "settle", "settings"},
                 {"acknowledge", "groups", "on-failure", "give-up", "delays", "maintenance", "keep", "watch"});
  policy_.name = document_.required(root, "name");
  check_name(root, policy_.name);
  using Order = Policy::Order;
  document_.choice<Order>(
      root, "order", {{"tool", Order::tool}, {"group", Order::group}, {"course", Order::course}, {"none", Order::none}},
      policy_.order);
  document_.choice<bool>(root, "restart", {{"first", true}, {"next", false}}, policy_.restart_first);
  document_.choice<bool>(root, "settings", {{"snapshot", false}, {"current", true}}, policy_.current_settings);
  if (document_.whole_number(root, "settle", 1, 100'000, policy_.settle) && policy_.restart_first)
    document_.wrong(root, "settle has a meaning with restart=\"next\" only; remove it, or restart at the next event");
}

void PolicyReading::read_child(const Node& node) {
  const std::string name = node.name();
  if (name != "maintenance") {
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end())
      document_.wrong(node, "a second <{}>; put what it says into the first", printable(name, 60));
    seen_.push_back(name);
  }
  if (name == "acknowledge") read_acknowledge(node);
  if (name == "groups") read_groups(node);
  if (name == "on-failure") read_on_failure(node);
  if (name == "give-up") read_give_up(node);
  if (name == "delays") read_delays(node);
  if (name == "maintenance") read_maintenance(node);
  if (name == "keep") read_keep(node);
  if (name == "watch") read_watch(node);
}

KindSet PolicyReading::kinds(const Node& node) {
  KindSet set;
  const auto words = document_.words(node, "kinds");
  if (words.empty())
    document_.wrong(node, "<{}> names no kinds; write kinds=\"…\", such as \"content-imported content-copied\"",
                    node.name());
  for (const std::string& word : words) {
    const auto kind = event_kind_from(word);
    if (!kind || static_cast<std::int64_t>(*kind) > kLastKind) {
      std::string all;
      for (std::int64_t number = 1; number <= kLastKind; ++number)
        all += (number > 1 ? ", " : "") + std::string(to_text(*event_kind_from(number)));
      document_.wrong(node, "'{}' in kinds of <{}> is no kind of event; use {}", printable(word, 60), node.name(), all);
    } else if (set.contains(*kind)) {
      document_.wrong(node, "kinds of <{}> names {} twice; leave one", node.name(), word);
    } else {
      set.insert(*kind);
    }
  }
  return set;
}

void PolicyReading::read_acknowledge(const Node& node) {
  document_.only(node, {"by", "within", "refusal", "https"});
  document_.choice<bool>(node, "by", {{"success", false}, {"2xx", true}}, policy_.acknowledged_by_2xx);
  document_.choice<bool>(node, "refusal", {{"final", false}, {"failure", true}}, policy_.refusal_is_failure);
  document_.choice<bool>(node, "https", {{"allowed", false}, {"required", true}}, policy_.https_required);
  std::int64_t within_ms = 0;
  document_.duration(node, "within", within_ms);
  if (within_ms > kHourMs)
    document_.wrong(node, "within of <acknowledge> is longer than an hour; write at most 1h");
  else
    policy_.time_limit_ms = static_cast<std::uint32_t>(within_ms);
  if (policy_.acknowledged_by_2xx && policy_.refusal_is_failure)
    document_.wrong(node,
                    "with by=\"2xx\" the body is not looked at, so nothing is ever refused; remove "
                    "refusal=\"failure\", or write by=\"success\"");
}

void PolicyReading::read_groups(const Node& node) {
  document_.only(node, {}, {"group"});
  for (const Node& group : node.children("group")) read_group(group);
  if (policy_.groups.empty()) document_.wrong(node, "<groups> holds no <group>; write one, or remove it");
  if (policy_.order != Policy::Order::group)
    document_.wrong(node, "groups have a meaning with order=\"group\" only; write that, or remove <groups>");
}

void PolicyReading::read_group(const Node& node) {
  document_.only(node, {"name", "kinds"});
  Policy::Group group{document_.required(node, "name"), kinds(node)};
  check_name(node, group.name);
  if (group.name == "other")
    document_.wrong(node, "the group \"other\" is that of the kinds that no group names; choose another name");
  for (const Policy::Group& before : policy_.groups) {
    if (before.name == group.name) document_.wrong(node, "a second group \"{}\"; choose another name", group.name);
    for (std::int64_t number = 1; number <= kLastKind; ++number)
      if (const auto kind = *event_kind_from(number); before.kinds.contains(kind) && group.kinds.contains(kind))
        document_.wrong(node, "{} is in the group \"{}\" already; a kind belongs to one group, so remove it from one",
                        to_text(kind), before.name);
  }
  policy_.groups.push_back(std::move(group));
}

void PolicyReading::read_on_failure(const Node& node) {
  using Then = Policy::AfterFailure;
  using From = RetrySchedule::From;
  document_.only(node, {"then", "from", "park"}, {"wait", "backoff"});
  document_.choice<Then>(node, "then", {{"hold", Then::hold}, {"retry", Then::retry}, {"queue", Then::queue}},
                         policy_.after_failure);
  const bool counted = document_.choice<From>(
      node, "from", {{"last-attempt", From::last_attempt}, {"original-failure", From::original_failure}},
      policy_.retry.from);
  read_park(node);
  for (const Node& wait : node.children("wait")) {
    policy_.retry.waits_ms.push_back(0);
    document_.duration_inside(wait, policy_.retry.waits_ms.back());
    if (policy_.retry.waits_ms.size() > kMostWaits)
      document_.wrong(wait, "more than {} waits; the last one repeats, so leave the rest out", kMostWaits);
  }
  const Node backoff = node.child("backoff");
  if (backoff) read_backoff(backoff);
  if (const Node second = backoff.next_sibling("backoff")) document_.wrong(second, "a second <backoff>; leave one");
  if (backoff && !policy_.retry.waits_ms.empty())
    document_.wrong(backoff, "<wait> and <backoff> both say how long to wait; leave one of the two");
  const bool scheduled = backoff || !policy_.retry.waits_ms.empty();
  if (policy_.after_failure == Then::retry && !scheduled)
    document_.wrong(node, "then=\"retry\" without a schedule; write <wait>…</wait> or <backoff first=\"…\"/> inside");
  if (policy_.after_failure != Then::retry && (scheduled || counted))
    document_.wrong(node, "waits have a meaning with then=\"retry\" only; write that, or remove them");
}

void PolicyReading::read_backoff(const Node& node) {
  RetrySchedule& retry = policy_.retry;
  document_.only(node, {"first", "factor", "at-most", "jitter"});
  document_.required(node, "first");
  document_.duration(node, "first", retry.first_ms);
  document_.decimal(node, "factor", 1, 1000, retry.factor);
  if (document_.duration(node, "at-most", retry.at_most_ms) && retry.at_most_ms < retry.first_ms)
    document_.wrong(node, "at-most of <backoff> is shorter than first; write it longer, or a shorter first");
  std::int64_t jitter = 0;
  document_.whole_number(node, "jitter", 0, 100, jitter);
  retry.jitter_percent = static_cast<int>(jitter);
}

void PolicyReading::read_park(const Node& node) {
  constexpr std::array<FailureKind, 8> kAll = {
      FailureKind::unreachable,  FailureKind::timed_out,      FailureKind::tls,     FailureKind::client_error,
      FailureKind::server_error, FailureKind::not_understood, FailureKind::refused, FailureKind::not_sent};
  const auto words = document_.words(node, "park");
  if (words.empty() && node.attribute("park"))
    document_.wrong(node, "park of <on-failure> is empty; name kinds of failure, or remove it");
  for (const std::string& word : words) {
    const auto kind = std::find_if(kAll.begin(), kAll.end(), [&](FailureKind known) { return to_text(known) == word; });
    if (kind == kAll.end()) {
      std::string all;
      for (const FailureKind known : kAll) all += (all.empty() ? "" : ", ") + std::string(to_text(known));
      document_.wrong(node, "'{}' in park of <on-failure> is no kind of failure; use {}", printable(word, 60), all);
      continue;
    }
    auto& parks = policy_.parks_at_once;
    if (std::find(parks.begin(), parks.end(), *kind) != parks.end())
      document_.wrong(node, "park of <on-failure> names {} twice; leave one", word);
    parks.push_back(*kind);
  }
}

void PolicyReading::read_give_up(const Node& node) {
  using Then = GiveUp::Then;
  GiveUp& terms = policy_.give_up;
  document_.only(node, {"then", "attempts", "not-installed", "unavailable", "down"});
  document_.choice<Then>(node, "then", {{"park", Then::park}, {"discard", Then::discard}, {"suspend", Then::suspend}},
                         terms.then);
  document_.whole_number(node, "attempts", 1, 1'000'000, terms.attempts);
  document_.duration(node, "not-installed", terms.not_installed_ms);
  document_.duration(node, "unavailable", terms.unavailable_ms);
  document_.duration(node, "down", terms.down_ms);
  if (node.attribute("attempts") || node.attribute("not-installed") || node.attribute("unavailable") ||
      node.attribute("down"))
    return;
  const char* const then = terms.then == Then::park ? "park" : terms.then == Then::discard ? "discard" : "suspend";
  document_.wrong(node,
                  "endless: then=\"{}\", but nothing ends the trying; write attempts, not-installed, unavailable or "
                  "down, or remove <give-up>",
                  then);
}

void PolicyReading::read_delays(const Node& node) {
  document_.only(node, {"poll"}, {"delay"});
  document_.duration(node, "poll", policy_.poll_ms);
  for (const Node& delay : node.children("delay")) read_delay(delay);
  const auto before = [](const Delay& a, const Delay& b) { return a.until < b.until; };
  std::stable_sort(policy_.delays.begin(), policy_.delays.end(), before);
}

void PolicyReading::read_delay(const Node& node) {
  document_.only(node, {"kinds", "for", "until-setting", "scope", "until-item-known"});
  Delay delay;
  delay.kinds = kinds(node);
  const auto said = [&](const char* name) { return node.attribute(name) ? 1 : 0; };
  if (said("for") + said("until-setting") + said("until-item-known") != 1)
    return document_.wrong(node, "a <delay> waits for one thing; write one of for, until-setting, until-item-known");
  if (said("scope") > said("until-setting"))
    document_.wrong(node, "scope has a meaning with until-setting only; remove it");
  if (document_.duration(node, "for", delay.wait_ms)) delay.until = Delay::Until::time;
  if (said("until-setting") != 0) read_until_setting(node, delay);
  if (bool known = false; document_.choice<bool>(node, "until-item-known", {{"true", true}}, known)) {
    delay.until = Delay::Until::item;
    read_until_item(node, delay);
  }
  check_repeated(node, delay);
  if (policy_.delays.size() == kMostDelays)
    document_.wrong(node, "more than {} delays; name several kinds in one", kMostDelays);
  policy_.delays.push_back(std::move(delay));
}

void PolicyReading::read_until_setting(const Node& node, Delay& delay) {
  delay.until = Delay::Until::setting;
  delay.key = document_.required(node, "until-setting");
  document_.required(node, "scope");
  document_.choice<Scope>(
      node, "scope", {{"system", Scope::system}, {"course", Scope::course}, {"content", Scope::content}}, delay.scope);
  if (const std::string problem = setting_key_problem(delay.key); !problem.empty())
    document_.wrong(node, "until-setting can never be known: {}; choose another key", problem);
  for (std::int64_t number = 1; number <= kLastKind && delay.scope == Scope::content; ++number)
    if (const auto kind = *event_kind_from(number); delay.kinds.contains(kind) && !concerns_an_item(kind))
      document_.wrong(node,
                      "{} concerns no item, so no setting at content scope can hold it back; remove it from kinds",
                      to_text(kind));
}

void PolicyReading::read_until_item(const Node& node, const Delay& delay) {
  for (std::int64_t number = 1; number <= kLastKind; ++number) {
    const auto kind = *event_kind_from(number);
    if (!delay.kinds.contains(kind)) continue;
    if (makes_items(kind))
      document_.wrong(node,
                      "delays that wait for each other: the tool has an id of its own for an item only after it has "
                      "heard {}, which would wait for that id and never end; remove it from kinds",
                      to_text(kind));
    if (!concerns_an_item(kind))
      document_.wrong(node, "{} concerns no item, so there is no id to wait for; remove it from kinds", to_text(kind));
  }
}

void PolicyReading::check_repeated(const Node& node, const Delay& delay) {
  for (const Delay& before : policy_.delays) {
    if (before.until != delay.until || before.scope != delay.scope || before.key != delay.key) continue;
    for (std::int64_t number = 1; number <= kLastKind; ++number)
      if (const auto kind = *event_kind_from(number); before.kinds.contains(kind) && delay.kinds.contains(kind))
        document_.wrong(node, "an earlier <delay> says the same of {}; remove it from one of the two", to_text(kind));
  }
}

void PolicyReading::read_maintenance(const Node& node) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  document_.only(node, {"days", "from", "to"});
  MaintenanceWindow window;
  if (!node.attribute("days")) window.days.fill(true);
  const auto words = document_.words(node, "days");
  if (words.empty() && node.attribute("days"))
    document_.wrong(node, "days of <maintenance> is empty; name days, or remove it for every day");
  for (const std::string& word : words) {
    const auto day = static_cast<std::size_t>(std::find(kDays.begin(), kDays.end(), word) - kDays.begin());
    if (day == kDays.size())
      document_.wrong(node, "'{}' in days of <maintenance> is no day; use mon, tue, wed, thu, fri, sat, sun",
                      printable(word, 60));
    else if (std::exchange(window.days.at(day), true))
      document_.wrong(node, "days of <maintenance> names {} twice; leave one", word);
  }
  document_.required(node, "from");
  document_.required(node, "to");
  document_.time_of_day(node, "from", 24 * 60 - 1, window.from);
  document_.time_of_day(node, "to", 24 * 60, window.to);
  if (policy_.maintenance.size() == kMostWindows)
    return document_.wrong(node, "more than {} maintenance windows; name several days in one", kMostWindows);
  policy_.maintenance.push_back(window);
  std::int64_t ends_at_ms = 0;
  if (in_maintenance(policy_, kMonday, ends_at_ms) && ends_at_ms - kMonday >= kWeekMs)
    document_.wrong(node,
                    "with this one maintenance covers the whole week, so nothing would ever be sent; leave a gap");
}

void PolicyReading::read_keep(const Node& node) {
  document_.only(node, {"receipts"});
  document_.required(node, "receipts");
  document_.duration(node, "receipts", policy_.receipts_ms);
}

void PolicyReading::read_watch(const Node& node) {
  document_.only(node, {"waiting", "age"});
  const bool waiting = document_.whole_number(node, "waiting", 1, 1'000'000'000, policy_.watch_waiting);
  const bool age = document_.duration(node, "age", policy_.watch_age_ms);
  if (!waiting && !age) document_.wrong(node, "<watch> watches nothing; write waiting, age or both, or remove it");
}

void PolicyReading::check_whole() {
  const Node root = document_.root();
  if (policy_.order == Policy::Order::group && policy_.groups.empty())
    document_.wrong(root, "order=\"group\" without groups; write <groups>, or choose another order");
  const auto& parks = policy_.parks_at_once;
  const bool parks_refused = std::find(parks.begin(), parks.end(), FailureKind::refused) != parks.end();
  if (parks_refused && !policy_.refusal_is_failure)
    document_.wrong(root.child("on-failure"),
                    "park=\"refused\", but an answer of ERROR is no failure here; write <acknowledge "
                    "refusal=\"failure\"/>, or remove it");
}

}  // namespace

Policy read_policy_elements(DocumentReading& document) { return PolicyReading(document).run(); }

}  // namespace ptb
