// What other processes have done to a store that is shared with them.
#include <algorithm>

#include "engine/engine.h"

namespace ptb {

/// On the thread that pumps. What cannot be read now is looked at again by whoever needs it.
void Engine::take_in(const StoreNews& news) {
  if (!news.changed.empty())
    if (const auto policies = store_.policies(); policies)
      for (const Locator& locator : news.changed) {
        const auto at = std::find_if(policies->begin(), policies->end(),
                                     [&](const auto& policy) { return policy.first == locator; });
        if (at == policies->end())
          tools_.put_policy(locator, nullptr);
        else if (auto taken = take_up_policy(locator, at->second); !taken)
          host_.log(LogLevel::error, taken.error().text);
      }
  for (const Locator& locator : news.changed) {
    const auto tool = store_.tool(locator);
    if (!tool) continue;
    if (!*tool)
      tools_.remove(locator);
    else if (auto taken = take_up_tool(**tool); !taken)
      host_.log(LogLevel::error, taken.error().text);
    if (!*tool || (*tool)->state != ToolState::available || !(*tool)->suspended.empty())
      pump_.post(StopTrigger{locator, 0});
    pump_.post(LookTrigger{locator, true});
  }
  const Moment now = clock_.now();
  for (const std::int64_t id : news.walked)
    if (const auto lane = store_.lane(id); lane) static_cast<void>(keep_distance(*lane, now));
  for (const std::int64_t lane : news.restarted) {
    pump_.post(StopTrigger{std::nullopt, lane});
    pump_.post(ContactTrigger{lane, 0, true});
  }
  for (const std::int64_t lane : news.stopped) pump_.post(StopTrigger{std::nullopt, lane});
  for (const std::int64_t lane : news.reread) pump_.post(RereadTrigger{lane});
  for (const std::int64_t lane : news.wanted) pump_.post(ContactTrigger{lane, 0, false});
}

Result<Json> Engine::nodes_report() {
  const auto nodes = store_.nodes();
  if (!nodes) return fail(nodes.error());
  Json listed = Json::array();
  for (const StoreNode& node : *nodes)
    listed.push_back({{"number", node.number},
                      {"name", node.name},
                      {"this", node.is_this},
                      {"alive", node.is_alive},
                      {"lanes", node.lanes}});
  return Json{{"shared", store_.is_shared()},
              {"taken_over", pump_.taken_over()},
              {"stale_walks", pump_.stale_walks()},
              {"nodes", std::move(listed)}};
}

}  // namespace ptb
