// The sessions of clients of the SOAP services: who has begun one, which tool it is, how long it lives. Bounded; reads
// no clock of its own. May be used by several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>

#include "lms.h"

namespace host::soap {

/// How long a session lives before a tool has logged in with it, and the longest that one may ask for.
inline constexpr std::int64_t kFirstLifeSeconds = 300;
inline constexpr std::int64_t kLongestLifeSeconds = 86'400;

/// With more than so many, the oldest ones end: of those without a tool, and of each tool.
inline constexpr std::size_t kMostStrangers = 1000;
inline constexpr std::size_t kMostOfATool = 50;

class Sessions {
 public:
  /// `now_ms`: a monotonic clock.
  explicit Sessions(std::function<std::int64_t()> now_ms);

  struct Open {
    std::string id;
    std::optional<Locator> tool;  ///< who has logged in
  };

  /// 32 hex digits.
  std::string begin();
  /// None: there is no such session, or its life is over.
  std::optional<Open> find(const std::string& id);
  /// From now on it is that tool's, and lives so long. Returns false: there is no such session.
  bool log_in(const std::string& id, const Locator& tool, std::int64_t life_seconds);
  bool extend(const std::string& id, std::int64_t more_seconds);
  bool end(const std::string& id);
  std::size_t count();

 private:
  struct Entry {
    Open open;
    std::int64_t ends_ms;
  };
  std::list<Entry>::iterator living(const std::string& id);
  void make_room(const std::optional<Locator>& whose, std::size_t most);

  std::function<std::int64_t()> now_ms_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< oldest first
};

}  // namespace host::soap
