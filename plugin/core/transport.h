// Port: many HTTP exchanges at once. An exchange never throws and never fails to start: what went wrong is in its
// result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ptb {

/// What holds for every exchange with one tool. Shared, so that a transport can keep connections and options by it.
struct Destination {
  bool allow_http = false;
  bool allow_private = false;
  std::string allow_cidrs;       ///< ranges that are allowed though the guard refuses them: "10.1.0.0/16 fd00::/8"
  std::string ca_file;           ///< PEM; empty: the system's
  std::string client_cert_file;  ///< PEM; with client_key_file, or both empty
  std::string client_key_file;
  std::uint32_t connect_timeout_ms = 10'000;
  std::uint32_t total_timeout_ms = 120'000;
};

struct HttpRequest {
  std::shared_ptr<const Destination> destination;
  std::string url;
  std::string content_type;
  std::string body;                  ///< sent with POST
  std::vector<std::string> headers;  ///< "Name: value", besides the usual ones
};

/// Largest answer that is read; what is longer is cut off while it is read and counts as Fault::answer_too_large.
inline constexpr std::size_t kMaxAnswerBytes = std::size_t{64} * 1024;

struct ExchangeResult {
  enum class Fault : std::uint8_t {
    none,           ///< an answer came, whatever its status
    forbidden,      ///< the destination guard or the scheme rule said no; nothing was sent
    tls_handshake,  ///< no TLS session could be made; nothing was sent
    timed_out,
    answer_too_large,
    broken,     ///< refused, reset, unresolvable, closed without an answer, not HTTP
    abandoned,  ///< given up by this side
  };
  std::uint64_t ticket = 0;  ///< as given to start
  Fault fault = Fault::broken;
  std::string fault_text;  ///< one line for people; empty with Fault::none
  int http_status = 0;
  std::int64_t retry_after_ms = 0;  ///< what a Retry-After header asked for, whole seconds or a date; 0: none
  std::string body;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Begins an exchange. Its result comes out of a later poll, under `ticket`.
  virtual void start(std::uint64_t ticket, HttpRequest request) = 0;

  /// Sends what was started, without waiting for anything: what is done now is done while answers are under way. A
  /// poll sends too.
  virtual void flush() {}

  /// Moves exchanges on and appends finished ones to `done`. Returns as soon as there is one, after timeout_ms, or
  /// after a wake. With no exchange under way it waits for a wake all the same.
  virtual void poll(std::vector<ExchangeResult>& done, int timeout_ms) = 0;

  /// A poll also returns when this can be read; -1: nothing else is watched.
  virtual void watch(int descriptor) { static_cast<void>(descriptor); }

  /// Ends the current or the next poll. From any thread.
  virtual void wake() = 0;

  /// Drops every exchange under way, without results.
  virtual void abandon_all() = 0;
};

}  // namespace ptb
