#include "random_policy.h"

#include <array>
#include <string_view>

#include "policy/policy_document.h"

namespace ptb::test {

namespace {

using Words = std::array<std::string_view, 4>;

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}

std::string acknowledge(Chance& chance) {
  std::string text = "<acknowledge";
  if (chance.one_in(3))
    text += attribute("by", "2xx");
  else if (chance.one_in(3))
    text += attribute("refusal", "failure");
  if (chance.one_in(3)) text += attribute("within", "20s");
  return text + "/>";
}

std::string on_failure(Chance& chance) {
  static constexpr Words kThen = {"hold", "retry", "retry", "queue"};
  const std::string_view then = chance.of(kThen);
  std::string text = "<on-failure" + attribute("then", then);
  if (chance.one_in(4)) text += attribute("park", chance.one_in(2) ? "client-error" : "not-understood timed-out");
  if (then != "retry") return text + "/>";
  if (chance.one_in(2)) text += attribute("from", "original-failure");
  text += ">";
  if (chance.one_in(2)) {
    static constexpr Words kWaits = {"2s", "10s", "45s", "4min"};
    for (std::int64_t waits = chance.between(1, 3); waits > 0; --waits)
      text += "<wait>" + std::string(chance.of(kWaits)) + "</wait>";
    text += "<wait>6min</wait>";
  } else {
    text += "<backoff first=\"3s\" factor=\"3\" at-most=\"30min\"" +
            (chance.one_in(2) ? attribute("jitter", "20") : "") + "/>";
  }
  return text + "</on-failure>";
}

std::string give_up(Chance& chance) {
  static constexpr std::array<std::string_view, 3> kThen = {"park", "discard", "suspend"};
  static constexpr Words kAges = {"90s", "10min", "1h", "9h"};
  std::string text = "<give-up" + attribute("then", chance.of(kThen));
  std::string limits;
  if (chance.one_in(2)) limits += attribute("attempts", std::to_string(chance.between(1, 5)));
  if (chance.one_in(3)) limits += attribute("not-installed", chance.of(kAges));
  if (chance.one_in(3)) limits += attribute("unavailable", chance.of(kAges));
  if (limits.empty() || chance.one_in(2)) limits += attribute("down", chance.of(kAges));
  return text + limits + "/>";
}

std::string delays(Chance& chance) {
  std::string text = chance.one_in(2) ? "<delays poll=\"60s\">" : "<delays>";
  const std::int64_t which = chance.between(1, 7);
  if ((which & 1) != 0)
    text += "<delay kinds=\"content-imported course-copied\" for=\"" + std::to_string(chance.between(1, 300)) + "s\"/>";
  if ((which & 2) != 0)
    text += std::string("<delay kinds=\"content-imported content-copied\" until-setting=\"licence\" scope=\"") +
            (chance.one_in(2) ? "course" : "system") + "\"/>";
  if ((which & 4) != 0) text += "<delay kinds=\"content-deleted\" until-item-known=\"true\"/>";
  return text + "</delays>";
}

}  // namespace

std::string random_policy(Chance& chance) {
  if (chance.one_in(3)) {
    static const std::vector<std::string_view> kNames = preset_names();
    return std::string(chance.of(kNames));
  }
  static constexpr Words kOrders = {"tool", "group", "course", "none"};
  const std::string_view order = chance.of(kOrders);
  std::string text =
      "<delivery-policy xmlns=\"urn:ptbridge:delivery-policy:1\" name=\"by-chance\"" + attribute("order", order);
  if (chance.one_in(2)) {
    text += attribute("restart", "next");
    if (chance.one_in(2)) text += attribute("settle", std::to_string(chance.between(1, 4)));
  }
  if (chance.one_in(4)) text += attribute("settings", "current");
  text += ">";
  if (order == "group")
    text +=
        "<groups><group name=\"courses\" kinds=\"course-copied course-imported\"/><group name=\"content\" "
        "kinds=\"content-imported content-copied content-deleted\"/></groups>";
  if (chance.one_in(2)) text += acknowledge(chance);
  if (!chance.one_in(4)) text += on_failure(chance);
  if (chance.one_in(2)) text += give_up(chance);
  if (chance.one_in(3)) text += delays(chance);
  if (chance.one_in(5)) text += "<maintenance from=\"08:10\" to=\"08:40\"/><maintenance from=\"12:00\" to=\"14:00\"/>";
  if (chance.one_in(5)) text += "<watch waiting=\"3\" age=\"1min\"/>";
  return text + "</delivery-policy>";
}

}  // namespace ptb::test
