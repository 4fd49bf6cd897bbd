// See global_options.h.
#include "global_options.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "refusal.h"

namespace host {

std::filesystem::path state_path(const GlobalOptions& options) {
  if (!options.state.empty()) return std::filesystem::absolute(options.state);
  if (const char* named = std::getenv("PTB_STATE"); named != nullptr && *named != '\0')
    return std::filesystem::absolute(named);
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') wrong_usage("HOME is not set: name the state directory with --state DIR");
  return std::filesystem::path(home) / ".ptb-host";
}

std::string store_uri(const GlobalOptions& options) {
  constexpr std::string_view kFile = "sqlite:";
  if (options.store.empty()) return "sqlite:" + (state_path(options) / "bridge.db").string();
  // Its place must not depend on where a command is typed that is carried out elsewhere.
  const auto file = std::string_view(options.store).substr(std::min(kFile.size(), options.store.size()));
  if (!options.store.starts_with(kFile) || file.empty() || file.starts_with('/')) return options.store;
  return "sqlite:" + std::filesystem::absolute(file).string();
}

std::string without_passwords(const std::string& uri) {
  constexpr const char* kShown = "…";
  auto shown = uri;
  const auto start = uri.find("://");
  if (start == std::string::npos) return shown;
  // libpq takes passwords as parameters too; one that is not written with %XX may hold anything up to the last @.
  for (auto at = shown.find("password="); at != std::string::npos; at = shown.find("password=", at + 1)) {
    const auto value = shown.find('=', at) + 1;
    shown.replace(value, std::min(shown.find('&', value), shown.size()) - value, kShown);
  }
  const auto end = shown.rfind('@');
  const auto colon = shown.find(':', start + 3);
  if (end != std::string::npos && colon < end) shown.replace(colon + 1, end - colon - 1, kShown);
  return shown;
}

bool is_file_store(const GlobalOptions& options) { return store_uri(options).starts_with("sqlite:"); }

bool has_store(const GlobalOptions& options) {
  constexpr std::string_view kFile = "sqlite:";
  const auto uri = store_uri(options);
  std::error_code none;
  return !uri.starts_with(kFile) || std::filesystem::exists(uri.substr(kFile.size()), none);
}

}  // namespace host
