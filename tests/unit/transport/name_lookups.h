// What names resolve to in the tests of the transport: the test program's own getaddrinfo stands before the system's,
// so that libcurl, which looks names up in threads, gets scripted answers and no query leaves the machine.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ptb::test {

using Names = std::map<std::string, std::vector<std::string>>;

/// While it lives, names resolve as it says. Names that it does not have, other than "localhost" and numbers, do not
/// resolve at all. One at a time.
class NameLookups {
 public:
  explicit NameLookups(Names addresses);
  ~NameLookups();
  NameLookups(const NameLookups&) = delete;
  NameLookups& operator=(const NameLookups&) = delete;

  /// From now on.
  void set(const std::string& name, std::vector<std::string> addresses);
  [[nodiscard]] int count() const;
};

}  // namespace ptb::test
