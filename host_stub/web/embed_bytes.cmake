# Writes OUTPUT.h and OUTPUT.cpp: FUNCTION(name) gives the bytes of that file of FILES (paths separated by ","), where
# name is that of the file without its folder. Run as a script at build time.
string(REPLACE "," ";" files "${FILES}")
get_filename_component(header "${OUTPUT}.h" NAME)
file(WRITE "${OUTPUT}.h"
"// Files that were compiled in. Made by embed_bytes.cmake.
#pragma once

#include <string_view>

namespace host {

/// The bytes of one file; a name that is not there is a mistake of the programmer and throws std::out_of_range.
std::string_view ${FUNCTION}(std::string_view name);

}  // namespace host
")
set(text "#include \"${header}\"\n\n#include <stdexcept>\n#include <string>\n\nnamespace host {\n\nnamespace {\n\n")
set(choices "")
set(ordinal 0)
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "constexpr unsigned char kFile${ordinal}[] = {${bytes}};\n")
  string(APPEND choices
         "  if (name == \"${name}\") return {reinterpret_cast<const char*>(kFile${ordinal}), sizeof(kFile${ordinal})};\n")
  math(EXPR ordinal "${ordinal} + 1")
endforeach()
string(APPEND text "\n}  // namespace\n\nstd::string_view ${FUNCTION}(std::string_view name) {\n${choices}")
string(APPEND text "  throw std::out_of_range(std::string(name) + \" was not compiled in\");\n}\n\n}  // namespace host\n")
file(WRITE "${OUTPUT}.cpp" "${text}")
