// What the reference tool serves besides being a tool: its page, and the same as JSON, under /_receive/. Belongs to the
// thread of the desk. Knows no sockets and judges no calls.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/event_stream.h"
#include "http/web_server.h"
#include "receive/fault_script.h"
#include "receive/recorder.h"
#include "receive/recorder_page.h"

namespace host {

class RecorderService {
 public:
  static constexpr std::string_view kPrefix = "/_receive/";
  static constexpr std::uint64_t kMaxBodyBytes = 64 * 1024;

  explicit RecorderService(RecorderView view) : view_(std::move(view)) {}

  /// Called with the script that someone switched to.
  void on_switch(std::function<void(FaultScript)> take) { take_script_ = std::move(take); }

  void record(const LogLine& line);
  /// GET /, perhaps with ?before=NUMBER.
  Page front_page(const Request& request) const;
  /// Whatever begins with kPrefix.
  Answer answer(const Request& request);

 private:
  Answer read(const Request& request, std::string_view path);
  Page change(const Request& request, std::string_view path);
  Page change_script(const Request& request);
  Page clear(const Request& request);
  Page view_of(std::string_view number) const;
  Page json_of(std::string_view number) const;
  Page json_list(const Request& request) const;
  std::string counts_text(std::uint64_t number) const;

  RecorderView view_;
  Recorder recorder_;
  EventChannel channel_;
  std::function<void(FaultScript)> take_script_;
};

}  // namespace host
