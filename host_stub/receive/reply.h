// What the reference tool does with a request, and how it is said to the server. Knows no sockets.
#pragma once

#include <optional>
#include <string>

#include "http/message.h"
#include "http/web_server.h"
#include "receive/fault_script.h"

namespace host {

struct Reply {
  Step step;
  std::optional<Page> page;  // answered instead of what `step` says
  std::string end;           // not empty: end the server with this error, without an answer
};

/// Ends the process where the step is to die before it answers.
Answer to_answer(Reply reply);

}  // namespace host
