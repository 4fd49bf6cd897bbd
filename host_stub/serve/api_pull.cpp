// See api.h. Tools that take their events instead of having them sent. A tool shows the secret that it shares with this
// LMS, and sees and ends what is its own.
#include <fmt/format.h>
#include <openssl/crypto.h>

#include "commands.h"
#include "output.h"
#include "serve/answers.h"
#include "serve/api.h"

namespace host {

namespace {

constexpr std::size_t kMostIds = 1000;

/// Nobody learns from the answer whether the tool exists.
class Unknown : public Refusal {
 public:
  Unknown() : Refusal(kExitRefused, "send Authorization: Bearer with the secret that the tool shares with this LMS") {}
};

bool is_secret(const std::string& shown, const std::optional<std::string>& secret) {
  return secret && !secret->empty() && shown.size() == secret->size() &&
         CRYPTO_memcmp(shown.data(), secret->data(), shown.size()) == 0;
}

std::string tool_that_asks(Session& session, const Call& call) {
  constexpr std::string_view kBearer = "Bearer ";
  const auto tool = locator_from(tool_in(call));
  const auto shown = call.request.headers.find("authorization");
  if (shown == call.request.headers.end() || !shown->second.starts_with(kBearer)) throw Unknown();
  // An LTI tool shares none: what the LMS keeps there signs for all of them.
  const auto installed = session.lms().tool(tool);
  if (!installed || installed->wire == "lti-notice" ||
      !is_secret(shown->second.substr(kBearer.size()), session.lms().secret(tool)))
    throw Unknown();
  return to_text(tool);
}

int number_in(const Json& object, const char* member, int otherwise, int most) {
  const auto found = object.find(member);
  if (found == object.end()) return otherwise;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() < 1 ||
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(most))
    wrong_usage("\"{}\" is a number from 1 to {}", member, most);
  return found->get<int>();
}

Page take(const Serving& serving, const Call& call) {
  Session session(serving.options, Session::Use::note);
  const auto tool = tool_that_asks(session, call);
  const auto object = object_in(call);
  return json_answer(200, session.order({{"do", "pull_take"},
                                         {"tool", tool},
                                         {"limit", number_in(object, "limit", 10, 1000)},
                                         {"lease_s", number_in(object, "lease_s", 300, 86'400)},
                                         {"by", "pull:" + tool}}));
}

/// A lease's token is hard to guess; that the events are the tool's own does not rest on that.
void need_own(Session& session, const std::string& tool, const std::vector<std::string>& ids) {
  for (const auto& id : ids)
    if (text_of(session.bridge().report({{"report", "event"}, {"id", id}}), "tool") != tool)
      throw NotFound(fmt::format("there is no event {} of this tool", cut(id, 60)));
}

Page end(const Serving& serving, const Call& call, const char* order) {
  Session session(serving.options, Session::Use::note);
  const auto tool = tool_that_asks(session, call);
  const auto object = object_in(call);
  const auto token = need_text_in(object, "token");
  std::vector<std::string> ids;
  if (!object.contains("ids") || !object.at("ids").is_array() || object.at("ids").size() > kMostIds)
    wrong_usage("the body wants \"ids\": at most {} ids of events", kMostIds);
  for (const auto& id : object.at("ids")) {
    if (!id.is_string()) wrong_usage("\"ids\" are text");
    ids.push_back(id.get<std::string>());
  }
  need_own(session, tool, ids);
  return json_answer(200, session.order({{"do", order}, {"token", token}, {"ids", ids}, {"by", "pull:" + tool}}));
}

Page list(const Serving& serving, const Call& call) {
  Session session(serving.options, Session::Use::look);
  Json question = {{"report", "pull"}, {"tool", tool_that_asks(session, call)}, {"limit", 100}};
  if (const auto url = call.value("url"); !url.empty()) question["url"] = url;
  if (const auto after = call.value("after"); !after.empty()) question["after"] = after;
  return json_answer(200, session.bridge().report(question));
}

template <typename Body>
Handler for_the_tool(Body body) {
  return [body](const Call& call) {
    try {
      return body(call);
    } catch (const Unknown& unknown) {
      auto refused = json_problem(401, unknown.what());
      refused.headers.emplace_back("WWW-Authenticate", "Bearer");
      return refused;
    }
  };
}

}  // namespace

void add_pull_api(Router& router, Serving& serving) {
  const std::string one = "/api/pull/{vendor}/{program}";
  router.open("GET", one, for_the_tool([&serving](const Call& call) { return list(serving, call); }));
  router.open("POST", one + "/take", for_the_tool([&serving](const Call& call) { return take(serving, call); }));
  router.open("POST", one + "/ack",
              for_the_tool([&serving](const Call& call) { return end(serving, call, "pull_ack"); }));
  router.open("POST", one + "/give-back",
              for_the_tool([&serving](const Call& call) { return end(serving, call, "pull_give_back"); }));
}

}  // namespace host
