// The XML of a Moodle backup that matters: what the backup says of itself, an LTI activity, and the groups. Pure: bytes
// in, values out; knows no archives.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "package/cartridge.h"

namespace host {

struct MoodleActivity {
  std::string module_id;
  std::string module_name;  // "lti", "assign"
  std::string title;
  std::string directory;  // activities/lti_12
};

/// moodle_backup.xml
struct MoodleOverview {
  std::string name;
  std::string title;      // full name of the course
  std::string site_host;  // of the Moodle that wrote it; may be empty
  std::vector<MoodleActivity> activities;
};

/// An LTI activity with the type of tool that it is of, as far as the backup has it. Of a tool that is preconfigured
/// for the whole site it has a name only.
struct MoodleLti {
  std::string name;
  std::string tool_url;  // of the activity, the secure one where there is one
  std::string type_id;   // empty: none
  std::string type_name;
  std::string base_url;     // of the type
  CustomProperties custom;  // of the activity's own settings, the type's, and the instructor's, in this precedence
};

/// The errors are one line without the name of the file.
tl::expected<MoodleOverview, std::string> parse_moodle_overview(std::string_view xml);
tl::expected<MoodleLti, std::string> parse_moodle_lti(std::string_view xml);
tl::expected<std::vector<CartridgeGroup>, std::string> parse_moodle_groups(std::string_view xml);

}  // namespace host
