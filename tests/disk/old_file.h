// Files as earlier plugins left them, with a lane half walked, in the words of schema 1.
#pragma once

#include <string>

#include "disk/ledger.h"

namespace ptb::test {

/// Makes a store of that schema with the events of one tool, and notes in the ledger what its plugin had promised. The
/// number of the last event.
int make_old_file(const std::string& path, int schema, Ledger& ledger);

}  // namespace ptb::test
