// The tool consumer profile: what this LMS tells tools of itself. Pure.
#pragma once

#include <string>
#include <string_view>

namespace host::soap {

std::string consumer_profile(std::string_view base_url);

}  // namespace host::soap
