// A tool of one action for the tests of the vendor check, at the address of a test's own server.
#pragma once

#include "check/subject.h"

namespace host::test {

inline Subject subject_at(const std::string& url) {
  Subject subject;
  subject.locator = "acme/quiz";
  subject.base_url = url;
  subject.actions = {{"course-copied", url + "/proxy", {{"action", "course-copied"}}}};
  subject.secret = "a shared secret";
  subject.guid = std::string(32, 'a');
  subject.tcbaseurl = "http://localhost:80";
  subject.call.allow_http = true;
  subject.call.allow_private = true;
  subject.call.timeout_ms = 10'000;
  subject.rate = 1000;
  subject.load = 10;
  subject.within_ms = 10'000;
  return subject;
}

}  // namespace host::test
