#include "engine/single_send.h"

#include "engine/up_to_date.h"

namespace ptb {

SingleSend::SingleSend(Locator tool, StoredEvent stored, std::string settings, std::int64_t attempt,
                       SendContext& context)
    : locator_(std::move(tool)),
      stored_(std::move(stored)),
      settings_(std::move(settings)),
      attempt_(attempt),
      context_(context) {}

SingleSend::SingleSend(std::shared_ptr<const ReadyTool> tool, StoredEvent stored, SendContext& context)
    : locator_(tool->at_send.tool.locator),
      stored_(std::move(stored)),
      attempt_(1),
      context_(context),
      fixed_tool_(std::move(tool)) {}

SingleSend::~SingleSend() = default;

void SingleSend::finish(Outcome outcome) {
  outcome_ = std::move(outcome);
  over_ = true;
}

std::optional<HttpRequest> SingleSend::advance(const Moment& now) {
  if (over_) return std::nullopt;
  tool_ = fixed_tool_ != nullptr ? fixed_tool_ : context_.tools.find(locator_);
  if (tool_ == nullptr) {
    finish({Outcome::Kind::failed, to_text(locator_) + " is not installed"});
    return std::nullopt;
  }
  auto secret = context_.host.load_secret(locator_);
  if (!secret || secret->empty()) {
    finish(
        {Outcome::Kind::suspended, "the secret of " + to_text(locator_) + " is missing: store it, then save the tool"});
    return std::nullopt;
  }
  if (fixed_tool_ == nullptr && stored_.event.kind < EventKind::state_change) {
    stored_.settings = settings_;
    if (auto brought = bring_up_to_date(stored_, *tool_->policy, locator_, context_); !brought) {
      wipe(*secret);
      finish({Outcome::Kind::failed, brought.error().text});
      return std::nullopt;
    }
    settings_ = stored_.settings;
  }
  const auto settings = effective_settings(settings_);
  if (!settings) {
    finish({Outcome::Kind::failed, settings.error().text});
    return std::nullopt;
  }
  const Outgoing outgoing{&stored_, &settings->pairs, attempt_, true};
  auto built = tool_->wire->build(tool_->at_send, {&outgoing, 1}, Stamp{now.wall_ms, fresh_nonce(context_.random)},
                                  *secret, fallback_);
  wipe(*secret);
  if (!built)
    finish({Outcome::Kind::failed, handshake_failure_.empty() ? built.error().text : handshake_failure_});
  else if (built->taken == 0)
    finish(built->unsendable);
  else
    return std::move(built->request);
  return std::nullopt;
}

void SingleSend::answered(const ExchangeResult& result) {
  if (tool_->wire->may_fall_back(result)) {
    handshake_failure_ = result.fault_text;
    ++fallback_;
    return;
  }
  was_sent_ = was_sent_ || result.fault == ExchangeResult::Fault::none;
  finish(judge_under(*tool_->policy, result, tool_->wire->judge(result)));
}

}  // namespace ptb
