// A disk as a model: what was written and what of it is on stable storage, so that a loss of power can be played at any
// moment. Pure; knows files by their names and bytes, and nothing of what is in them.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/watched_disk.h"

namespace ptb::test {

using Files = std::map<std::string, std::string>;  ///< name in the directory → bytes

/// One order as it was carried out.
struct DiskStep {
  DiskOrder::Kind kind{};
  std::string name;
  std::int64_t at = 0;
  std::string bytes;
  std::string target;
  bool failed =
      false;  ///< of sync: the bytes before it count as written though they are not, until they are written anew
};

/// What of the unsynced bytes outlives the power: nothing, everything, or what chance says, sector by sector and file
/// by file.
enum class Survival : std::uint8_t { nothing, everything, some };

class Platter {
 public:
  /// All of `files` is on stable storage.
  explicit Platter(const Files& files);

  void take(const DiskStep& step);
  /// The files after the power went while `torn` was under way.
  [[nodiscard]] Files after_power_loss(const DiskStep& torn, Survival survival, std::mt19937& chance) const;

 private:
  struct Change {
    std::int64_t at = 0;
    std::string bytes;
    bool truncates = false;
  };
  struct File {
    std::string durable;
    std::vector<Change> unsynced;
    std::vector<Change> given_up;  ///< before `unsynced`: no sync makes them durable any more
  };
  /// A name that was given, or taken (file == 0).
  struct Entry {
    std::string name;
    std::size_t file = 0;
  };
  static constexpr std::int64_t kSector = 512;

  static void apply(const Change& change, std::string& bytes);
  static void apply_sectors(const Change& change, std::size_t first, std::size_t end, std::string& bytes);
  static std::string survivor(const File& file, Survival survival, std::mt19937& chance);
  std::size_t file_of(const std::string& name);
  void enter(const std::string& name, std::size_t file);

  std::vector<File> files_;                   ///< by number; 0 is nobody's
  std::map<std::string, std::size_t> names_;  ///< as programs see them
  std::map<std::string, std::size_t> durable_names_;
  std::vector<Entry> unsynced_names_;
};

}  // namespace ptb::test
