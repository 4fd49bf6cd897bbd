// Which tool a link of a course package belongs to. It looks things up and decides; it changes nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "package/cartridge.h"
#include "session.h"

namespace host {

class ToolFinder {
 public:
  /// `maps`: KEY=VENDOR/PROGRAM each, where KEY is a launch host, the handle of a content handler, or the locator that
  /// links would wait under. Throws Refusal (wrong usage).
  ToolFinder(Session& session, const std::vector<std::string>& maps);

  /// In this order: a map; what the package itself names; the installed tool that has the link's content handler; the
  /// one that has its vendor and product codes; the one that has its launch host among its base URLs; else a locator
  /// under which what comes of the link waits, or the tool that a person said is meant by it. Throws Refusal where two
  /// installed tools could be meant.
  Locator find(const CartridgeLink& link);

  /// Keys of maps that no link asked for: most likely typing errors.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  using Tools = std::vector<Locator>;
  std::optional<Locator> mapped(const CartridgeLink& link, const Locator& waiting);
  std::optional<Locator> with_handle(const CartridgeLink& link);
  std::optional<Locator> with_host(const std::string& host);
  void index_handles();

  Session& session_;
  std::map<std::string, Locator> maps_;
  std::set<std::string> used_;
  std::map<std::string, Tools> by_host_;
  std::optional<std::map<std::string, Tools>> by_handle_;  // once a link has asked
};

}  // namespace host
