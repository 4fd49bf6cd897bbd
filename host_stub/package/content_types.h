// What people call the types of content that packages name, and how those that were not taken over are told. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace host {

/// "assignments" of mod_assign; "items" of a type that is not known here. `count` decides between one and many.
std::string content_name(std::string_view type, std::uint64_t count);

/// "12 assignments (mod_assign), 3 files (webcontent)", the many first; at most `most` types, then how many more.
std::string told_types(const std::map<std::string, std::uint64_t>& types, std::size_t most);

}  // namespace host
