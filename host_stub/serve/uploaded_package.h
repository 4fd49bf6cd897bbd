// Course packages that come and go over HTTP: where they lie meanwhile, and how they are restored and written.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "http/upload_file.h"
#include "package_restore.h"
#include "serve/api.h"

namespace host {

/// In the state directory; made where it is not there. What an earlier process left in it is removed when the server
/// opens.
std::string upload_directory(const House& house);

/// What the form or the query says beside the package: id, map (one or more, white space between them), user_id,
/// not_before. Throws Refusal (wrong usage).
CourseRestore restore_in(const Call& call);
CopyTerms terms_in(const Call& call);

/// `course restore` of the file at `wanted.package`. What it says of the file calls it `name`; `kept` may own it.
Command restoring(CourseRestore wanted, const std::string& name, std::shared_ptr<const UploadFile> kept = nullptr);

/// A file that nothing has been written to, gone with its last owner. Throws Refusal.
std::shared_ptr<const UploadFile> new_package(const Serving& serving);
/// As the answer to a request: the file is offered under `name`. Throws Refusal.
Page download_page(const std::string& path, const std::string& name);

/// The packages that were exported last, until they are fetched or newer ones take their places.
class PackageShelf {
 public:
  struct Package {
    std::uint64_t job = 0;
    std::string name;
    std::shared_ptr<const UploadFile> file;
  };
  void put(Package package);
  /// Its `file` is null where there is none.
  Package find(std::uint64_t job);

 private:
  std::mutex mutex_;
  std::list<Package> packages_;  ///< newest first
};

}  // namespace host
