#include "small_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "wire/descriptor.h"

namespace ptb::test {

namespace {

std::string form_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

Received decode(const HttpRequest& request) {
  Received received;
  received.url = request.url;
  received.destination = request.destination;
  const auto host = request.url.find("://") + 3;
  received.host = request.url.substr(host, request.url.find('/', host) - host);
  std::string_view rest = request.body;
  if (request.url.ends_with("/batch")) {
    for (; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
      received.batch.emplace_back(rest, 0, rest.find('\n'));
    return received;
  }
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    const auto equals = pair.find('=');
    received.parameters[form_decoded(pair.substr(0, equals))] = form_decoded(pair.substr(equals + 1));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  return received;
}

/// Names its events one a line; has no words for course-deleted nor for acts on the tool.
class BatchingWire final : public Wire {
 public:
  Result<void> check(const Tool&, const Descriptor&) const override { return {}; }
  bool can_say(EventKind kind) const override { return kind < EventKind::course_deleted; }
  Result<WireRequest> build(const ToolAtSend& tool, std::span<const Outgoing> events, const Stamp&, std::string_view,
                            int) const override {
    WireRequest made;
    made.request.destination = tool.destination;
    made.request.url = "https://" + tool.tool.locator.vendor + ".example/batch";
    for (const Outgoing& outgoing : events) {
      if (!can_say(outgoing.stored->event.kind)) {
        made.unsendable = {Outcome::Kind::not_expressible, "no words for that", 0};
        break;
      }
      made.request.body += std::string(find_encoded(outgoing.stored->event.arguments, "backup_id").value_or("")) + "\n";
      ++made.taken;
    }
    return made;
  }
  Outcome judge(const ExchangeResult& result) const override {
    if (result.fault != ExchangeResult::Fault::none)
      return {Outcome::Kind::failed, result.fault_text, result.retry_after_ms};
    return {Outcome::Kind::acknowledged, {}, 0};
  }
  bool may_fall_back(const ExchangeResult&) const override { return false; }
};

std::string descriptor_for(const Locator& tool, bool with_state_change) {
  std::string actions;
  for (const char* type : {"course-copied", "course-imported", "group-copied", "group-imported", "course-deleted",
                           "content-copied", "content-imported", "content-deleted", "course-exported",
                           "content-exported", "group-exported", "remove", "reregister", "ping"})
    actions += std::string("<action type=\"") + type + "\" path=\"/hook\"><param name=\"action\" fixed=\"" + type +
               "\"/></action>";
  if (with_state_change) actions += "<action type=\"state-change\" path=\"/hook\"/>";
  return "<tool-profile><vendor><code>" + tool.vendor + "</code><name>v</name></vendor><tool-info><code>" +
         tool.program + "</code><name>p</name></tool-info><tool-instance><base-urls><base-url type=\"https\">https://" +
         tool.vendor + ".example</base-url></base-urls></tool-instance><http-actions>" + actions +
         "</http-actions></tool-profile>";
}

ExchangeResult result_of(std::uint64_t ticket, const std::string& answer) {
  ExchangeResult result;
  result.ticket = ticket;
  if (answer == "drop" || answer == "later") {
    result.fault_text = "connection refused";
    if (answer == "later") result.retry_after_ms = 60'000;
  } else if (answer == "timeout") {
    result.fault = ExchangeResult::Fault::timed_out;
    result.fault_text = "no answer in time";
  } else {
    result.fault = ExchangeResult::Fault::none;
    const bool is_status = answer.find_first_not_of("0123456789") == std::string::npos;
    result.http_status = is_status ? std::stoi(answer) : 200;
    if (answer == "garbage") result.body = "<html>welcome</html>";
    if (answer == "ok") result.body = "<result>SUCCESS<result>";
    if (answer == "error") result.body = "<result>ERROR<result>";
  }
  return result;
}

}  // namespace

void ModelTransport::start(std::uint64_t ticket, HttpRequest request) {
  Exchange exchange{ticket, decode(request), 0, false};
  exchange.request.at_ms = clock_.wall_ms;
  exchange.forbidden = request.url.starts_with("http:") && !request.destination->allow_http;
  under_way_.push_back(std::move(exchange));
  most_under_way = std::max(most_under_way, under_way_.size());
  if (witness_ != nullptr) witness_->sent(ticket, under_way_.back().request);
}

void ModelTransport::poll(std::vector<ExchangeResult>& done, int timeout_ms) {
  const std::size_t before = done.size();
  longest_poll_ms = std::max<std::int64_t>(longest_poll_ms, timeout_ms);
  std::int64_t next_ms = clock_.monotonic_ms + std::max(timeout_ms, 1);
  for (std::size_t left = under_way_.size(); left > 0; --left) {
    Exchange exchange = std::move(under_way_.front());
    under_way_.pop_front();
    if (exchange.forbidden) {
      ExchangeResult refused;
      refused.ticket = exchange.ticket;
      refused.fault = ExchangeResult::Fault::forbidden;
      refused.fault_text = "plain http is not allowed";
      done.push_back(std::move(refused));
      continue;
    }
    std::string& answer = exchange.request.answer;
    if (exchange.due_ms == 0) {
      answer = model_(exchange.request);
      if (answer.starts_with("after ")) {
        const auto space = answer.find(' ', 6);
        exchange.due_ms = clock_.monotonic_ms + std::stoll(answer.substr(6, space - 6));
        answer.erase(0, space + 1);
      }
    }
    if (answer == "hang" || exchange.due_ms > clock_.monotonic_ms) {
      if (exchange.due_ms != 0) next_ms = std::min(next_ms, exchange.due_ms);
      under_way_.push_back(std::move(exchange));
      continue;
    }
    log_.push_back(exchange.request);
    done.push_back(result_of(exchange.ticket, answer));
    if (witness_ != nullptr) witness_->answered(exchange.ticket, exchange.request);
    clock_.advance(1);
  }
  if (done.size() == before) clock_.advance(std::max<std::int64_t>(next_ms - clock_.monotonic_ms, 1));
}

void ModelHost::outcome(const EventOutcome& outcome) {
  told.push_back(
      {to_text(outcome.stored->event.id), outcome.state, std::string(outcome.deferral), std::string(outcome.text)});
  if (on_outcome) on_outcome();
}

SmallWorld::SmallWorld(std::uint64_t seed, StoreKind store_kind)
    : random(seed),
      model([](const Received&) { return "ok"; }),
      disk(random),
      store_kind_(store_kind),
      batching_wire_(std::make_unique<BatchingWire>()) {
  // In memory where there is such a place: these crashes take the process's memory, not the disk's.
  const bool in_memory = std::filesystem::is_directory("/dev/shm");
  const auto parent = in_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "ptb-world-XXXXXX").string();
  if (store_kind_ == StoreKind::sqlite) directory = mkdtemp(pattern.data());
  options.host = {"https://lms.example:443", "en_US", "ltr", "https://lms.example"};
  options.generation = "g1";
  open();
}

SmallWorld::~SmallWorld() {
  crash();
  if (!directory.empty()) std::filesystem::remove_all(directory);
}

void SmallWorld::open() {
  if (store_kind_ == StoreKind::memory) {
    store = std::make_unique<MemoryStore>(disk);
  } else {
    auto opened = open_sqlite_store({directory + "/bridge.db", true}, random);
    ASSERT_TRUE(opened) << opened.error().text;
    store = std::move(*opened);
  }
  transport = std::make_unique<ModelTransport>(clock, received, model, witness);
  auto made = Engine::open(
      {*store, *transport, clock, random, host, read_descriptor,
       [this](std::string_view name) -> const Wire* { return name == "batching" ? batching_wire_.get() : &wire_; },
       [](std::string_view text) { return read_policy(text.empty() ? "blackboard" : text); }},
      options);
  ASSERT_TRUE(made) << made.error().text;
  engine = std::move(*made);
}

void SmallWorld::crash() {
  engine.reset();
  transport.reset();
  store.reset();
}

void SmallWorld::install(const Locator& tool, ToolState state, bool with_state_change, const std::string& policy) {
  Tool made;
  made.locator = tool;
  made.state = state;
  made.options.wire = "proxy-tool";
  const auto installed = install(std::move(made), with_state_change, policy);
  ASSERT_TRUE(installed) << installed.error().text;
}

void SmallWorld::install_batching(const Locator& tool, ToolState state, std::uint32_t max_batch) {
  Tool made;
  made.locator = tool;
  made.state = state;
  made.options.wire = "batching";
  made.options.max_batch = max_batch;
  const auto installed = install(std::move(made), false, {});
  ASSERT_TRUE(installed) << installed.error().text;
}

Result<void> SmallWorld::install(Tool tool, bool with_state_change, const std::string& policy) {
  tool.guid = std::string(32, 'a');
  tool.descriptor = descriptor_for(tool.locator, with_state_change);
  return engine->tool_installed(std::move(tool), false, policy);
}

ReportedEvent SmallWorld::event(const Locator& tool, EventKind kind, const std::string& operation,
                                const std::string& course) {
  ReportedEvent reported;
  reported.kind = kind;
  reported.locator = tool;
  reported.operation = operation;
  reported.course_id = course;
  reported.arguments = {{"type", "exact"}, {"course_id", course}, {"backup_id", operation}};
  return reported;
}

std::vector<CaptureAnswer> SmallWorld::capture(std::vector<ReportedEvent> events, OperationId* operation) {
  std::vector<CaptureAnswer> answers;
  const auto captured = engine->capture(std::move(events), answers, operation != nullptr);
  EXPECT_TRUE(captured) << captured.error().text;
  if (captured && operation != nullptr) *operation = *captured;
  return answers;
}

CaptureAnswer SmallWorld::capture_one(const Locator& tool, EventKind kind, const std::string& operation) {
  return capture({event(tool, kind, operation)}).at(0);
}

OperationResult SmallWorld::wait(OperationId operation) {
  auto result = engine->wait(operation, 0xFFFFFFF, true);
  EXPECT_TRUE(result) << result.error().text;
  return result ? *result : OperationResult{};
}

OperationResult SmallWorld::save(const Locator& tool, ToolState state) {
  const auto operation = engine->tool_saved(tool, state);
  EXPECT_TRUE(operation) << operation.error().text;
  return operation ? wait(*operation) : OperationResult{};
}

OperationResult SmallWorld::order(const std::string& json) {
  const auto answer = engine->administer(json);
  EXPECT_TRUE(answer) << answer.error().text;
  return answer && answer->operation != 0 ? wait(answer->operation) : OperationResult{};
}

Json SmallWorld::done(const std::string& order) {
  const auto answer = engine->administer(order);
  EXPECT_TRUE(answer) << answer.error().text;
  return answer ? Json::parse(answer->json) : Json::object();
}

Json SmallWorld::asked(const std::string& question) {
  const auto answer = engine->report(question);
  EXPECT_TRUE(answer) << answer.error().text;
  return answer ? Json::parse(*answer) : Json::object();
}

void SmallWorld::pass(std::int64_t ms) {
  const std::int64_t until = clock.monotonic_ms + ms;
  while (clock.monotonic_ms < until) {
    const std::uint32_t due_ms = engine->run_once(0);
    const std::int64_t left_ms = until - clock.monotonic_ms;
    if (left_ms > 0) clock.advance(std::clamp<std::int64_t>(due_ms, 0, left_ms));
  }
  engine->run_once(0);
}

std::vector<std::string> SmallWorld::heard() const {
  std::vector<std::string> lines;
  for (const auto& one : received)
    if (one.parameters.contains("event_id")) lines.push_back(one.parameters.at("backup_id") + ":" + one.answer);
  return lines;
}

StoredEvent SmallWorld::stored(const EventId& id) {
  auto found = store->find(id);
  EXPECT_TRUE(found && *found);
  return found && *found ? **found : StoredEvent{};
}

Lane SmallWorld::lane(const Locator& tool) {
  auto lanes = store->lanes_of(tool);
  EXPECT_TRUE(lanes && lanes->size() == 1);
  return lanes && !lanes->empty() ? lanes->front() : Lane{};
}

}  // namespace ptb::test
