// One place at which one exchange after another is made: a libcurl handle, set up once for a destination and used again
// as long as that stays the same. Knows nothing of the event loop around it.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transport/connection_end.h"

namespace ptb {

class CurlExchange {
 public:
  /// Told of every socket that has been opened or is about to be closed.
  struct SocketWatcher {
    virtual void opened(curl_socket_t socket) = 0;
    virtual void closing(curl_socket_t socket) = 0;
    /// The open socket with that local port; CURL_SOCKET_BAD where there is none.
    [[nodiscard]] virtual curl_socket_t socket_at(int local_port) const = 0;

   protected:
    ~SocketWatcher() = default;
  };

  /// nullptr where memory is short. `watcher` must outlive every connection of the multi handle.
  static std::unique_ptr<CurlExchange> create(SocketWatcher& watcher);
  ~CurlExchange();
  CurlExchange(const CurlExchange&) = delete;
  CurlExchange& operator=(const CurlExchange&) = delete;

  [[nodiscard]] CURL* handle() const { return easy_; }
  [[nodiscard]] const HttpRequest& request() const { return request_; }

  /// True where the handle is set up for that destination already.
  [[nodiscard]] bool is_set_up_for(const Destination& destination) const;

  /// Takes the request and makes the handle ready to be added to a multi handle. False where libcurl refuses an option:
  /// the exchange must then be finished with `problem`.
  bool prepare(std::uint64_t ticket, HttpRequest request, CURLcode& problem);

  /// True where this exchange is expected to go over plain http on the connection that the last one used: then libcurl
  /// looks up no name, in no thread, and sends with MSG_NOSIGNAL.
  [[nodiscard]] bool raises_no_signal() const;

  /// The connection with that local port, perhaps the one this place used last, is closing.
  void note_closing(int local_port, const ConnectionEnd& end);

  /// True where the guard refused an old connection that was made for another destination, so that a new one may do.
  /// The handle is ready to be added again.
  bool prepare_again_on_new_connection(CURLcode code);

  /// What came of it.
  ExchangeResult finish(CURLcode code);

 private:
  CurlExchange() = default;
  CURLcode set_up(const Destination& destination);
  CURLcode set_up_security(const Destination& destination);
  CURLcode set_headers(const HttpRequest& request);
  void forget_last();

  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static int watch_volume(void* self, curl_off_t download_total, curl_off_t download_now, curl_off_t upload_total,
                          curl_off_t upload_now);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int close_socket(void* watcher, curl_socket_t socket);
  static int before_request(void* self, char* remote_ip, char* local_ip, int remote_port, int local_port);

  CURL* easy_ = nullptr;
  SocketWatcher* watcher_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};

  // What the handle is set up for.
  std::shared_ptr<const Destination> destination_;
  std::string url_;
  std::string content_type_;
  std::vector<std::string> extra_headers_;
  curl_slist* headers_ = nullptr;
  std::string allowed_ip_;  ///< the address that the guard let through last

  // The connection that was used last.
  using Moment = std::chrono::steady_clock::time_point;
  int local_port_ = 0;
  int carried_ = 0;  ///< exchanges ended on it
  Moment last_end_;
  Moment no_reuse_until_;  ///< the server has been seen to close connections after one answer
  bool reuse_forbidden_ = false;

  // The exchange.
  std::uint64_t ticket_ = 0;
  HttpRequest request_;
  std::string answer_;
  std::size_t header_bytes_ = 0;
  Moment next_look_;                        ///< when the connection's volume is looked at again
  curl_socket_t socket_ = CURL_SOCKET_BAD;  ///< of this exchange, once it has been looked for
  std::uint64_t received_before_ = 0;       ///< bytes received on it, plus one, when it was first looked at; 0: not yet
  std::string coding_;                      ///< the transfer coding for which the answer was refused
  bool too_large_ = false;
  std::string refusal_;
  bool allowed_address_tried_ = false;
  bool fresh_connection_ = false;
  int sends_ = 0;
  bool unheard_ = false;
};

}  // namespace ptb
