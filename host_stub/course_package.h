// From a course of the small LMS to the package that it is exported as. The counterpart of package_restore.
#pragma once

#include "lms.h"
#include "package/cartridge.h"

namespace host {

/// The course with its groups and its items, each with its settings as custom properties, its handle and its tool.
Cartridge cartridge_of(Lms& lms, const Course& course);

}  // namespace host
