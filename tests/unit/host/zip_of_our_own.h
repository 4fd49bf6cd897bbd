// Builds zip files for tests, also such as no honest program writes. Knows nothing of cartridges.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace host::test {

struct ZipMember {
  std::string name;
  std::string content;
  std::string link_target = {};  // not empty: a symbolic link
};

/// Writes `members` in their order, deflated.
inline void write_zip(const std::string& path, const std::vector<ZipMember>& members) {
  archive* zip = archive_write_new();
  archive_write_set_format_zip(zip);
  bool good = archive_write_open_filename(zip, path.c_str()) == ARCHIVE_OK;
  for (const auto& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.link_target.empty() ? AE_IFREG : AE_IFLNK);
    if (!member.link_target.empty()) archive_entry_set_symlink(entry, member.link_target.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    good = good && archive_write_header(zip, entry) >= ARCHIVE_WARN;
    good = good && archive_write_data(zip, member.content.data(), member.content.size()) ==
                       static_cast<la_ssize_t>(member.content.size());
    archive_entry_free(entry);
  }
  good = archive_write_close(zip) == ARCHIVE_OK && good;
  archive_write_free(zip);
  if (!good) throw std::runtime_error("cannot write " + path);
}

/// Makes the zip file in `bytes` say, at the entry `name` and in its central directory, that it unpacks to `size`
/// bytes.
inline void lie_about_size(std::string& bytes, std::string_view name, std::uint32_t size) {
  const struct {
    std::string_view signature;
    std::size_t size_at;
    std::size_t name_at;
  } headers[] = {{"PK\x03\x04", 22, 30}, {"PK\x01\x02", 24, 46}};
  for (const auto& header : headers)
    for (auto at = bytes.find(header.signature); at != std::string::npos; at = bytes.find(header.signature, at + 1))
      if (std::string_view(bytes).substr(at).substr(header.name_at, name.size()) == name)
        for (std::size_t i = 0; i < 4; ++i) bytes[at + header.size_at + i] = static_cast<char>(size >> (8 * i) & 0xff);
}

}  // namespace host::test
