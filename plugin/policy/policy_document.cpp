#include "policy/policy_document.h"

#include <algorithm>

#include "policy/policy_reading.h"
#include "policy/presets.h"

namespace ptb {

namespace {

/// White space or a byte order mark may come first.
bool is_document(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '<';
}

}  // namespace

std::vector<std::string_view> preset_names() {
  std::vector<std::string_view> names;
  for (const Preset& preset : presets()) names.push_back(preset.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view preset_document(std::string_view name) {
  for (const Preset& preset : presets())
    if (preset.name == name) return preset.document;
  return {};
}

Result<Policy> read_policy(std::string_view name_or_xml) {
  std::string_view xml = name_or_xml;
  if (!is_document(name_or_xml)) {
    xml = preset_document(name_or_xml);
    if (xml.empty()) {
      std::string names;
      for (const auto name : preset_names()) names += std::string(name) + ", ";
      return fail(Status::argument, "there is no policy '" + printable(name_or_xml, 60) + "'; use one of " + names +
                                        "or a document that begins with '<'");
    }
  }
  DocumentReading document("policy", xml, kMaxPolicyBytes);
  Policy policy = read_policy_elements(document);
  if (document.problem()) return fail(*document.problem());
  policy.document = xml;
  return policy;
}

const Policy& default_policy() {
  static const Policy policy = read_policy("blackboard").value();
  return policy;
}

}  // namespace ptb
