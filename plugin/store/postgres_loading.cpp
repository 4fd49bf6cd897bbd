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
  return std::filesystem::path(found.dli_fname).parent_path();
}

}  // namespace

std::unique_ptr<Connection> open_postgres_module(const PostgresOptions& options, std::vector<std::string>* warnings) {
  const std::string path = (own_directory() / kModule).string();
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const function = module == nullptr ? nullptr : dlsym(module, "ptb_postgres_open");
  if (function == nullptr) {
    const char* const words = dlerror();
    throw StoreFailure{{Status::store, fmt::format("the PostgreSQL module {} is not installed beside the plugin: {}; "
                                                   "install it, and libpq, or use a store sqlite:PATH",
                                                   kModule, words == nullptr ? "" : words)}};
  }
  const auto open = reinterpret_cast<decltype(&ptb_postgres_open)>(function);
  return std::unique_ptr<Connection>(open(PTB_VERSION, &options, warnings));
}

}  // namespace ptb
