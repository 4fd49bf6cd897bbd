#include "http/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "http/media_type.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr std::size_t kMostBoundaryBytes = 70;  // RFC 2046
constexpr std::size_t kMostNameBytes = 200;
constexpr std::string_view kLine = "\r\n";

/// Why the form cannot be read.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <typename... Values>
[[noreturn]] void unreadable(fmt::format_string<Values...> format, Values&&... values) {
  throw Unreadable(fmt::format(format, std::forward<Values>(values)...));
}

std::string header_of(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

std::string boundary_of(const Request& request) {
  auto boundary = media_parameter(header_of(request, "content-type"), "boundary").value_or("");
  const bool plain = std::all_of(boundary.begin(), boundary.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (boundary.empty() || boundary.size() > kMostBoundaryBytes || !plain)
    unreadable("its Content-Type wants a boundary of 1 to {} letters", kMostBoundaryBytes);
  return boundary;
}

/// The body, piece by piece, with what has not been used yet.
class Body {
 public:
  explicit Body(const Request& request) : memory_(request.body) {
    if (request.body_file.empty()) return;
    file_.open(request.body_file, std::ios::binary);
    if (!file_) unreadable("its body cannot be read");
  }
  /// False at the end.
  bool fetch() {
    rest_.erase(0, std::exchange(used_, 0));
    if (!file_.is_open()) {
      rest_.append(memory_.substr(0, kPieceBytes));
      const auto taken = std::min(kPieceBytes, memory_.size());
      memory_.remove_prefix(taken);
      return taken > 0;
    }
    const auto before = rest_.size();
    rest_.resize(before + kPieceBytes);
    file_.read(rest_.data() + before, kPieceBytes);
    rest_.resize(before + static_cast<std::size_t>(file_.gcount()));
    if (file_.bad()) unreadable("its body cannot be read");
    return rest_.size() > before;
  }
  /// At least so many bytes, unless it ends before.
  std::string_view ahead(std::size_t wanted) {
    while (rest_.size() - used_ < wanted && fetch()) {
    }
    return std::string_view(rest_).substr(used_);
  }
  void use(std::size_t bytes) { used_ += bytes; }
  void put_back(std::string_view text) { rest_.insert(0, text); }

 private:
  std::string_view memory_;
  std::ifstream file_;
  std::string rest_;
  std::size_t used_ = 0;
};

/// Browsers escape these three in the names of fields and files, and nothing else.
std::string unescaped(std::string text) {
  constexpr std::array<std::pair<std::string_view, char>, 3> kEscapes = {{{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
  for (const auto& [escape, meant] : kEscapes)
    for (auto at = text.find(escape); at != std::string::npos; at = text.find(escape, at + 1))
      text.replace(at, escape.size(), 1, meant);
  return text;
}

class Reading {
 public:
  Reading(const Request& request, const MultipartLimits& limits)
      : limits_(limits),
        delimiter_("\r\n--" + boundary_of(request)),
        directory_(request.body_file.substr(0, request.body_file.rfind('/'))),
        takes_files_(!request.body_file.empty()),
        body_(request) {}

  MultipartForm run() {
    body_.put_back(kLine);  // so that the first boundary is as the others
    content([](std::string_view before) {
      if (!before.empty()) unreadable("it does not begin with its boundary");
    });
    while (!is_end()) part();
    if (const auto after = body_.ahead(kLine.size() + 1); !after.empty() && after != kLine)
      unreadable("something follows its end");
    return std::move(form_);
  }

 private:
  std::string where() const {
    return field_.empty() ? fmt::format("part {}", ordinal_)
                          : fmt::format("part {} ('{}')", ordinal_, shown(field_, 60));
  }

  /// What follows a boundary: another part, or the end.
  bool is_end() {
    const auto next = body_.ahead(2).substr(0, 2);
    if (next != kLine && next != "--") unreadable("its boundary stands inside {}, or is cut off there", where());
    body_.use(2);
    return next == "--";
  }

  void part() {
    ++ordinal_;
    field_.clear();
    const auto head = read_head();
    const auto disposition = head.find("content-disposition");
    if (disposition == head.end() || media_type(disposition->second) != "form-data")
      unreadable("{} has no Content-Disposition: form-data", where());
    field_ = unescaped(media_parameter(disposition->second, "name").value_or(""));
    if (field_.empty() || field_.size() > kMostNameBytes || !is_utf8(field_))
      unreadable("{} wants a name of 1 to {} bytes of UTF-8", where(), kMostNameBytes);
    if (!names_.insert(field_).second) unreadable("'{}' comes twice", shown(field_, 60));
    const auto type = head.find("content-type");
    if (type != head.end() && media_type(type->second).starts_with("multipart/"))
      unreadable("{} has parts of its own: send each file as a part of the form", where());
    if (head.contains("content-transfer-encoding"))
      unreadable("{} is encoded: send it as it is, without Content-Transfer-Encoding", where());
    // A file that a person left empty has an empty name.
    if (const auto file = media_parameter(disposition->second, "filename"))
      read_file(unescaped(*file));
    else
      read_field();
  }

  std::map<std::string, std::string> read_head() {
    std::map<std::string, std::string> head;
    for (std::size_t bytes = 0;;) {
      const auto ahead = body_.ahead(limits_.head_bytes - bytes);
      const auto end = ahead.substr(0, limits_.head_bytes - bytes).find(kLine);
      if (end == std::string_view::npos)
        unreadable("the headers of {} have no end within {} bytes", where(), limits_.head_bytes);
      const std::string line(ahead.substr(0, end));
      body_.use(end + kLine.size());
      bytes += end + kLine.size();
      if (line.empty()) return head;
      const auto colon = line.find(':');
      auto name = media_type(std::string_view(line).substr(0, colon));
      if (colon == std::string::npos || colon == 0 || line.front() == ' ' || line.front() == '\t')
        unreadable("{} has a header without a name", where());
      if (!head.emplace(std::move(name), line.substr(colon + 1)).second) unreadable("{} has a header twice", where());
    }
  }

  void read_field() {
    if (form_.fields.size() >= limits_.fields) unreadable("it has more than {} fields", limits_.fields);
    std::string value;
    content([&](std::string_view piece) {
      field_bytes_ += piece.size();
      if (field_bytes_ > limits_.field_bytes)
        unreadable("its fields have more than {} bytes together", limits_.field_bytes);
      value += piece;
    });
    if (!is_utf8(value)) unreadable("{} is not UTF-8", where());
    form_.fields.emplace_back(field_, std::move(value));
  }

  void read_file(std::string name) {
    FormFile file{field_, name.substr(name.find_last_of("/\\") + 1), 0, nullptr};
    if (!is_utf8(file.name) || file.name.size() > kMostNameBytes) file.name.clear();
    std::shared_ptr<UploadFile> kept;
    content([&](std::string_view piece) {
      if (piece.empty()) return;
      if (!kept) kept = new_file();
      file.bytes += piece.size();
      if (const auto written = kept->append(piece); !written) unreadable("{}", written.error());
    });
    if (name.empty() && file.bytes == 0) return;
    file.content = kept ? kept : new_file();
    form_.files.push_back(std::move(file));
  }

  std::shared_ptr<UploadFile> new_file() const {
    if (!takes_files_) unreadable("no file is taken here, and {} is one", where());
    if (form_.files.size() >= limits_.files) unreadable("it has more than {} files", limits_.files);
    auto made = UploadFile::create(directory_);
    if (!made) unreadable("{}", made.error());
    return std::move(*made);
  }

  /// Gives what comes before the next boundary to `take`, and goes behind that boundary.
  template <typename Take>
  void content(const Take& take) {
    for (;;) {
      const auto ahead = body_.ahead(delimiter_.size());
      if (const auto at = ahead.find(delimiter_); at != std::string_view::npos) {
        take(ahead.substr(0, at));
        return body_.use(at + delimiter_.size());
      }
      // The last bytes may be the beginning of a boundary.
      const auto sure = ahead.size() < delimiter_.size() ? 0 : ahead.size() - delimiter_.size() + 1;
      take(ahead.substr(0, sure));
      body_.use(sure);
      if (!body_.fetch())
        ordinal_ == 0 ? unreadable("it does not begin with its boundary")
                      : unreadable("it ends inside {}: it was cut off", where());
    }
  }

  const MultipartLimits& limits_;
  const std::string delimiter_;
  const std::string directory_;
  const bool takes_files_;
  Body body_;
  MultipartForm form_;
  std::size_t ordinal_ = 0;
  std::string field_;
  std::set<std::string> names_;
  std::size_t field_bytes_ = 0;
};

}  // namespace

bool is_multipart(const Request& request) {
  return media_type(header_of(request, "content-type")) == "multipart/form-data";
}

tl::expected<MultipartForm, std::string> read_multipart(const Request& request, const MultipartLimits& limits) {
  try {
    return Reading(request, limits).run();
  } catch (const Unreadable& problem) {
    return tl::make_unexpected(std::string(problem.what()));
  }
}

}  // namespace host
