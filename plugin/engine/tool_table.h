// The installed tools, made ready for sending. Read by capture and walk on any thread, replaced whole when a tool
// changes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "core/policy.h"
#include "core/wire.h"

namespace ptb {

using ReadDescriptor = std::function<Result<Descriptor>(std::string_view xml)>;
/// A preset's name or a document; empty: the default.
using ReadPolicy = std::function<Result<Policy>(std::string_view name_or_document)>;
using FindWire = std::function<const Wire*(std::string_view name)>;  ///< nullptr: no such wire

/// A tool, the wire that it is spoken to through, and the policy that it is sent to by.
struct ReadyTool {
  ToolAtSend at_send;
  const Wire* wire = nullptr;
  std::shared_ptr<const Policy> policy;
};

class ToolTable {
 public:
  using Tools = std::map<Locator, std::shared_ptr<const ReadyTool>>;

  /// `default_policy`: of every locator that has none of its own.
  ToolTable(ReadDescriptor read_descriptor, FindWire find_wire, std::shared_ptr<const Policy> default_policy,
            HostIdentity host, std::uint32_t connect_timeout_ms, std::uint32_t exchange_timeout_ms);

  /// Checks a tool and makes it ready, without putting it in. Errors: Status::argument.
  [[nodiscard]] Result<std::shared_ptr<const ReadyTool>> ready(const Tool& tool) const;
  void put(const std::shared_ptr<const ReadyTool>& tool);
  void remove(const Locator& locator);

  /// The policy of a locator, installed or not, from now on; nullptr: the default. A tool that is in has to be made
  /// ready again.
  void put_policy(const Locator& locator, std::shared_ptr<const Policy> policy);
  /// Those of others are gone.
  void keep_policies(const std::set<Locator>& locators);
  [[nodiscard]] std::shared_ptr<const Policy> policy(const Locator& locator) const;

  [[nodiscard]] std::shared_ptr<const ReadyTool> find(const Locator& locator) const;
  [[nodiscard]] std::shared_ptr<const Tools> all() const;

 private:
  ReadDescriptor read_descriptor_;
  FindWire find_wire_;
  std::shared_ptr<const Policy> default_policy_;
  HostIdentity host_;
  std::uint32_t connect_timeout_ms_;
  std::uint32_t exchange_timeout_ms_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Tools> tools_ = std::make_shared<const Tools>();
  std::map<Locator, std::shared_ptr<const Policy>> policies_;
};

}  // namespace ptb
