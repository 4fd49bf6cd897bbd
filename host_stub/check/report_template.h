// The page of a report, compiled in from report.mustache.
#pragma once

#include <string_view>

namespace host {

extern const std::string_view kReportTemplate;

}  // namespace host
