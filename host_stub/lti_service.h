// What `ptb-host serve` answers as an LTI platform: its key set, and where tools register the handlers of their
// notices. Works on the state directory for the time of one request only, so that other commands can run beside it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "http/message.h"
#include "lti/rsa_key.h"
#include "session.h"

namespace host {

/// Sends hello notices one after another, beside the server: a tool may ask the server for its keys before it answers.
class HelloSender {
 public:
  HelloSender();
  ~HelloSender();
  HelloSender(const HelloSender&) = delete;
  HelloSender& operator=(const HelloSender&) = delete;
  void post(Tool tool, std::string handler, std::string body);

 private:
  struct Hello {
    Tool tool;
    std::string handler;
    std::string body;
  };
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any more_;
  std::deque<Hello> waiting_;
  std::jthread thread_;  ///< last: ended first
};

class LtiService {
 public:
  /// `token`: what requests about handlers must bear.
  LtiService(GlobalOptions options, RsaKey key, std::string token);
  Page answer(const Request& request);

 private:
  Page handlers(const Request& request, const Locator& locator);
  Page put_handler(Session& session, const Tool& tool, const NoticeHandler& handler);
  [[nodiscard]] bool is_allowed(const Request& request) const;

  GlobalOptions options_;
  RsaKey key_;
  std::string token_;
  HelloSender hello_;
};

}  // namespace host
