// A place for an embedded store, with a look at its file from outside.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "core/fault_point.h"
#include "store/sqlite_store.h"
#include "tests/contract/scratch_directory.h"

namespace ptb::test {

class FixedRandom final : public Random {
 public:
  void fill(std::span<unsigned char> bytes) override {
    for (auto& byte : bytes) byte = 0xAB;
  }
};

inline Result<std::unique_ptr<SqlStore>> open_store(const std::string& path, bool migrate = true) {
  FixedRandom random;
  return open_sqlite_store({.path = path, .migrate = migrate}, random);
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Runs SQL as another program would; the result code of the last statement.
inline int run_sql(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  return code;
}

inline void expect_error(const Result<std::unique_ptr<SqlStore>>& opened, Status status, const std::string& path) {
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().status, status) << opened.error().text;
  EXPECT_NE(opened.error().text.find(path), std::string::npos) << opened.error().text;
  EXPECT_EQ(opened.error().text.find('\n'), std::string::npos) << opened.error().text;
}

inline CaptureItem event_to(const std::string& program, int number) {
  CaptureItem item;
  item.event.id.data[0] = static_cast<std::uint8_t>(number);
  item.event.id.data[1] = static_cast<std::uint8_t>(number >> 8);
  item.event.kind = EventKind::course_imported;
  item.event.locator = {"acme", program};
  item.event.arguments = encode_pairs({{"course_id", std::string(1500, 'x')}});
  item.event.captured_at_ms = 1'700'000'000'000;
  item.settings = "6:system,5:color," + std::to_string(number);
  return item;
}

/// `count` events in one call.
inline Result<void> capture_events(Store& store, const std::string& program, int first, int count) {
  CaptureBatch batch;
  for (int number = first; number < first + count; ++number) batch.items.push_back(event_to(program, number));
  CaptureBatch* const batches[] = {&batch};
  return store.capture(batches, [](const CaptureItem&, const Tool*, const Lane*, bool) {
    return CaptureDecision{CaptureDecision::Verdict::defer, Deferral::not_installed, {}};
  });
}

/// Dies at the named point in a child process that opens the store and captures.
inline void die_at(const char* point, const std::string& path) {
  static const char* fatal;
  fatal = point;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    fault_point_hook = [](const char* name) {
      if (std::string_view(name) == fatal) ::_exit(7);
    };
    auto store = open_store(path);
    if (store) static_cast<void>(capture_events(**store, "quiz", 1, 3));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << "the child never came to " << point;
}

}  // namespace ptb::test
