// Commands about tools: add, save, list, show, remove, ping, reregister, claim.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "commands.h"
#include "output.h"
#include "reregister_call.h"

namespace host {

namespace {

std::string wire_of(const Tool& tool) { return tool.wire.empty() ? "proxy-tool" : tool.wire; }

Json to_json(const Tool& tool, std::uint64_t waiting) {
  return {{"tool", to_text(tool.locator)},
          {"name", tool.name},
          {"state", tool.state},
          {"guid", tool.guid},
          {"strict", tool.strict},
          {"allow_http", tool.allow_http},
          {"allow_private", tool.allow_private},
          {"allow_downgrade", tool.allow_downgrade},
          {"allow_cidrs", tool.allow_cidrs},
          {"wire", wire_of(tool)},
          {"endpoint", tool.endpoint},
          {"max_batch", tool.max_batch},
          {"lti_client_id", tool.lti_client_id},
          {"lti_deployment_id", tool.lti_deployment_id},
          {"ca_file", tool.ca_file},
          {"client_cert_file", tool.client_cert_file},
          {"client_key_file", tool.client_key_file},
          {"waiting", waiting}};
}

/// Waiting events by tool, from the bridge's lanes.
std::map<std::string, std::uint64_t> waiting_by_tool(Session& session) {
  std::map<std::string, std::uint64_t> waiting;
  if (!session.has_bridge()) return waiting;
  const auto answer = session.bridge().report({{"report", "lanes"}});
  for (const auto& lane : answer.at("lanes")) waiting[text_of(lane, "tool")] += lane.value("waiting", std::uint64_t{0});
  return waiting;
}

std::string options_text(const Tool& tool) {
  std::string text;
  const auto say = [&](bool set, const char* word) {
    if (set) text += text.empty() ? word : std::string(" ") + word;
  };
  say(tool.strict, "strict");
  say(tool.allow_http, "http");
  say(tool.allow_private, "private");
  say(tool.allow_downgrade, "downgrade");
  say(!tool.allow_cidrs.empty(), "cidr");
  say(!tool.ca_file.empty(), "own-ca");
  say(!tool.client_cert_file.empty(), "client-cert");
  if (wire_of(tool) != "proxy-tool") say(true, tool.wire.c_str());
  return text;
}

}  // namespace

int tool_add(const GlobalOptions& global, const ToolAdd& add) {
  const auto files = read_registration(add);
  Session session(global, Session::Use::note);
  const auto [tool, known_before] = register_tool(session, add, files);
  if (global.json) {
    print_json(to_json(tool, waiting_by_tool(session)[to_text(tool.locator)]));
    return kExitDone;
  }
  print_line(fmt::format("{} {} \"{}\", {}", known_before ? "added again" : "added", to_text(tool.locator), tool.name,
                         tool.state));
  print_next(false, tool.state == "available"
                        ? fmt::format("`ptb-host tool ping {}` asks whether it is there", to_text(tool.locator))
                        : fmt::format("`ptb-host tool save {} --state available`", to_text(tool.locator)));
  return kExitDone;
}

int tool_save(const GlobalOptions& global, const std::string& name, const std::string& state,
              const ToolOptions& options) {
  const auto locator = locator_from(name);
  const auto secret = secret_in(options);
  Session session(global, Session::Use::act);
  const auto saved = save_tool(session, locator, state, options, secret);
  return show_walk(global, locator, saved.state, saved.result);
}

int tool_list(const GlobalOptions& global) {
  Session session(global, Session::Use::look);
  auto waiting = waiting_by_tool(session);
  if (global.json) {
    JsonList list;
    for (const auto& tool : session.lms().tools()) list.add(to_json(tool, waiting[to_text(tool.locator)]));
    list.end();
    return kExitDone;
  }
  Table table({"tool", "state", ">waiting", "name", "options"});
  for (const auto& tool : session.lms().tools()) {
    table.add({to_text(tool.locator), tool.state, with_commas(waiting[to_text(tool.locator)]), cut(tool.name, 40),
               options_text(tool)});
    waiting.erase(to_text(tool.locator));
  }
  // Events also wait for tools that nobody has installed yet.
  for (const auto& [tool, count] : waiting)
    if (count > 0) table.add({tool, "not installed", with_commas(count), "", ""});
  if (table.empty()) print_line("no tools: add one with `ptb-host tool add DESCRIPTOR.xml --secret-file FILE`");
  table.print();
  return kExitDone;
}

int tool_show(const GlobalOptions& global, const std::string& name) {
  const auto locator = locator_from(name);
  Session session(global, Session::Use::look);
  const auto tool = session.need_tool(locator);
  const auto waiting = waiting_by_tool(session)[to_text(locator)];
  if (global.json) {
    auto object = to_json(tool, waiting);
    auto urls = Json::array();
    for (std::size_t at = 0; at < tool.base_urls.size();) {
      const auto end = std::min(tool.base_urls.find('\n', at), tool.base_urls.size());
      urls.push_back(tool.base_urls.substr(at, end - at));
      at = end + 1;
    }
    object["base_urls"] = urls;
    object["descriptor"] = tool.descriptor;
    print_json(object);
    return kExitDone;
  }
  auto urls = tool.base_urls;
  for (auto at = urls.find('\n'); at != std::string::npos; at = urls.find('\n', at + 1))
    urls.replace(at, 1, "\n               ");
  const auto options = options_text(tool);
  const std::pair<const char*, std::string> lines[] = {
      {"tool", to_text(locator)},
      {"name", cut(tool.name, 200)},
      {"state", tool.state},
      {"guid", tool.guid},
      {"urls", urls},
      {"wire", wire_of(tool)},
      {"endpoint", cut(tool.endpoint, 400)},
      {"max batch", tool.max_batch == 0 ? "" : with_commas(tool.max_batch)},
      {"client id", cut(tool.lti_client_id, 200)},
      {"deployment id", cut(tool.lti_deployment_id, 200)},
      {"options", options.empty() ? "none" : options},
      {"private ranges", tool.allow_cidrs},
      {"ca file", tool.ca_file},
      {"client cert", tool.client_cert_file},
      {"client key", tool.client_key_file},
      {"waiting", with_commas(waiting)}};
  for (const auto& [label, value] : lines)
    if (!value.empty()) print_line(fmt::format("{:<14} {}", label, value));
  for (const auto& handler : session.lms().notice_handlers(locator))
    print_line(fmt::format("{:<14} {} at {}", "notices", handler.notice_type, cut(handler.handler, 400)));
  return kExitDone;
}

int tool_remove(const GlobalOptions& global, const std::string& name) {
  const auto locator = locator_from(name);
  Session session(global, Session::Use::act);
  session.need_tool(locator);
  const auto warning = session.remove_tool(locator);
  const auto waiting = waiting_by_tool(session)[to_text(locator)];
  if (global.json)
    print_json({{"tool", to_text(locator)},
                {"removed", true},
                {"waiting", waiting},
                {"warning", warning.empty() ? Json() : Json(warning)}});
  else
    print_line(fmt::format("removed {}; {} {} for it to be installed again", to_text(locator), with_commas(waiting),
                           waiting == 1 ? "event waits" : "events wait"));
  print_next(global.json,
             "`ptb-host tool add` installs it again; `ptb-host tool claim` gives what waits to another tool");
  if (!warning.empty()) print_aside("warning: " + warning);
  return kExitDone;
}

namespace {

/// Carries out an order to one tool and waits for what came of it. A refusal is shown, not thrown.
int tell_tool(Session& session, const GlobalOptions& global, const Locator& locator, const Json& order,
              const std::string& done) {
  std::uint64_t handle = 0;
  session.order(order, &handle);
  const auto result = session.wait(handle, locator);
  auto state = session.need_tool(locator).state;
  if (!result.tool_state.empty() && result.tool_state != state) {
    state = result.tool_state;
    session.lms().set_state(locator, state);
  }
  const bool good = result.status == PTB_OK;
  const auto text = !result.text.empty() ? result.text : good ? done : fmt::format("{} failed", to_text(locator));
  if (global.json) print_json({{"tool", to_text(locator)}, {"state", state}, {"done", good}, {"text", text}});
  if (good && !global.json) print_line(text);
  if (good)
    print_next(global.json, state == "available"
                                ? "`ptb-host lanes` shows what waits"
                                : fmt::format("`ptb-host tool save {} --state available`", to_text(locator)));
  if (!good) print_aside(text);
  return good ? kExitDone : kExitRefused;
}

}  // namespace

int tool_ping(const GlobalOptions& global, const std::string& name) {
  const auto locator = locator_from(name);
  Session session(global, Session::Use::act);
  session.need_tool(locator);
  return tell_tool(session, global, locator, {{"do", "ping"}, {"tool", to_text(locator)}},
                   fmt::format("{} answers", to_text(locator)));
}

int tool_reregister(const GlobalOptions& global, const std::string& name, const std::string& given) {
  const auto locator = locator_from(name);
  const auto password = given.empty() ? random_hex(16) : given;
  Session session(global, Session::Use::act);
  session.need_tool(locator);
  const Json order = {{"do", "reregister"},
                      {"tool", to_text(locator)},
                      {"regpass", password},
                      {"tcprofileurl", global.tcbaseurl + "/webapps/ws/wsadmin/tcprofile"}};
  const ReregisterCall call(locator, password);
  return tell_tool(
      session, global, locator, order,
      fmt::format("{} has been asked to register again; it is unavailable until it is saved", to_text(locator)));
}

int tool_claim(const GlobalOptions& global, const std::string& from_name, const std::string& to_name) {
  const auto from = locator_from(from_name);
  const auto to = locator_from(to_name);
  if (from == to) wrong_usage("{} cannot claim from itself: the first locator is the one to give up", from_name);
  Session session(global, Session::Use::note);
  session.need_tool(to);
  if (session.lms().tool(from))
    refuse("{} is installed itself: remove it first, then its waiting events can be claimed", from_name);
  try {
    session.order({{"do", "claim"}, {"from", to_text(from)}, {"to", to_text(to)}});
  } catch (const BridgeError& error) {
    // Content can have come without an event that waits; it changes hands all the same.
    if (error.status() != PTB_E_NOT_FOUND || !session.lms().has_items_of(from)) throw;
  }
  session.lms().claim(from, to);
  const auto waiting = waiting_by_tool(session)[to_text(to)];
  if (global.json)
    print_json({{"from", to_text(from)}, {"to", to_text(to)}, {"waiting", waiting}});
  else
    print_line(fmt::format("what waits for {} now belongs to {}: {} waiting", to_text(from), to_text(to),
                           with_commas(waiting)));
  print_next(global.json, fmt::format("`ptb-host tool save {} --state available` sends it", to_text(to)));
  return kExitDone;
}

}  // namespace host
