// Course packages: an input that starts like a zip or gzip file is read as a whole package of whatever kind it is,
// every other one as each of the XML files that packages have, as a list of parameters, as a URL and as the name of an
// entry.
#include "package/package.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "fuzz/must.h"
#include "package/archive_scan.h"
#include "package/blackboard_xml.h"
#include "package/canvas_xml.h"
#include "package/cartridge_xml.h"
#include "package/custom_text.h"
#include "package/launch_target.h"
#include "package/moodle_xml.h"
#include "text/utf8.h"

namespace {

using ptb::fuzz::must;
using ptb::fuzz::must_be_one_line;

/// The path of a file in memory.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : file_(memfd_create("package", MFD_CLOEXEC)) {
    must(file_ >= 0 && write(file_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
         "a file in memory can be written");
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

void check_link(const host::CartridgeLink& link) {
  must(host::is_utf8(link.title) && host::is_utf8(link.launch_url), "a link is text", link.title);
  must(link.launch_host == host::host_of(link.launch_url).value_or(""), "a host is that of the URL", link.launch_url);
  for (const auto& [name, value] : link.custom)
    must(host::is_utf8(name) && host::is_utf8(value), "a custom property is text", name);
}

void check_package(std::string_view packed) {
  const MemoryFile file(packed);
  host::CartridgeLimits limits;
  limits.entries = 64;
  limits.total_bytes = 1 << 20;
  limits.xml_bytes = 64 << 10;
  limits.link_text_bytes = 64 << 10;
  limits.ratio_from_bytes = 128 << 10;
  const auto read = host::read_package(file.path(), limits);
  if (!read) return must_be_one_line(read.error());
  for (const auto& link : read->links) {
    must(!link.launch_host.empty() || !link.waits_as.empty(), "a link that is kept belongs somewhere", link.launch_url);
    check_link(link);
  }
  for (const auto& warning : read->warnings) must_be_one_line(warning);
}

template <typename Parsed>
void must_be_read_or_refused(const Parsed& parsed) {
  if (!parsed) must_be_one_line(parsed.error());
}

void check_xml(std::string_view xml) {
  if (const auto manifest = host::parse_manifest(xml)) {
    for (const auto& link : manifest->links)
      must(host::is_utf8(link.identifier) && host::is_utf8(link.href), "a manifest is text", link.href);
  } else {
    must_be_one_line(manifest.error());
  }
  if (const auto file = host::parse_link(xml))
    check_link(file->link);
  else
    must_be_one_line(file.error());
  must_be_read_or_refused(host::kind_of_manifest(xml));
  must_be_read_or_refused(host::parse_canvas_modules(xml));
  must_be_read_or_refused(host::parse_canvas_assignment(xml));
  must_be_read_or_refused(host::parse_moodle_overview(xml));
  must_be_read_or_refused(host::parse_moodle_lti(xml));
  must_be_read_or_refused(host::parse_moodle_groups(xml));
  must_be_read_or_refused(host::parse_blackboard_manifest(xml));
  must_be_read_or_refused(host::parse_blackboard_content(xml));
  must_be_read_or_refused(host::parse_blackboard_course(xml));
  must_be_read_or_refused(host::parse_blackboard_groups(xml));
}

void check_text(std::string_view text) {
  for (const auto& [name, value] : host::custom_from_lines(text)) {
    must(!name.empty(), "a parameter has a name", value);
    must((name + value).find_first_of("\r\n") == std::string::npos, "a parameter is of one line", name);
  }
  const auto code = host::code_from(text, 20);
  must(code.size() <= 20 && code.find('/') == std::string::npos, "a code is short and has no slash", code);
  must(!host::is_utf8(text) || host::is_utf8(code), "a code of text is text", code);
}

void check_name(std::string_view name) {
  const auto safe = host::safe_name(name);
  if (!safe) return;
  must(!safe->starts_with('/'), "a safe name is not absolute", *safe);
  const std::string framed = "/" + *safe + "/";
  must(framed.find("/../") == std::string::npos, "a safe name leads nowhere else", *safe);
  must(safe->find('\\') == std::string::npos, "a safe name has one kind of slash", *safe);
  must(safe->empty() || *host::safe_name(*safe) == *safe, "a safe name stays as it is", *safe);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (input.starts_with("PK") || input.starts_with("\x1f\x8b")) {
    check_package(input);
    return 0;
  }
  check_xml(input);
  check_text(input);
  check_name(input);
  if (const auto found = host::host_of(input)) {
    must(!found->empty() && found->size() <= 253, "a host is not empty", *found);
    must(found->find_first_of("/@?# \r\n") == std::string::npos, "a host is a host", *found);
  }
  return 0;
}
