// Reads a form that carries files: multipart/form-data (RFC 7578), as browsers write it and no wider. Holds small
// pieces of it in memory, whatever its size. Knows nothing of what fields mean.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "http/message.h"
#include "http/upload_file.h"

namespace host {

/// A file that came with a form.
struct FormFile {
  std::string field;
  std::string name;  ///< what the sender calls it, without folders: for showing, never for a path
  std::uint64_t bytes = 0;
  std::shared_ptr<const UploadFile> content;  ///< beside Request::body_file, mode 0600; gone with its last owner
};

struct MultipartForm {
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<FormFile> files;  ///< without those that a person left empty
};

/// Beyond any of them the form cannot be read.
struct MultipartLimits {
  std::size_t fields = 100;
  std::size_t field_bytes = 1024ULL * 1024;  ///< of all fields together
  std::size_t files = 4;
  std::size_t head_bytes = 4096;  ///< of the headers of one part
};

bool is_multipart(const Request& request);

/// Files are taken only where the request came as a file. The error is one line: an end or a header that is missing,
/// text that is not UTF-8, a field that comes twice, a part within a part, a limit.
tl::expected<MultipartForm, std::string> read_multipart(const Request& request, const MultipartLimits& limits = {});

}  // namespace host
