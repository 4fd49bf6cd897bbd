// Reads the registration document of a proxy tool (proxy-tool-protocol §5). Knows the document and nothing of how its
// actions are sent.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/tool.h"

namespace ptb {

/// Largest document that is read.
inline constexpr std::size_t kMaxDescriptorBytes = std::size_t{1024} * 1024;

/// Longest path and fixed parameters of one action together, in characters (proxy-tool-protocol §1).
inline constexpr std::size_t kMaxPathAndParameters = 512;

/// The document as a value. Elements and attributes are found by local name, whatever their namespace or prefix, and
/// in any order; what the protocol does not name is passed over; entities of a DOCTYPE are not resolved. Actions of
/// unknown type are kept; an action whose path is an absolute URL that is under none of the tool's base URLs is only
/// mentioned in unusable_actions, as if the document did not name it. Icons without attributes, categories of free text
/// and a tool without placements or actions are fine. Errors: Status::argument with one line that names the line or the
/// element.
Result<Descriptor> read_descriptor(std::string_view xml);

}  // namespace ptb
