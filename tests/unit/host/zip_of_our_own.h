// Builds zip and tar.gz files for tests, also such as no honest program writes. Knows nothing of cartridges.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace host::test {

struct ZipMember {
  std::string name;
  std::string content;
  std::string link_target = {};  // not empty: a symbolic link
  bool is_hard_link = false;     // then a hard link, which only a tar file can hold
};

enum class Packing { zip, encrypted_zip, tar_gz };

/// Writes `members` in their order, packed.
inline void write_archive(const std::string& path, Packing packing, const std::vector<ZipMember>& members) {
  archive* file = archive_write_new();
  if (packing == Packing::tar_gz) {
    archive_write_set_format_pax_restricted(file);
    archive_write_add_filter_gzip(file);
    archive_write_set_options(file, "gzip:!timestamp");
  } else {
    archive_write_set_format_zip(file);
  }
  if (packing == Packing::encrypted_zip) {
    archive_write_set_options(file, "zip:encryption=zipcrypt");
    archive_write_set_passphrase(file, "secret");
  }
  bool good = archive_write_open_filename(file, path.c_str()) == ARCHIVE_OK;
  for (const auto& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_filetype(entry, member.link_target.empty() || member.is_hard_link ? AE_IFREG : AE_IFLNK);
    if (member.is_hard_link)
      archive_entry_set_hardlink(entry, member.link_target.c_str());
    else if (!member.link_target.empty())
      archive_entry_set_symlink(entry, member.link_target.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    good = good && archive_write_header(file, entry) >= ARCHIVE_WARN;
    good = good && archive_write_data(file, member.content.data(), member.content.size()) ==
                       static_cast<la_ssize_t>(member.content.size());
    archive_entry_free(entry);
  }
  good = archive_write_close(file) == ARCHIVE_OK && good;
  archive_write_free(file);
  if (!good) throw std::runtime_error("cannot write " + path);
}

inline void write_zip(const std::string& path, const std::vector<ZipMember>& members) {
  write_archive(path, Packing::zip, members);
}

/// The files in `folder` and below it, by name.
inline std::vector<ZipMember> members_of(const std::filesystem::path& folder) {
  std::vector<ZipMember> members;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    members.push_back({entry.path().lexically_relative(folder).string(), {std::istreambuf_iterator<char>(file), {}}});
  }
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (members.empty()) throw std::runtime_error("no files in " + folder.string());
  return members;
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
