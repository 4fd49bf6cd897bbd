// An LMS of short-lived processes: eight workers of php-fpm capture, one PHP program of the command line saves the
// tools and sends, and they have nothing in common but the store, in PostgreSQL.
#include "hosts/php_fpm.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "hosts/fast_cgi.h"
#include "postgres/recording_tool.h"
#include "support/postgres_server.h"
#include "support/processes.h"
#include "support/transaction_pooler.h"

namespace ptb::test {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int kWorkers = 8;
constexpr int kTools = 4;

class WithPrograms : public testing::Environment {
 public:
  void SetUp() override {
    const bool has_php = std::system("php -d ffi.enable=1 -r 'exit(extension_loaded(\"FFI\") ? 0 : 1);' 2>&1") == 0;
    if (has_php && !postgres_programs().empty() && !php_fpm_program().empty()) return;
    std::puts(
        "skipped: this wants php with FFI, php-fpm and a PostgreSQL server (Debian: php-cli, php-fpm, postgresql)");
    std::exit(77);
  }
};
const testing::Environment* const kPrograms = testing::AddGlobalTestEnvironment(new WithPrograms);

/// What a request answered; an answer that never came is empty.
struct Told {
  std::string operation;
  std::string answer;
  std::string id;
  std::string problem;
  std::map<std::string, double> milliseconds_of;
};

class ShortLived : public testing::Test {
 protected:
  ShortLived() {
    give_away(scratch_.path());
    // php-fpm is nobody, who may not be able to read the source tree.
    const fs::path sources = PTB_TEST_SOURCES;
    for (const fs::path& file :
         {fs::path(PTB_TEST_PLUGIN), fs::path(PTB_TEST_MODULE), sources / "hosts/php/request.php",
          sources / "hosts/php/ptbridge.php", sources / "../plugin/include/ptbridge/ptbridge.h"}) {
      fs::copy_file(file, scratch_.path(file.filename()));
      give_away(scratch_.path(file.filename()));
    }
    std::ostringstream text;
    text << std::ifstream(sources / "../docs/examples/tool.xml").rdbuf();
    for (int tool = 0; tool < kTools; ++tool) {
      std::string document = text.str();
      document.replace(document.find("8099", document.find("base-url type")), 4, std::to_string(tool_.port()));
      document.replace(document.find("<code>quiz"), 10, "<code>quiz" + std::to_string(tool));
      descriptors_.push_back(scratch_.file("tool" + std::to_string(tool) + ".xml", document));
    }
    fpm_ = std::make_unique<PhpFpm>(scratch_.path(), kWorkers);
  }

  void start_worker() {
    const std::string header = scratch_.path("ptbridge.h");
    std::vector<std::string> command = {"/usr/bin/env",
                                        "php",
                                        "-d",
                                        "ffi.enable=1",
                                        std::string(PTB_TEST_SOURCES) + "/hosts/php/standing_worker.php",
                                        scratch_.path("ptbridge.so"),
                                        uri_,
                                        "a shared secret",
                                        header};
    command.insert(command.end(), descriptors_.begin(), descriptors_.end());
    worker_ = std::make_unique<Process>(command);
    const auto deadline = steady_clock::now() + seconds(60);
    const auto ready = [&] {
      return ask("SELECT to_regclass('ptbridge.tool') IS NOT NULL") == "t" &&
             ask("SELECT count(*) FROM ptbridge.tool WHERE state = 'available'") == std::to_string(kTools);
    };
    while (!ready() && steady_clock::now() < deadline && worker_->running())
      std::this_thread::sleep_for(milliseconds(20));
    ASSERT_TRUE(ready()) << worker_->wait(seconds(0)).err;
  }

  Told request(const std::string& uri, int number) {
    const std::string operation = "restore-" + std::to_string(number);
    const std::string query = "operation=" + operation + "&tool=quiz" + std::to_string(number % kTools);
    const std::string body = ask_fast_cgi(fpm_->socket(), {{"GATEWAY_INTERFACE", "CGI/1.1"},
                                                           {"REQUEST_METHOD", "GET"},
                                                           {"SCRIPT_FILENAME", scratch_.path("request.php")},
                                                           {"QUERY_STRING", query},
                                                           {"PTB_PLUGIN", scratch_.path("ptbridge.so")},
                                                           {"PTB_HEADER", scratch_.path("ptbridge.h")},
                                                           {"PTB_STORE", uri}});
    Told told;
    told.operation = operation;
    if (body.empty()) return told;
    const Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded()) {
      told.problem = body;
      return told;
    }
    told.answer = json.value("answer", "");
    told.id = json.value("id", "");
    told.problem = json.value("problem", "");
    for (const char* step : {"load", "open", "capture", "close"})
      if (json.contains(step)) told.milliseconds_of[step] = json[step];
    return told;
  }

  /// `first` … `last` - 1, by eight clients at a time.
  std::vector<Told> requests(const std::string& uri, int first, int last) {
    std::atomic<int> next = first;
    std::mutex mutex;
    std::vector<Told> all;
    std::vector<std::thread> clients;
    for (int client = 0; client < kWorkers; ++client)
      clients.emplace_back([&] {
        for (int number = next++; number < last; number = next++) {
          Told told = request(uri, number);
          const std::lock_guard lock(mutex);
          all.push_back(std::move(told));
        }
      });
    for (std::thread& client : clients) client.join();
    return all;
  }

  std::string ask(const std::string& sql) const { return server_.ask(database_, sql); }

  void drain() {
    const char* const left =
        "SELECT count(*) FROM ptbridge.event JOIN ptbridge.lane ON lane.id = place >> 40 "
        "WHERE state = 0 AND (place & 1099511627775) > mark";
    const auto deadline = steady_clock::now() + seconds(60);
    while (ask(left) != "0" && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(ask(left), "0") << ask("SELECT string_agg(DISTINCT error, chr(10)) FROM ptbridge.walk");
  }

  /// All that was accepted is stored, and all that is stored was heard: the first time in its lane's order, and no more
  /// often than walks have included it.
  void judge(const std::set<std::string>& accepted) {
    struct Event {
      std::int64_t lane;
      std::int64_t sequence;
      int walks;
    };
    std::map<std::string, Event> events;
    std::istringstream rows(
        ask("SELECT coalesce(string_agg(encode(event_id, 'hex')::uuid || ' ' || (place >> 40) || ' ' || "
            "(place & 1099511627775) || ' ' || (SELECT count(*) FROM ptbridge.walk WHERE lane = place >> 40 AND "
            "(place & 1099511627775) BETWEEN first AND last), ' '), '') FROM ptbridge.event WHERE kind < 12"));
    Event event{};
    for (std::string id; rows >> id >> event.lane >> event.sequence >> event.walks;) events.emplace(id, event);
    for (const std::string& id : accepted) EXPECT_TRUE(events.contains(id)) << id << " was accepted and is not stored";
    std::map<std::string, int> heard;
    std::map<std::int64_t, std::int64_t> last;
    for (const auto& one : tool_.heard()) {
      const auto found = events.find(one.event);
      if (found == events.end() || ++heard[one.event] > 1) continue;
      EXPECT_GT(found->second.sequence, last[found->second.lane]) << "out of order";
      last[found->second.lane] = found->second.sequence;
    }
    for (const auto& [id, stored] : events) {
      EXPECT_GE(heard[id], 1) << id << " was never heard";
      EXPECT_LE(heard[id], stored.walks) << id << " was heard more often than walks explain";
    }
    EXPECT_EQ(last.size(), static_cast<std::size_t>(kTools));
  }

  static void print_times(const std::string& what, const std::vector<Told>& all) {
    const auto line = [&](const std::string& name, const std::vector<std::string>& steps) {
      std::vector<double> sums;
      for (const Told& told : all) {
        double sum = 0;
        for (const std::string& step : steps)
          sum += told.milliseconds_of.contains(step) ? told.milliseconds_of.at(step) : 0;
        sums.push_back(sum);
      }
      std::sort(sums.begin(), sums.end());
      std::printf("%s: %s takes %.1f ms (median), %.1f ms (95 of 100)\n", what.c_str(), name.c_str(),
                  sums.at(sums.size() / 2), sums.at(sums.size() * 95 / 100));
    };
    for (const char* step : {"load", "open", "capture", "close"}) line(step, {step});
    line("open + capture + close", {"open", "capture", "close"});
  }

  Scratch scratch_;
  PostgresServer server_{PostgresServerOptions{true, {}}};
  std::string database_ = server_.new_database();
  std::string uri_ = server_.uri(database_);
  RecordingTool tool_;
  std::vector<std::string> descriptors_;
  std::unique_ptr<PhpFpm> fpm_;
  std::unique_ptr<Process> worker_;
};

TEST_F(ShortLived, EightCaptureAndOneSends) {
  constexpr int kRequests = 400;
  start_worker();
  const auto told = requests(uri_, 0, kRequests);
  drain();
  std::set<std::string> accepted;
  for (const Told& one : told) {
    EXPECT_EQ(one.answer, "new") << one.operation << ": " << one.problem;
    accepted.insert(one.id);
  }
  EXPECT_EQ(accepted.size(), static_cast<std::size_t>(kRequests));
  judge(accepted);
  const std::size_t before = tool_.count();
  for (const Told& again : requests(uri_, 0, 40)) {
    EXPECT_EQ(again.answer, "duplicate") << again.operation << ": " << again.problem;
    EXPECT_TRUE(accepted.contains(again.id)) << "the same operation, and another event";
  }
  drain();
  EXPECT_EQ(tool_.count(), before);
  print_times("directly", told);
  worker_->signal(SIGTERM);
  EXPECT_EQ(worker_->wait().status, 0);
}

TEST_F(ShortLived, ThroughAPooler) {
  if (pooler_program().empty()) GTEST_SKIP() << "there is no pgbouncer here";
  const TransactionPooler pooler(server_, kWorkers);
  start_worker();
  const auto told = requests(pooler.uri(database_), 0, 200);
  drain();
  std::set<std::string> accepted;
  for (const Told& one : told) {
    EXPECT_EQ(one.answer, "new") << one.operation << ": " << one.problem;
    accepted.insert(one.id);
  }
  judge(accepted);
  print_times("through pgbouncer", told);
}

/// A request that was cut off in the middle is done again by the LMS, which knows of its operation but not how far it
/// came.
TEST_F(ShortLived, AWorkerOfPhpFpmIsKilledInTheMiddleOfARequest) {
  constexpr int kRequests = 240;
  constexpr int kKills = 12;
  start_worker();
  std::atomic<bool> over = false;
  int kills = 0;
  std::thread killer([&] {
    std::minstd_rand chance(1);
    for (; kills < kKills && !over; ++kills) {
      std::this_thread::sleep_for(milliseconds(30 + chance() % 60));
      const auto workers = fpm_->workers();
      if (!workers.empty()) kill(workers[chance() % workers.size()], SIGKILL);
    }
  });
  auto told = requests(uri_, 0, kRequests);
  over = true;
  killer.join();
  std::set<std::string> accepted;
  int cut_off = 0;
  int stored_all_the_same = 0;
  for (Told& one : told) {
    const bool answered = !one.answer.empty();
    const int number = std::stoi(one.operation.substr(one.operation.find('-') + 1));
    for (int attempt = 0; one.answer.empty() && attempt < 20; ++attempt) one = request(uri_, number);
    EXPECT_TRUE(one.answer == "new" || (!answered && one.answer == "duplicate")) << one.answer << one.problem;
    if (!answered) ++cut_off;
    if (!answered && one.answer == "duplicate") ++stored_all_the_same;
    accepted.insert(one.id);
  }
  EXPECT_EQ(accepted.size(), static_cast<std::size_t>(kRequests));
  drain();
  judge(accepted);
  std::printf("%d workers were killed, %d requests were cut off, and %d of these had been stored\n", kills, cut_off,
              stored_all_the_same);
  EXPECT_GT(cut_off, 0) << "no request was cut off: nothing was shown";
}

}  // namespace

}  // namespace ptb::test
