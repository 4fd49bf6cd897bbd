// See plugin.h. Finds the library and loads it.
#include <dlfcn.h>

#include <cstdlib>

#include "plugin.h"

namespace host {

namespace {

std::filesystem::path find_plugin(const std::filesystem::path& named) {
  namespace fs = std::filesystem;
  if (!named.empty()) return named;
  if (const char* from_environment = std::getenv("PTB_PLUGIN"); from_environment != nullptr && *from_environment != 0)
    return from_environment;
  std::error_code none;
  const auto executable = fs::read_symlink("/proc/self/exe", none);
  const auto beside = executable.parent_path().parent_path() / "lib";
  std::vector<fs::path> candidates = {beside / "ptbridge.so", beside / "ptbridge" / "ptbridge.so"};
  // A program of the build tree uses that tree's plugin; an installed one must never fall back to it.
  const fs::path built = PTB_BUILT_PLUGIN;
  const fs::path build_tree = built.parent_path().parent_path().parent_path();
  if (executable.string().starts_with(build_tree.string() + "/")) candidates.push_back(built);
  for (const auto& candidate : candidates)
    if (fs::exists(candidate, none)) return candidate;
  refuse("cannot find {}: name the plugin with --plugin FILE or PTB_PLUGIN", candidates.back().string());
}

}  // namespace

std::shared_ptr<Plugin> Plugin::load(const std::filesystem::path& named) {
  const auto path = std::filesystem::absolute(find_plugin(named));
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse("cannot load the plugin: {}", dlerror());
  const auto entry = reinterpret_cast<ptb_entry_function>(dlsym(library, "ptb_entry"));
  if (entry == nullptr) {
    dlclose(library);
    refuse("{} is not ptbridge: it has no ptb_entry", path.string());
  }
  ptb_error error{};
  error.struct_size = sizeof error;
  const ptb_api* api = entry(PTB_ABI_MAJOR, &error);
  if (api == nullptr) {
    dlclose(library);
    refuse("{} does not suit this ptb-host: {}", path.string(), error.text);
  }
  return std::shared_ptr<Plugin>(new Plugin(library, api));
}

Plugin::~Plugin() { dlclose(library_); }

}  // namespace host
