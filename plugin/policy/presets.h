// The presets of schema/policies, compiled in. The definition is written at build time by embed_presets.cmake.
#pragma once

#include <span>
#include <string_view>

namespace ptb {

struct Preset {
  std::string_view name;  ///< of its file, without ".xml"
  std::string_view document;
};

std::span<const Preset> presets();

}  // namespace ptb
