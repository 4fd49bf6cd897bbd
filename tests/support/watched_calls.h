// Between the two halves of the watched disk: its VFS and the file calls of the plugin itself.
#pragma once

#include "support/watched_disk.h"

namespace ptb::test {

/// What the watcher says, if there is one and the file is its business.
int ask_watcher(const DiskOrder& order);

}  // namespace ptb::test
