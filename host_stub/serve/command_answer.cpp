// See command_answer.h.
#include "serve/command_answer.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "output.h"

namespace host {

namespace {

/// A stream into memory.
class Memory {
 public:
  Memory() : stream_(::open_memstream(&bytes_, &size_)) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~Memory() {
    std::fclose(stream_);
    std::free(bytes_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  [[nodiscard]] std::FILE* stream() const { return stream_; }
  std::string text() {
    std::fflush(stream_);
    return {bytes_, size_};
  }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

}  // namespace

CommandAnswer run_command(GlobalOptions options, const Command& command) {
  constexpr std::string_view kName = "ptb-host: ";
  options.json = true;
  options.quiet = true;
  Memory out;
  Memory err;
  CommandAnswer answer;
  {
    const Console memory{out.stream(), err.stream(), -1, -1};
    const ConsoleScope here(memory);
    answer.status = command(options);
  }
  if (const auto text = out.text(); !text.empty()) answer.value = Json::parse(text);
  std::istringstream lines(err.text());
  for (std::string line; std::getline(lines, line);)
    answer.notes.push_back(line.starts_with(kName) ? line.substr(kName.size()) : line);
  return answer;
}

}  // namespace host
