// How the plugin finds its PostgreSQL module, which lies beside it.
#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "store/postgres/postgres_module.h"

namespace ptb {

namespace {

constexpr const char* kModule = "ptbridge-postgres.so";

/// Of the library or program that holds this function.
std::filesystem::path own_directory() {
  Dl_info found{};
  if (dladdr(reinterpret_cast<const void*>(&own_directory), &found) == 0 || found.dli_fname == nullptr) return ".";
  const auto directory = std::filesystem::path(found.dli_fname).parent_path();
  return directory.empty() ? "." : directory;
}

}  // namespace

std::unique_ptr<Connection> open_postgres_module(const PostgresOptions& options, std::vector<std::string>* warnings,
                                                 const std::string& directory) {
  const std::string path =
      ((directory.empty() ? own_directory() : std::filesystem::path(directory)) / kModule).string();
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const function = module == nullptr ? nullptr : dlsym(module, "ptb_postgres_open");
  if (function == nullptr) {
    const char* const words = dlerror();
    throw StoreFailure{{Status::store, fmt::format("the PostgreSQL module {} is not installed beside the plugin: {}; "
                                                   "install it, and libpq, or use a store sqlite:PATH",
                                                   kModule, words == nullptr ? "it is another file" : words)}};
  }
  const auto open = reinterpret_cast<decltype(&ptb_postgres_open)>(function);
  return std::unique_ptr<Connection>(open(PTB_VERSION, &options, warnings));
}

}  // namespace ptb
