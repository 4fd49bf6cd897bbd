// See machine.h.
#include "machine.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "disk_loops.h"
#include "measure.h"

namespace bench {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string now_text() {
  char text[40];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string filesystem_type(const std::filesystem::path& directory) {
  struct stat wanted {};
  if (stat(directory.c_str(), &wanted) != 0) return "unknown";
  std::string found = "unknown";
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string device, point, type;
    words >> device >> point >> type;
    struct stat mounted {};
    if (stat(point.c_str(), &mounted) == 0 && mounted.st_dev == wanted.st_dev) found = type;
  }
  return found;
}

Machine look_at_machine(const std::filesystem::path& directory) {
  Machine machine;
  utsname system{};
  uname(&system);
  machine.cpu = cpu_model();
  machine.cores = static_cast<int>(usable_cpus().size());
  machine.memory_mib = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE) / (1024 * 1024);
  machine.kernel = system.release;
  machine.filesystem = filesystem_type(directory);
  if (getloadavg(&machine.load_average, 1) != 1) machine.load_average = 0;
  machine.sqlite = sqlite3_libversion();
  machine.curl = curl_version_info(CURLVERSION_NOW)->version;
  machine.measured_at = now_text();
  RawSyncLoop raw(directory / "machine.raw");
  machine.syncs_per_s = run_for(std::chrono::milliseconds(500), [&] { return raw.step(); }).rate();
  return machine;
}

nlohmann::ordered_json machine_json(const Machine& machine) {
  return {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"memory_mib", machine.memory_mib},
          {"kernel", machine.kernel},
          {"filesystem", machine.filesystem},
          {"disk_syncs_per_s", machine.syncs_per_s},
          {"load_average", machine.load_average},
          {"sqlite", machine.sqlite},
          {"libcurl", machine.curl},
          {"measured_at", machine.measured_at}};
}

std::string to_text(const Machine& machine) {
  return fmt::format("{}, {} cores, {} MiB, Linux {}, {}, {:.0f} syncs/s, load {:.1f}, SQLite {}, libcurl {}",
                     machine.cpu, machine.cores, machine.memory_mib, machine.kernel, machine.filesystem,
                     machine.syncs_per_s, machine.load_average, machine.sqlite, machine.curl);
}

}  // namespace bench
