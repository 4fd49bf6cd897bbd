// Judges what a store says after the end of whoever used it, by the ledger of that user. Each complaint begins with the
// name of the invariant that is broken. Knows how to ask a store, not how its end came.
#pragma once

#include <string>
#include <vector>

#include "disk/ledger.h"
#include "disk/player.h"

namespace ptb::test {

/// Opens the store at that path, asks it everything, repeats every capture, walks it to its end and looks at its file;
/// empty: all is as the account says.
std::vector<std::string> broken_invariants(const std::string& path, const Account& account);

/// The same of a store that is open, without walking it.
std::vector<std::string> broken_invariants(Store& store, const Account& account);

}  // namespace ptb::test
