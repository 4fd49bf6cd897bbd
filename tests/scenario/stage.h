// What most scenarios begin with: a state directory, a reference tool, and a course package with a few links of that
// tool.
#pragma once

#include <string>
#include <vector>

#include "support/processes.h"

namespace ptb::test {

inline constexpr const char* kLaunchHost = "tools.acme.example";
inline constexpr const char* kQuiz = "acme/quiz";

class Stage {
 public:
  Stage();

  /// A package with `links` links that launch at kLaunchHost; link N has the custom properties level=N and shared=yes.
  std::string package(int links, const std::string& name = "course.imscc") const;
  /// `tool add` with a descriptor that points at the receiver's port; the tool is `inactive` then.
  void install(const std::string& without_action = {});
  /// `tool save --state`, expected to succeed.
  void save(const std::string& state);
  void make_available() { save("available"); }
  /// `course restore`, expected to succeed; its JSON.
  Json restore(const std::string& package, const std::string& course);

  /// All events as ptb-host lists them, in lane order.
  Json events() const;
  /// Of those: "KIND:STATE:DEFERRAL".
  std::vector<std::string> standing() const;

  Scratch scratch;
  Receiver tool;
  PtbHost lms;
};

}  // namespace ptb::test
