#include "disk/stage.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "disk/old_file.h"

namespace ptb::test {

namespace {

namespace fs = std::filesystem;

sqlite3* newest = nullptr;

int note_connection(sqlite3* handle, char**, const void*) {
  newest = handle;
  return SQLITE_OK;
}

}  // namespace

Floor::Floor() {
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(note_connection));
  const fs::path memory("/dev/shm");
  std::error_code ignored;
  const fs::path root = fs::is_directory(memory, ignored) ? memory : fs::temp_directory_path();
  path_ = (root / "ptb-disk-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory for the test: " + path_);
}

Floor::~Floor() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Files Floor::take() const {
  Files files;
  for (const auto& entry : fs::directory_iterator(path_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  return files;
}

void Floor::put(const Files& files) const {
  for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
  for (const auto& [name, bytes] : files)
    std::ofstream(path_ + "/" + name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

sqlite3* newest_connection() { return newest; }

void run_on_newest_connection(const std::string& sql) {
  if (sqlite3_exec(newest, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sql + ": " + sqlite3_errmsg(newest));
}

Stage::Stage(Story story, unsigned seed) : story_(std::move(story)) {
  memory_.chance.seed(seed);
  if (story_.schema != 0) memory_.next = make_old_file(floor_.store(), story_.schema, prepared_) + 1;
  Player player(
      floor_.store(), prepared_, [] { return DiskTime{0}; }, memory_);
  player.when_open = [] { run_on_newest_connection("PRAGMA synchronous = OFF"); };
  story_.prepare(player);
  if (!player.errors.empty()) throw std::runtime_error(story_.name + ": " + player.errors.front().text);
  // A store that the story has abandoned is left with its log.
  if (player.is_open()) player.close();
  before_ = floor_.take();
  memory_ = player.memory();
}

Performance Stage::perform(const Mishaps& mishaps) {
  floor_.put(before_);
  Performance performance;
  performance.ledger = prepared_;
  performance.ledger.play();
  Recorder recorder(floor_.path());
  recorder.plan = mishaps.disk;
  Player player(
      floor_.store(), performance.ledger, [&] { return DiskTime{recorder.moment()}; }, memory_);
  player.slip = mishaps.slip;
  player.when_done = mishaps.when_done;
  player.before_close = mishaps.before_close;
  player.tries = mishaps.tries;
  player.when_open = [&] {
    if (story_.checkpoint_pages != 0)
      run_on_newest_connection("PRAGMA wal_autocheckpoint = " + std::to_string(story_.checkpoint_pages));
    if (!mishaps.sql.empty()) run_on_newest_connection(mishaps.sql);
  };
  story_.play(player);
  if (mishaps.before_end) mishaps.before_end();
  performance.steps = recorder.steps();
  performance.errors = player.errors;
  return performance;
}

}  // namespace ptb::test
