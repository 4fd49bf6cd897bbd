// What the figures were measured on. Knows nothing of the plugin.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace bench {

struct Machine {
  std::string cpu;
  int cores = 0;
  std::int64_t memory_mib = 0;
  std::string kernel;
  std::string filesystem;
  double syncs_per_s = 0;   ///< overwriting 4 KiB and fdatasync, for half a second
  double load_average = 0;  ///< of the last minute, before the run: who else was computing
  std::string sqlite;
  std::string curl;
  std::string measured_at;
};

/// Looks, and measures the disk below `directory`.
Machine look_at_machine(const std::filesystem::path& directory);
/// "ext4", "tmpfs" and so on, of the mount that holds `directory`.
std::string filesystem_type(const std::filesystem::path& directory);
nlohmann::ordered_json machine_json(const Machine& machine);
/// One line.
std::string to_text(const Machine& machine);

}  // namespace bench
