// The steps of schema/postgres, compiled in. Their numbers are those of schema/sqlite; there are none from before there
// was PostgreSQL.
#pragma once

#include <span>

#include "store/migrations.h"

namespace ptb {

std::span<const Migration> postgres_migrations();

}  // namespace ptb
