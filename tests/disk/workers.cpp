#include "disk/workers.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <thread>

namespace ptb::test {

namespace {

constexpr std::size_t kMostWorkers = 4;

struct Board {
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> under_way[kMostWorkers] = {};
};

[[noreturn]] void work(Board& board, std::size_t worker, std::size_t jobs, int to,
                       const std::function<std::vector<std::string>(std::size_t)>& run) {
  FILE* const said = ::fdopen(to, "w");
  for (std::size_t job = board.next++; job < jobs; job = board.next++) {
    board.under_way[worker] = job;
    try {
      for (const std::string& line : run(job)) std::fprintf(said, "%s\n", line.c_str());
    } catch (const std::exception& problem) {
      std::fprintf(said, "job %zu: %s\n", job, problem.what());
    }
    std::fflush(said);
  }
  ::_exit(0);
}

}  // namespace

std::vector<std::string> in_workers(std::size_t jobs,
                                    const std::function<std::vector<std::string>(std::size_t job)>& run) {
  void* const shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no memory to share with workers");
  auto* const board = new (shared) Board;
  std::fflush(stdout);
  struct Worker {
    pid_t id;
    int from;
  };
  std::vector<Worker> workers;
  const std::size_t wanted =
      std::min<std::size_t>({kMostWorkers, std::max(1U, std::thread::hardware_concurrency()), jobs});
  for (std::size_t worker = 0; worker < wanted; ++worker) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe for a worker");
    const pid_t id = ::fork();
    if (id < 0) throw std::runtime_error("no process for a worker");
    if (id == 0) work(*board, worker, jobs, ends[1], run);
    ::close(ends[1]);
    workers.push_back({id, ends[0]});
  }
  std::vector<std::string> lines;
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    FILE* const said = ::fdopen(workers[worker].from, "r");
    char* line = nullptr;
    std::size_t room = 0;
    for (ssize_t size = 0; (size = ::getline(&line, &room, said)) > 0;)
      lines.emplace_back(line, static_cast<std::size_t>(size) - 1);
    std::free(line);
    std::fclose(said);
    int status = 0;
    ::waitpid(workers[worker].id, &status, 0);
    if (status != 0)
      lines.push_back("job " + std::to_string(board->under_way[worker]) + ": its process ended with status " +
                      std::to_string(status));
  }
  ::munmap(shared, sizeof(Board));
  return lines;
}

}  // namespace ptb::test
