// The XML that Canvas adds to a Common Cartridge where it says which tools are launched: the items of its modules and
// the settings of its assignments. Pure: bytes in, values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "package/cartridge.h"

namespace host {

/// A module item or an assignment that launches an external tool.
struct CanvasPlacement {
  std::string identifier;
  std::string title;
  std::string url;
  std::string
      tool_ref;  // identifier of the resource that describes the tool; of nothing here where it is the account's
  std::string link_uuid;  // of the resource link that has its custom parameters; may be empty
  CustomProperties custom;
  std::string vendor;
  std::string product;
};

/// course_settings/module_meta.xml: those of its items that launch a tool. The error is one line without the file's
/// name.
tl::expected<std::vector<CanvasPlacement>, std::string> parse_canvas_modules(std::string_view xml);

/// assignment_settings.xml, or the assignment.xml of Common Cartridge 1.3 with Canvas' own part in it. Nothing where
/// the assignment launches no tool.
tl::expected<std::optional<CanvasPlacement>, std::string> parse_canvas_assignment(std::string_view xml);

}  // namespace host
