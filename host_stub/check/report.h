// What a run of the vendor check looks like: on the terminal, as JSON, as JUnit XML, as one HTML page. Pure texts but
// for the terminal; the run has been made presentable before.
#pragma once

#include <string>

#include "check/run.h"

namespace host {

void print_report(const CheckRun& run);
Json json_report(const CheckRun& run);
std::string junit_report(const CheckRun& run);
/// Self-contained: no script, nothing from elsewhere.
std::string html_report(const CheckRun& run);

/// Throws Refusal where the file cannot be written.
void write_report(const std::string& file, const char* option, const std::string& text);

}  // namespace host
