// Stands between a client of PostgreSQL and its server, on sockets in directories, and cuts connections where a test
// wants it: it knows where a message of the client's ends, and nothing else of the protocol. Counts what passes.
//
// Messages are counted from 1 from the moment a cut was asked for, over all connections, without those that start a
// connection.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace ptb::test {

class CuttingProxy {
 public:
  /// `directory`: must be there; the proxy's own socket is made in it. `server`: path of the server's.
  CuttingProxy(const std::string& directory, std::string server);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  /// Message n does not reach the server.
  void cut_before(std::int64_t n) { arm(Cut::before, n); }
  /// Message n reaches the server, but no answer that was not there before reaches the client. Of a message that asks
  /// for the answers to all before it, the server has done what it says before its connection ends.
  void cut_after(std::int64_t n) { arm(Cut::after, n); }
  /// The client is cut off before message n; the server gets that, and what came with it, at release().
  void hold_from(std::int64_t n) { arm(Cut::hold, n); }
  void release();
  void cut_all();
  /// Nobody gets through until it is called again with false.
  void refuse(bool refused);

  std::int64_t messages();                   ///< since it was asked last
  std::int64_t round_trips();                ///< times that the client asked for all answers, since it was asked last
  [[nodiscard]] std::int64_t connections();  ///< ever
  [[nodiscard]] bool is_armed();             ///< a cut that was asked for has not happened yet

 private:
  enum class Cut { none, before, after, hold };
  struct Pair {
    int client = -1;
    int server = -1;
    bool started = false;  ///< the client's first message has passed
    bool dying = false;    ///< the client is gone, the server's last answer is awaited
    std::string from_client;
    std::string held;
    std::string tail;  ///< of what the server has sent
  };
  void arm(Cut cut, std::int64_t n);
  void serve();
  void accept_one();
  void close_pair(Pair& pair);
  void forward_from_client(Pair& pair);
  void forward_messages(Pair& pair);
  void forward_from_server(Pair& pair);
  bool take_cut(Pair& pair, char type, std::size_t size);

  std::string path_;
  std::string server_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::mutex mutex_;
  std::list<Pair> pairs_;
  Cut cut_ = Cut::none;
  std::int64_t cut_at_ = 0;
  std::int64_t seen_ = 0;
  std::int64_t messages_ = 0;
  std::int64_t round_trips_ = 0;
  std::int64_t connections_ = 0;
  bool refused_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ptb::test
