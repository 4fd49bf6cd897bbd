// The XML of a Blackboard export that matters: its manifest, and the .dat files of content, of the course and of its
// groups. Pure: bytes in, values out; knows no archives.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "package/cartridge.h"

namespace host {

struct BlackboardResource {
  std::string identifier;
  std::string type;   // resource/x-bb-document, course/x-bb-coursesetting
  std::string file;   // res00002.dat
  std::string title;  // of the item that shows it, else its own
};

struct BlackboardManifest {
  std::string identifier;
  std::vector<BlackboardResource> resources;
};

/// A .dat file with the root element CONTENT; others give an empty handler.
struct BlackboardContent {
  std::string title;
  std::string handler;  // resource/x-bb-document, resource/x-acme-quiz
  std::string url;
  CustomProperties extended;  // the entries of its EXTENDEDDATA
};

/// The errors are one line without the name of the file.
tl::expected<BlackboardManifest, std::string> parse_blackboard_manifest(std::string_view xml);
tl::expected<BlackboardContent, std::string> parse_blackboard_content(std::string_view xml);
/// The title of the course.
tl::expected<std::string, std::string> parse_blackboard_course(std::string_view xml);
tl::expected<std::vector<CartridgeGroup>, std::string> parse_blackboard_groups(std::string_view xml);

}  // namespace host
