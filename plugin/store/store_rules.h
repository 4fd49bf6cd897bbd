// What must hold between the rows of a store and no schema can say, in SQL that runs in every kind of database. Reads
// only. Knows nothing of who asks, nor of locks.
#pragma once

#include <functional>

#include "core/store.h"
#include "store/connection.h"

namespace ptb {

/// Reads everything, page by page; `pause` is called between pages, where no query is in use and others may have their
/// turn.
StoreCheck check_rules(Connection& connection, const std::function<void()>& pause);

}  // namespace ptb
