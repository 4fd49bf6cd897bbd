// What the plugin and the PostgreSQL module, which are built together, have between them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/postgres/postgres_options.h"

namespace ptb {

/// Loads ptbridge-postgres.so from the directory of the plugin, or of the program that this is linked into, and opens a
/// connection with it. The module stays loaded: the TLS library behind libpq does not like to go. `warnings`: what a
/// person should know of the server, though it works. `directory`: another one. Throws StoreFailure.
std::unique_ptr<Connection> open_postgres_module(const PostgresOptions& options,
                                                 std::vector<std::string>* warnings = nullptr,
                                                 const std::string& directory = {});

}  // namespace ptb

/// The caller owns what is returned. Throws StoreFailure.
extern "C" __attribute__((visibility("default"))) ptb::Connection* ptb_postgres_open(
    const char* version, const ptb::PostgresOptions* options, std::vector<std::string>* warnings);
