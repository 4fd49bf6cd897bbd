// The JSON that a host hands to `report` and `administer`: each line of an input is asked as a question and given as an
// order, as it is and with values of other types, in a small world with waiting, parked, refused and delivered events.
// "@1" to "@4" stand for their ids.
#include <memory>
#include <nlohmann/json.hpp>

#include "core/pairs.h"
#include "fuzz/must.h"
#include "unit/engine/small_world.h"

namespace {

using ptb::fuzz::must;
using ptb::fuzz::must_be_one_line;
using ptb::test::kQuiz;
using ptb::test::kWiki;
using ptb::test::SmallWorld;

constexpr std::size_t kMaxLines = 6;

struct Stage {
  SmallWorld world{1, SmallWorld::StoreKind::memory};
  std::vector<std::string> ids;

  Stage() {
    world.host.settings = {{ptb::Scope::system, "colour", "red"}, {ptb::Scope::course, "colour", "blue"}};
    world.install(kQuiz, ptb::ToolState::available);
    world.install(kWiki, ptb::ToolState::unavailable);
    world.save(kQuiz, ptb::ToolState::available);
    capture(kQuiz, "delivered", "ok");
    capture(kQuiz, "refused", "error");
    capture(kQuiz, "waiting", "drop");
    capture(kWiki, "parked", "ok");
    world.order(R"({"do":"park","id":")" + ids.back() + "\"}");
    world.model = [](const ptb::test::Received&) { return "ok"; };
  }

  void capture(const ptb::Locator& tool, const std::string& operation, const std::string& answer) {
    world.model = [answer](const ptb::test::Received&) { return answer; };
    ids.push_back(ptb::to_text(world.capture_one(tool, ptb::EventKind::course_imported, operation).id));
    world.run();
  }
};

// Made anew after an order was carried out, so that what an input does depends on that input alone.
std::unique_ptr<Stage> stage;

std::string with_ids(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool mark = line[i] == '@' && i + 1 < line.size() && line[i + 1] >= '1' && line[i + 1] <= '4';
    if (mark)
      out += stage->ids[static_cast<std::size_t>(line[++i] - '1')];
    else
      out += line[i];
  }
  return out;
}

void must_be_json(const std::string& text) {
  must(ptb::is_clean_utf8(text) && nlohmann::json::accept(text), "an answer is JSON", text);
}

template <typename Answer>
void must_be_an_error(const Answer& answer) {
  must_be_one_line(answer.error().text);
  must(ptb::is_clean_utf8(answer.error().text) && answer.error().text.size() < 700, "an error is short and clean",
       answer.error().text);
  must(answer.error().status != ptb::Status::internal && answer.error().status != ptb::Status::store &&
           answer.error().status != ptb::Status::damaged,
       "no question harms the store", answer.error().text);
}

/// True where an order was carried out.
bool say(const std::string& line) {
  if (const auto answer = stage->world.engine->report(line))
    must_be_json(*answer);
  else
    must_be_an_error(answer);
  const auto ordered = stage->world.engine->administer(line);
  if (!ordered) {
    must_be_an_error(ordered);
    return false;
  }
  must_be_json(ordered->json);
  stage->world.run();
  return true;
}

/// What is JSON already is also said with each of its values being of every other type: chance alone seldom keeps the
/// braces and quotes right.
bool say_with_other_types(const std::string& line) {
  const auto order = nlohmann::json::parse(line, nullptr, false);
  if (!order.is_object()) return false;
  bool changed = false;
  for (const auto& member : order.items())
    for (const char* other : {"5", "-1.5", "\"\"", "true", "null", "[]", "{}"}) {
      auto odd = order;
      odd[member.key()] = nlohmann::json::parse(other);
      changed = say(odd.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) || changed;
    }
  return changed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (!stage) stage = std::make_unique<Stage>();
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  bool changed = false;
  for (std::size_t lines = 0; lines < kMaxLines && !rest.empty(); ++lines) {
    const auto line = rest.substr(0, rest.find('\n'));
    const std::string said = with_ids(line);
    changed = say_with_other_types(said) || changed;
    changed = say(said) || changed;
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  if (changed) stage.reset();
  return 0;
}
