#include "receive/wire_inspector.h"

#include <limits>

namespace host {

namespace {

constexpr std::size_t kMaxEventIds = 1'000'000;

class ProxyToolInspector final : public WireInspector {
 public:
  explicit ProxyToolInspector(Verifier verifier) : verifier_(std::move(verifier)) {}

  Inspection inspect(const Request& request, std::int64_t now_ms) override {
    Inspection found;
    if (media_type(request) != "application/x-www-form-urlencoded") {
      found.problem = "content type is not application/x-www-form-urlencoded";
      return found;
    }
    auto params = parse_form(request.body);
    if (!params) {
      found.problem = std::move(params.error());
      return found;
    }
    found.params = std::move(*params);
    auto verdict = verifier_.check(found.params, now_ms);
    found.mac_ok = verdict.mac_ok;
    found.repeat = verdict.repeat;
    found.problem = std::move(verdict.problem);
    return found;
  }
  void recall(const LogLine& line) override { verifier_.recall(line.params); }
  [[nodiscard]] Step says_error() const override { return {Act::error, 0}; }

 private:
  Verifier verifier_;
};

}  // namespace

HeardEvents::HeardEvents() : ids_(kMaxEventIds) {}

bool HeardEvents::add(const Params& params) {
  bool some = false;
  bool all = true;
  for (const auto& [name, value] : params) {
    if (name != "event_id") continue;
    some = true;
    if (ids_.add(value, std::numeric_limits<std::int64_t>::max())) all = false;
  }
  return some && all;
}

std::string media_type(const Request& request) {
  const auto found = request.headers.find("content-type");
  if (found == request.headers.end()) return {};
  auto type = found->second.substr(0, found->second.find(';'));
  while (type.ends_with(' ')) type.pop_back();
  for (auto& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return type;
}

std::unique_ptr<WireInspector> proxy_tool_inspector(Verifier verifier) {
  return std::make_unique<ProxyToolInspector>(std::move(verifier));
}

}  // namespace host
