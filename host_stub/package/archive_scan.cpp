#include "package/archive_scan.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unordered_set>

#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

struct FreeArchive {
  void operator()(archive* file) const { archive_read_free(file); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

enum class Kind { zip, tar_gz };
struct Opened {
  Archive archive;
  Kind kind;
};

template <typename... Values>
tl::unexpected<std::string> wrong(fmt::format_string<Values...> format, Values&&... values) {
  return tl::make_unexpected(fmt::format(format, std::forward<Values>(values)...));
}

std::string text_of(archive* file) {
  const char* text = archive_error_string(file);
  return text == nullptr ? std::string("no reason given") : shown(text);
}

std::string broken(archive* file) { return fmt::format("it is damaged ({}): export or copy it again", text_of(file)); }

tl::unexpected<std::string> no_archive() {
  return wrong("it is no zip archive and no tar.gz archive: name a course package, such as an .imscc or .mbz file");
}

/// One format only: of the many that libarchive reads, packages come in two.
tl::expected<Opened, std::string> open_archive(const std::string& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (status.type() == std::filesystem::file_type::not_found) return wrong("there is no such file: check the name");
  if (code || !std::filesystem::is_regular_file(status)) return wrong("it is no file: name a course package");
  std::ifstream file(path, std::ios::binary);
  std::array<char, 2> magic{};
  file.read(magic.data(), magic.size());
  if (!file && !file.eof()) return wrong("it cannot be read: check its permissions");
  const std::string_view start(magic.data(), magic.size());

  Opened opened{Archive(archive_read_new()), start == "\x1f\x8b" ? Kind::tar_gz : Kind::zip};
  if (!opened.archive) return wrong("out of memory");
  if (opened.kind == Kind::tar_gz) {
    archive_read_support_filter_gzip(opened.archive.get());
    archive_read_support_format_tar(opened.archive.get());
  } else {
    archive_read_support_format_zip_seekable(opened.archive.get());
  }
  if (archive_read_open_filename(opened.archive.get(), path.c_str(), kBlockBytes) == ARCHIVE_OK) return opened;
  if (start == "PK") return wrong("it is truncated, its directory is missing: export or copy it again");
  return no_archive();
}

/// What the entries seen so far add up to.
class Budget {
 public:
  Budget(const CartridgeLimits& limits, std::uint64_t packed_bytes) : limits_(limits), packed_bytes_(packed_bytes) {}

  tl::expected<void, std::string> add_entry(std::uint64_t bytes) {
    if (++entries_ > limits_.entries)
      return wrong("it has more than {} entries, which is the limit: split the package", limits_.entries);
    return add_bytes(bytes);
  }
  tl::expected<void, std::string> add_bytes(std::uint64_t bytes) {
    total_ = bytes > limits_.total_bytes ? limits_.total_bytes + 1 : total_ + bytes;
    if (total_ > limits_.total_bytes)
      return wrong("it unpacks to more than {} bytes, which is the limit: split the package", limits_.total_bytes);
    if (total_ > limits_.ratio_from_bytes && total_ / std::max<std::uint64_t>(packed_bytes_, 1) >= limits_.ratio)
      return wrong("it unpacks to more than {} times its size, as an archive bomb does: do not trust it",
                   limits_.ratio);
    return {};
  }
  /// All that came out of the packing so far, headers and what was passed over included.
  tl::expected<void, std::string> unpacked_to(std::uint64_t bytes) {
    return bytes > total_ ? add_bytes(bytes - total_) : tl::expected<void, std::string>();
  }

 private:
  const CartridgeLimits& limits_;
  std::uint64_t packed_bytes_;
  std::uint64_t entries_ = 0;
  std::uint64_t total_ = 0;
};

/// The whole of the current entry. `declared` bytes of it are in the budget already.
tl::expected<std::string, std::string> read_content(archive* file, const std::string& name, std::uint64_t declared,
                                                    const CartridgeLimits& limits, Budget& budget) {
  std::string content;
  std::array<char, kBlockBytes> block{};
  for (;;) {
    const auto got = archive_read_data(file, block.data(), block.size());
    if (got < 0) return wrong("its entry '{}' is damaged ({}): export or copy it again", shown(name), text_of(file));
    if (got == 0) return content;
    content.append(block.data(), static_cast<std::size_t>(got));
    if (content.size() > limits.xml_bytes)
      return wrong("its entry '{}' unpacks to more than {} bytes, which is the limit for XML", shown(name),
                   limits.xml_bytes);
    if (content.size() > declared) {
      if (auto fits = budget.add_bytes(content.size() - declared); !fits)
        return tl::make_unexpected(std::move(fits.error()));
      declared = content.size();
    }
  }
}

}  // namespace

tl::expected<std::string, std::string> safe_name(std::string_view name) {
  const auto is_slash = [](char c) { return c == '/' || c == '\\'; };
  if (name.empty()) return wrong("is empty");
  if (is_slash(name.front())) return wrong("is absolute");
  std::string safe;
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::find_if(name.begin() + static_cast<std::ptrdiff_t>(at), name.end(), is_slash);
    const auto part = name.substr(at, static_cast<std::size_t>(end - name.begin()) - at);
    at += part.size() + 1;
    if (part == "..") return wrong("leads outside the package");
    if (part.empty() || part == ".") continue;
    if (!safe.empty()) safe += '/';
    safe += part;
  }
  if (safe.size() >= 2 && safe[1] == ':') return wrong("is absolute");  // a drive, also behind "./"
  return safe;
}

namespace {

/// An entry that is wanted must be what it seems to be.
tl::expected<void, std::string> check_wanted(archive_entry* entry, const std::string& name) {
  if (archive_entry_is_encrypted(entry) != 0)
    return wrong("its entry '{}' is encrypted: export it without a password", shown(name));
  // A hard link in a tar file may have bytes of its own, and says then that it is a plain file.
  if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr)
    return wrong("its entry '{}' is no plain file: export it again", shown(name));
  return {};
}

}  // namespace

tl::expected<void, std::string> scan_archive(const std::string& path, const CartridgeLimits& limits,
                                             const WantEntry& want, const TakeFile& take) {
  auto opened = open_archive(path);
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  auto* const file = opened->archive.get();
  std::error_code code;
  Budget budget(limits, std::filesystem::file_size(path, code));
  std::unordered_set<std::string> taken;
  archive_entry* entry = nullptr;
  for (bool is_first = true;; is_first = false) {
    const int next = archive_read_next_header(file, &entry);
    if (next == ARCHIVE_EOF) return {};
    if (is_first && opened->kind == Kind::tar_gz && next != ARCHIVE_OK && archive_format(file) == 0)
      return no_archive();
    if (next != ARCHIVE_OK && next != ARCHIVE_WARN) return wrong("{}", broken(file));
    const char* raw_name = archive_entry_pathname(entry);
    if (raw_name == nullptr) raw_name = archive_entry_pathname_utf8(entry);
    const auto name = safe_name(raw_name == nullptr ? "" : raw_name);
    if (!name)
      return wrong("the name of its entry '{}' {}: do not trust it", shown(raw_name == nullptr ? "" : raw_name),
                   name.error());
    const auto declared = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    if (auto fits = budget.add_entry(declared); !fits) return fits;
    if (opened->kind == Kind::tar_gz)
      if (auto fits = budget.unpacked_to(static_cast<std::uint64_t>(archive_filter_bytes(file, 0))); !fits) return fits;
    if (!want(*name)) continue;
    if (auto is_plain = check_wanted(entry, *name); !is_plain) return is_plain;
    if (!taken.insert(*name).second) return wrong("it has two entries named '{}': export it again", shown(*name));
    const auto content = read_content(file, *name, declared, limits, budget);
    if (!content) return tl::make_unexpected(content.error());
    if (auto done = take(*name, *content); !done) return done;
  }
}

}  // namespace host
