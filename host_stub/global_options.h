// What is said before the command on the command line, and whose command it is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "interrupts.h"

namespace host {

class House;
struct GlobalOptions;

/// Runs one command line that somebody else has typed, for `guest`, and returns its exit status. Prints to this
/// thread's console; does not throw.
using RunLine = std::function<int(const std::vector<std::string>& words, const GlobalOptions& guest)>;

struct GlobalOptions {
  std::filesystem::path state;   ///< empty: $PTB_STATE, else ~/.ptb-host
  std::string store;             ///< empty: sqlite:STATE/bridge.db
  std::filesystem::path plugin;  ///< empty: see Plugin::load
  std::string tcbaseurl = "http://localhost:80";
  std::uint32_t exchange_timeout_ms = 0;
  std::uint32_t connect_timeout_ms = 0;
  std::uint32_t contact_interval_ms = 0;
  bool json = false;
  bool pumped = false;
  bool verbose = false;
  bool quiet = false;  ///< no progress
  std::string by;      ///< who orders it, for the audit trail; empty: the user that this process runs as

  std::shared_ptr<House> house = nullptr;         ///< the open bridge to work with; null: the command opens its own
  Interrupts* interrupts = &signal_interrupts();  ///< Ctrl-C of this command
  RunLine run_line = nullptr;  ///< while the command sends, others are taken in that way; null: none are
};

/// The state directory that the options mean. Throws Refusal.
std::filesystem::path state_path(const GlobalOptions& options);

/// The URI of the store that the options mean.
std::string store_uri(const GlobalOptions& options);
/// What may be shown of such a URI: `…` for each password in it.
std::string without_passwords(const std::string& uri);
bool is_file_store(const GlobalOptions& options);

/// False only where the store is a file that is not there yet.
bool has_store(const GlobalOptions& options);

}  // namespace host
