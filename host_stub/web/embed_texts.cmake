# Writes OUTPUT.h and OUTPUT.cpp: FUNCTION(name) gives the text of that file of FILES (separated by ","), which stand in
# DIRECTORY. Run as a script at build time.
string(REPLACE "," ";" files "${FILES}")
get_filename_component(header "${OUTPUT}.h" NAME)
file(WRITE "${OUTPUT}.h"
"// Texts that were compiled in. Made by embed_texts.cmake.
#pragma once

#include <string_view>

namespace host {

/// The text of one file; a name that is not there is a mistake of the programmer and throws std::out_of_range.
std::string_view ${FUNCTION}(std::string_view name);

}  // namespace host
")
set(text "#include \"${header}\"\n\n#include <stdexcept>\n#include <string>\n\nnamespace host {\n\n")
string(APPEND text "std::string_view ${FUNCTION}(std::string_view name) {\n")
foreach(file IN LISTS files)
  file(READ "${DIRECTORY}/${file}" content)
  string(APPEND text "  if (name == \"${file}\") return R\"embedded(${content})embedded\";\n")
endforeach()
string(APPEND text "  throw std::out_of_range(std::string(name) + \" was not compiled in\");\n}\n\n}  // namespace host\n")
file(WRITE "${OUTPUT}.cpp" "${text}")
