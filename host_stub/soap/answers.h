// Answers of operations, written as XML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "soap/contract.h"

namespace host::soap {

/// The element that answers the operation, around `returns`, which is written already.
std::string response(const Contract& contract, std::string_view operation, std::string_view returns);

/// A <return> with a text, a truth, nothing.
std::string returned(std::string_view text);
std::string returned(bool truth);
std::string returned_nil();
std::string returned_version(int version);

/// A <return> of one of the service's own types: what went wrong, the tool's guid if there is one, and whether all is
/// well.
std::string returned_result(const Contract& contract, const std::vector<std::string>& failures, std::string_view guid);

}  // namespace host::soap
