// Doors for the crash tests, all closed unless an environment variable opens them: PTB_HOST_KILL_AT=NAME[:N] kills this
// process at the N-th passing of a named point, PTB_POINTS_SEEN=FILE appends each name once; PTB_WITNESS=SOCKET tells a
// process outside what has been promised, and waits until it has noted it; PTB_HOST_FAIL_SETTINGS=1 makes the settings
// callback fail, and =@FILE while there is such a file.
#pragma once

#include <string>
#include <vector>

namespace host {

/// Passes a named point of the host, such as host.operation.before_commit.
void pass_point(const char* name);

/// Tells the witness, if there is one, and returns when it has answered each line with "ok\n". `lines` are without
/// their newline: "operation ID", "accepted EVENT_ID KIND LANE SEQUENCE ANSWER". Throws Refusal where the witness is
/// named but does not answer.
void tell_witness(const std::vector<std::string>& lines);
bool has_witness();

bool settings_must_fail();

}  // namespace host
