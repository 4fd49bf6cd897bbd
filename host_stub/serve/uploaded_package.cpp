// See uploaded_package.h.
#include "serve/uploaded_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "commands.h"

namespace host {

namespace {

constexpr std::size_t kMostKept = 8;

/// What somebody who sent a file has never heard of is where it lies here.
std::string with_name(std::string text, const std::string& path, const std::string& name) {
  for (auto at = text.find(path); at != std::string::npos; at = text.find(path, at + name.size()))
    text.replace(at, path.size(), name);
  return text;
}

}  // namespace

std::string upload_directory(const House& house) {
  const auto directory = house.directory() / "uploads";
  std::error_code code;
  if (std::filesystem::create_directory(directory, code))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, code);
  if (code) refuse("cannot make {}: {}", directory.string(), code.message());
  return directory.string();
}

CourseRestore restore_in(const Call& call) {
  const auto terms = terms_in(call);
  CourseRestore wanted;
  wanted.course_id = call.value("id");
  wanted.user_id = terms.user_id;
  wanted.not_before_ms = terms.not_before_ms;
  std::istringstream maps(call.value("map"));
  for (std::string map; maps >> map;) wanted.maps.push_back(map);
  return wanted;
}

CopyTerms terms_in(const Call& call) {
  CopyTerms terms{call.value("user_id"), 0};
  if (const auto at = call.value("not_before"); !at.empty()) terms.not_before_ms = moment_option("not_before", at);
  return terms;
}

Command restoring(CourseRestore wanted, const std::string& name, std::shared_ptr<const UploadFile> kept) {
  return [wanted = std::move(wanted), name, kept = std::move(kept)](const GlobalOptions& options) {
    try {
      return course_restore(options, wanted);
    } catch (const Refusal& refusal) {
      const std::string text = refusal.what();
      const auto named = with_name(text, wanted.package, name);
      if (named == text) throw;
      throw Refusal(refusal.exit_status(), named);
    }
  };
}

std::shared_ptr<const UploadFile> new_package(const Serving& serving) {
  auto made = UploadFile::create(upload_directory(*serving.options.house));
  if (!made) refuse("{}", made.error());
  return std::move(*made);
}

Page download_page(const std::string& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (!file || !(bytes << file.rdbuf())) refuse("the package cannot be read back: export the course again");
  return {200,
          "application/zip",
          bytes.str(),
          {{"Content-Disposition", fmt::format("attachment; filename=\"{}\"", name)}, {"Cache-Control", "no-store"}}};
}

void PackageShelf::put(Package package) {
  const std::lock_guard lock(mutex_);
  packages_.push_front(std::move(package));
  if (packages_.size() > kMostKept) packages_.pop_back();
}

PackageShelf::Package PackageShelf::find(std::uint64_t job) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(packages_.begin(), packages_.end(), [&](const auto& one) { return one.job == job; });
  return found == packages_.end() ? Package{} : *found;
}

}  // namespace host
