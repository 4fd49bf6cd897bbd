// Reads delivery policies: XML documents as schema/xml/delivery-policy.xsd describes them (docs/policies.md), and the
// presets that are compiled in. Knows the document and nothing of how a policy is carried out.
#pragma once

#include <string_view>
#include <vector>

#include "core/policy.h"
#include "core/result.h"

namespace ptb {

/// Largest document that is read.
inline constexpr std::size_t kMaxPolicyBytes = std::size_t{64} * 1024;

/// A preset by its name, or a whole document: it begins with '<'. Errors: Status::argument with one line, that of a
/// wrong document with line, column and what to do.
Result<Policy> read_policy(std::string_view name_or_xml);

/// Sorted.
std::vector<std::string_view> preset_names();

/// Its XML; empty where there is no such preset.
std::string_view preset_document(std::string_view name);

/// What holds for a tool that nobody chose a policy for: the preset "blackboard".
const Policy& default_policy();

}  // namespace ptb
