// The reference tool: a tool over HTTP on 127.0.0.1, on any of the three wires, that checks every call as a careful
// tool would, logs it before it answers, and misbehaves on request. Knows nothing of the bridge or of the small LMS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace host {

struct ReceiveOptions {
  std::uint16_t port = 0;      // 0: a free one
  std::string secret_file;     // empty: no secret, mac_ok is null; a newline at its end is no part of the secret
  std::string script = "ok*";  // see fault_script.h; "@FILE" reads it from a file
  std::string log_file;        // empty: no log. One JSON object a line (log_line.h), appended
  std::string port_file;       // empty: none. Gets the port as decimal text when the tool listens
  std::string digest = "md5";  // md5 or sha1
  std::optional<std::int64_t> window_ms;  // how far a timestamp may be from now, either way; none: two minutes on
                                          // proxy-tool, five on the other wires
  std::string wire = "proxy-tool";        // or standard-webhooks, lti-notice
  std::string jwks;        // lti-notice: file or URL of the platform's key set; empty: signatures are not checked
  std::string bug;         // a defect of bugs.h; empty: none
  bool list_bugs = false;  // print the defects and end
};

/// Serves until SIGINT or SIGTERM. When ready it prints "listening on http://127.0.0.1:PORT" to stdout.
///
/// Each POST is checked: form, MAC or signature, timestamp, nonce. What is wrong is answered <result>ERROR<result> (on
/// the other wires: 400 or 401), is logged with its problem, and takes no step of the fault script; all else is done as
/// the script says. Its log line is on stable storage before the first byte of the answer. A log that exists already is
/// read first: nonces and event_ids in it count as seen. GET / shows a page
/// (recorder_service.h), GET /_receive/effects how many events it has acted on, each once. A body over 1 MiB (on the
/// other wires: 16 MiB) is answered 413.
///
/// Returns the exit status: 0 ended by a signal; 1 the environment said no (port in use, log, secret); 2 wrong options
/// or script; each with one line on stderr. A script step `die` ends the process with 42.
int run_receive(const ReceiveOptions& options);

}  // namespace host
