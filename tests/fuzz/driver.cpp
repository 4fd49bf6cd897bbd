// Stands in for libFuzzer where there is no clang: hands a target its corpus, then seeded random changes of it, for a
// few thousand runs or seconds. Learns nothing from coverage; that is libFuzzer's trade. An input that ends the process
// is left behind as a file.
//
//   fuzz_NAME [--seed N] [--runs N] [--seconds N] CORPUS_DIRECTORY|INPUT_FILE|NAME.dict...
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t kMaxInputBytes = 8192;

struct Order {
  std::uint64_t seed = 1;
  std::uint64_t runs = 100'000;
  int seconds = 2;
  std::vector<std::string> corpus;
  std::vector<std::string> words;
};

// What is being run, for the file that is left behind.
const char* current_bytes = nullptr;
std::size_t current_size = 0;
char keep_as[256];

void keep_input() {
  const int file = open(keep_as, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  if (write(file, current_bytes, current_size) == static_cast<ssize_t>(current_size)) {
    constexpr char kSays[] = "fuzz: the input that did it is kept: ";
    (void)!write(STDERR_FILENO, kSays, sizeof kSays - 1);
    (void)!write(STDERR_FILENO, keep_as, std::strlen(keep_as));
    (void)!write(STDERR_FILENO, "\n", 1);
  }
  close(file);
}

void on_fatal_signal(int number) {
  keep_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void watch_for_the_end() {
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(keep_input);
    std::signal(SIGABRT, on_fatal_signal);
    return;
  }
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_fatal_signal);
}

void run(const std::string& input) {
  // A block of its own, so that a sanitizer sees a byte read behind it.
  const auto copy = std::make_unique<std::uint8_t[]>(input.size());
  std::copy(input.begin(), input.end(), copy.get());
  current_bytes = input.data();
  current_size = input.size();
  LLVMFuzzerTestOneInput(copy.get(), input.size());
}

/// Changes inputs at random.
class Mutator {
 public:
  explicit Mutator(const Order& order) : order_(order), random_(order.seed) {}

  std::string next() {
    std::string input = pick(order_.corpus);
    for (std::size_t times = 1 + below(6); times > 0; --times) change(input);
    if (input.size() > kMaxInputBytes) input.resize(kMaxInputBytes);
    return input;
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void change(std::string& input) {
    const std::size_t at = below(input.size() + 1);
    const std::size_t length = std::min(below(16) + 1, input.size() - at);
    switch (below(8)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(random_());
        break;
      case 2: input.erase(at, length); break;
      case 3: input.insert(at, std::string(below(12) + 1, static_cast<char>(random_()))); break;
      case 4: input.insert(below(input.size() + 1), input.substr(at, below(200))); break;
      case 5: {
        const std::string& other = pick(order_.corpus);
        input.replace(at, length, other.substr(below(other.size() + 1), below(120)));
        break;
      }
      case 6: {
        constexpr const char* kNumbers[] = {"0", "-1", "255", "65536", "2147483648", "18446744073709551615", "1e9999"};
        input.replace(at, length, kNumbers[below(std::size(kNumbers))]);
        break;
      }
      default:
        if (!order_.words.empty()) input.replace(at, below(2) == 0 ? 0 : length, pick(order_.words));
        break;
    }
  }

  const Order& order_;
  std::mt19937_64 random_;
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "fuzz: cannot read %s: name a file or a directory\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The words of a dictionary as libFuzzer reads it: lines "word" or name="word", with \\, \" and \xHH.
void add_words(const std::filesystem::path& path, std::vector<std::string>& words) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto begin = line.find('"');
    const auto end = line.rfind('"');
    if (line.starts_with('#') || begin == std::string::npos || end == begin) continue;
    std::string word;
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (line[i] == '\\' && line[i + 1] == 'x') {
        word.push_back(static_cast<char>(std::strtoul(line.substr(i + 2, 2).c_str(), nullptr, 16)));
        i += 3;
      } else {
        word.push_back(line[i] == '\\' ? line[++i] : line[i]);
      }
    }
    words.push_back(word);
  }
}

void add_inputs(const std::string& path, Order& order) {
  if (path.ends_with(".dict")) return add_words(path, order.words);
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  } else {
    files.emplace_back(path);
  }
  for (const auto& file : files) order.corpus.push_back(content_of(file));
}

Order read_order(int count, char** words) {
  Order order;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto number = [&] { return i + 1 < count ? std::strtoull(words[++i], nullptr, 10) : 0; };
    if (word == "--seed")
      order.seed = number();
    else if (word == "--runs")
      order.runs = number();
    else if (word == "--seconds")
      order.seconds = static_cast<int>(number());
    else
      add_inputs(word, order);
  }
  return order;
}

}  // namespace

int main(int count, char** words) {
  const Order order = read_order(count, words);
  if (order.corpus.empty()) {
    std::fprintf(stderr, "usage: %s [--seed N] [--runs N] [--seconds N] CORPUS_DIRECTORY|INPUT_FILE|NAME.dict...\n",
                 words[0]);
    return 2;
  }
  const auto name = std::filesystem::path(words[0]).filename().string();
  std::snprintf(keep_as, sizeof keep_as, "%s.crash-%d", name.c_str(), static_cast<int>(getpid()));
  watch_for_the_end();

  for (const auto& input : order.corpus) run(input);
  Mutator mutator(order);
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  std::uint64_t done = 0;
  for (; done < order.runs && seconds() < order.seconds; ++done) run(mutator.next());
  std::printf("%s: %zu inputs and %llu changed ones, seed %llu, %.1f s\n", name.c_str(), order.corpus.size(),
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(order.seed), seconds());
  return 0;
}
