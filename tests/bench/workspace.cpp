// See workspace.h.
#include "workspace.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace bench {

Workspace::Workspace(const std::filesystem::path& parent) {
  std::string name = (parent / "ptb-bench.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error(fmt::format("cannot make a directory in {}; choose another with --dir", parent.string()));
  }
  path_ = name;
}

Workspace::~Workspace() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Workspace::fresh(std::string_view name) {
  std::filesystem::path made = path_ / fmt::format("{}-{}", name, ++made_);
  std::filesystem::create_directory(made);
  return made;
}

std::filesystem::path program_directory() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

}  // namespace bench
