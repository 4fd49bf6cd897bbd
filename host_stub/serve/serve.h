// `ptb-host serve`: one process that holds the state directory, with its web pages, its API, the services that tools
// register at, and the socket that other commands are handed over through.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "global_options.h"
#include "handover/reception.h"

namespace host {

struct ServeOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: a free one
  std::string port_file;      ///< gets the port once it listens; may be empty
  std::string tls_cert;
  std::string tls_key;
  std::string access_log;          ///< "-": stdout
  std::vector<std::string> names;  ///< by which it may be called beside the loopback's own
  std::uint64_t max_upload_mib = 512;
  std::string version;
};

/// Until SIGINT or SIGTERM. `run_line`: for commands that are handed over.
int serve(const GlobalOptions& global, const ServeOptions& options, const RunLine& run_line);

}  // namespace host
