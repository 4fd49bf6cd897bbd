#include "transport/curl_exchange.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/pairs.h"
#include "transport/destination_guard.h"
#include "transport/tls_files.h"
#include "transport/tls_limits.h"

namespace ptb {

namespace {

constexpr std::size_t kKeptAnswerBytes = 4096;

/// Servers close idle connections, many after 5 s. Using one at that very moment loses the request, so old ones are
/// left.
constexpr long kMaxIdleSeconds = 3;

/// A server that ended a connection so soon after its first answer will do it again, and its doing so can cross the
/// next request on the wire, which is then lost. It gets a new connection each time, for so long.
constexpr std::chrono::seconds kSoonAfterAnswer{1};
constexpr std::chrono::minutes kNoReuse{10};

/// What libcurl swallows by itself (chunk extensions, say) is cut off too, far beyond any answer that is read. Looked
/// at so seldom that a quick exchange costs no system call for it.
constexpr std::uint64_t kMaxReceivedBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kVolumeInterval{50};

constexpr std::int64_t kMaxRetryAfterSeconds = 24 * 60 * 60;

bool same(const Destination& a, const Destination& b) {
  const auto fields = [](const Destination& destination) {
    return std::tie(destination.allow_http, destination.allow_private, destination.allow_cidrs, destination.ca_file,
                    destination.client_cert_file, destination.client_key_file, destination.connect_timeout_ms,
                    destination.total_timeout_ms);
  };
  return fields(a) == fields(b);
}

/// Sets options one after the other and keeps the first failure.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}
  template <typename Value>
  void operator()(CURLoption option, Value value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  [[nodiscard]] CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

bool is_failed_handshake(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS: return true;
    default: return false;
  }
}

/// A coding of the transfer that libcurl would undo unasked, with memory as the tool likes it. Empty: there is none.
std::string_view unwanted_coding(std::string_view header) {
  constexpr std::string_view kName = "transfer-encoding:";
  const auto same_letters = [](std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
  };
  if (!same_letters(header.substr(0, kName.size()), kName)) return {};
  auto value = header.substr(kName.size());
  value.remove_prefix(std::min(value.find_first_not_of(" \t\r\n"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  return same_letters(value, "chunked") || same_letters(value, "identity") ? std::string_view() : value;
}

/// What to do where the server's alert was about our certificate; empty where it was not.
std::string_view client_certificate_hint(std::string_view said) {
  if (said.find("alert certificate required") != std::string_view::npos)
    return "; the tool wants a client certificate: give it with --client-cert and --client-key";
  for (const auto alert : {"alert unknown ca", "alert bad certificate", "alert certificate unknown",
                           "alert certificate expired", "alert unsupported certificate"})
    if (said.find(alert) != std::string_view::npos)
      return "; the tool does not believe the client certificate: correct --client-cert or the tool";
  return {};
}

bool append(curl_slist*& list, const char* line) {
  curl_slist* const longer = curl_slist_append(list, line);
  if (longer != nullptr) list = longer;
  return longer != nullptr;
}

}  // namespace

std::unique_ptr<CurlExchange> CurlExchange::create(SocketWatcher& watcher) {
  std::unique_ptr<CurlExchange> exchange(new CurlExchange());
  exchange->easy_ = curl_easy_init();
  exchange->watcher_ = &watcher;
  return exchange->easy_ == nullptr ? nullptr : std::move(exchange);
}

CurlExchange::~CurlExchange() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
}

bool CurlExchange::raises_no_signal() const { return carried_ > 0 && !reuse_forbidden_ && url_.starts_with("http://"); }

bool CurlExchange::is_set_up_for(const Destination& destination) const {
  return destination_ != nullptr && (destination_.get() == &destination || same(*destination_, destination));
}

CURLcode CurlExchange::set_up(const Destination& destination) {
  curl_easy_reset(easy_);
  Setter set(easy_);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // giving up must not wait for a name look-up
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROTOCOLS_STR, destination.allow_http ? "https,http" : "https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_USERAGENT, "ptbridge/" PTB_VERSION);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(destination.connect_timeout_ms));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(destination.total_timeout_ms));
  set(CURLOPT_WRITEFUNCTION, &CurlExchange::take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlExchange::take_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlExchange::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_CLOSESOCKETFUNCTION, &CurlExchange::close_socket);
  set(CURLOPT_CLOSESOCKETDATA, watcher_);
  set(CURLOPT_PREREQFUNCTION, &CurlExchange::before_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, &CurlExchange::watch_volume);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(CURLOPT_POST, 1L);
  return set.code() == CURLE_OK ? set_up_security(destination) : set.code();
}

CURLcode CurlExchange::set_up_security(const Destination& destination) {
  Setter set(easy_);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!destination.ca_file.empty()) {
    set(CURLOPT_CAINFO, destination.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));  // that file's authorities and no others
  }
  if (!destination.client_cert_file.empty()) {
    set(CURLOPT_SSLCERT, destination.client_cert_file.c_str());
    set(CURLOPT_SSLKEY, destination.client_key_file.c_str());
    set(CURLOPT_KEYPASSWD, "");  // else OpenSSL would ask for one on the host's terminal
  }
  return set.code() == CURLE_OK ? limit_tls(easy_) : set.code();
}

CURLcode CurlExchange::set_headers(const HttpRequest& request) {
  if (headers_ != nullptr && content_type_ == request.content_type && extra_headers_ == request.headers)
    return CURLE_OK;
  curl_slist* list = nullptr;
  bool made = append(list, ("Content-Type: " + request.content_type).c_str()) && append(list, "Expect:");
  for (const auto& header : request.headers) made = made && append(list, header.c_str());
  const CURLcode code = made ? curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, list) : CURLE_OUT_OF_MEMORY;
  if (code != CURLE_OK) {
    curl_slist_free_all(list);
    return code;
  }
  curl_slist_free_all(std::exchange(headers_, list));
  content_type_ = request.content_type;
  extra_headers_ = request.headers;
  return CURLE_OK;
}

void CurlExchange::forget_last() {
  answer_.clear();
  header_bytes_ = 0;
  next_look_ = {};
  received_before_ = 0;
  socket_ = CURL_SOCKET_BAD;
  coding_.clear();
  too_large_ = false;
  refusal_.clear();
  allowed_address_tried_ = false;
  sends_ = 0;
  unheard_ = false;
  error_[0] = '\0';
}

bool CurlExchange::prepare(std::uint64_t ticket, HttpRequest request, CURLcode& problem) {
  forget_last();
  ticket_ = ticket;
  request_ = std::move(request);
  problem = CURLE_OK;
  if (!is_set_up_for(*request_.destination)) {
    destination_ = nullptr;
    curl_slist_free_all(std::exchange(headers_, nullptr));
    url_.clear();
    allowed_ip_.clear();
    reuse_forbidden_ = false;
    fresh_connection_ = false;
    problem = set_up(*request_.destination);
    if (problem != CURLE_OK) return false;
  }
  destination_ = request_.destination;
  Setter set(easy_);
  if (url_ != request_.url) {
    set(CURLOPT_URL, request_.url.c_str());
    url_ = request_.url;
    local_port_ = 0;
    carried_ = 0;
    no_reuse_until_ = {};
  }
  if (const bool forbid = std::chrono::steady_clock::now() < no_reuse_until_; forbid != reuse_forbidden_) {
    set(CURLOPT_FORBID_REUSE, forbid ? 1L : 0L);
    reuse_forbidden_ = forbid;
  }
  if (std::exchange(fresh_connection_, false)) set(CURLOPT_FRESH_CONNECT, 0L);
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(CURLOPT_POSTFIELDS, request_.body.c_str());
  problem = set.code() == CURLE_OK ? set_headers(request_) : set.code();
  return problem == CURLE_OK;
}

void CurlExchange::note_closing(int local_port, const ConnectionEnd& end) {
  if (local_port != local_port_) return;
  unheard_ = sends_ > 0 && end.unheard;
  const bool before_it_was_asked = sends_ == 0 || !end.all_acknowledged;
  const auto now = std::chrono::steady_clock::now();
  if (end.by_peer && carried_ == 1 && before_it_was_asked && now - last_end_ < kSoonAfterAnswer)
    no_reuse_until_ = now + kNoReuse;
}

bool CurlExchange::prepare_again_on_new_connection(CURLcode code) {
  long connections_made = 0;
  if (code != CURLE_ABORTED_BY_CALLBACK || refusal_.empty() || fresh_connection_) return false;
  if (curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connections_made) != CURLE_OK || connections_made != 0)
    return false;
  fresh_connection_ = true;
  forget_last();
  return curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
}

ExchangeResult CurlExchange::finish(CURLcode code) {
  using Fault = ExchangeResult::Fault;
  ExchangeResult result;
  result.ticket = ticket_;
  const auto failed = [&](Fault fault, std::string_view text) {
    result.fault = fault;
    result.fault_text = printable(text, 300);
  };
  ++carried_;
  last_end_ = std::chrono::steady_clock::now();
  const bool guard_decided = code == CURLE_ABORTED_BY_CALLBACK || !allowed_address_tried_;
  const std::string_view said = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    result.fault = Fault::none;
    result.http_status = static_cast<int>(status);
    result.body = answer_;
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    result.retry_after_ms = std::clamp<std::int64_t>(seconds, 0, kMaxRetryAfterSeconds) * 1000;
  } else if (too_large_) {
    failed(Fault::answer_too_large, fmt::format("answered with more than {} bytes", kMaxAnswerBytes));
  } else if (!refusal_.empty() && guard_decided) {
    failed(Fault::forbidden, refusal_);
  } else if (!coding_.empty()) {
    failed(Fault::broken, fmt::format("answered in the transfer coding '{}', which nobody asked for", coding_));
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    failed(Fault::broken, "closed the connection without an answer");
  } else if (code == CURLE_OPERATION_TIMEDOUT) {
    failed(Fault::timed_out, said);
  } else if (is_failed_handshake(code)) {
    failed(Fault::tls_handshake, fmt::format("no TLS session: {}{}", said, client_certificate_hint(said)));
  } else if (code == CURLE_SSL_CACERT_BADFILE) {
    const char* system_file = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_CAINFO, &system_file);
    failed(Fault::broken, authorities_problem(destination_->ca_file, system_file == nullptr ? "" : system_file));
  } else if (code == CURLE_SSL_CERTPROBLEM) {
    // Ours to mend, so no reason to try another base URL.
    const auto problem = client_identity_problem(destination_->client_cert_file, destination_->client_key_file);
    failed(Fault::broken, problem.empty() ? said : problem);
  } else if (code == CURLE_GOT_NOTHING) {
    failed(Fault::broken, "closed the connection without an answer");
  } else {
    failed(Fault::broken, fmt::format("{}{}", said, client_certificate_hint(said)));
  }
  if (answer_.capacity() > kKeptAnswerBytes) std::string().swap(answer_);
  return result;
}

std::size_t CurlExchange::take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const std::size_t length = size * count;
  if (exchange.answer_.size() + length > kMaxAnswerBytes) {
    exchange.too_large_ = true;
    return 0;
  }
  exchange.answer_.append(bytes, length);
  return length;
}

std::size_t CurlExchange::take_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const std::size_t length = size * count;
  exchange.header_bytes_ += length;
  exchange.too_large_ = exchange.header_bytes_ > kMaxAnswerBytes;
  if (exchange.too_large_) return 0;
  exchange.coding_ = printable(unwanted_coding({bytes, length}), 60);
  return exchange.coding_.empty() ? length : 0;
}

int CurlExchange::watch_volume(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (now < exchange.next_look_) return 0;
  const bool first = exchange.next_look_ == Moment();
  exchange.next_look_ = now + kVolumeInterval;
  if (first) return 0;
  if (exchange.socket_ == CURL_SOCKET_BAD) exchange.socket_ = exchange.watcher_->socket_at(exchange.local_port_);
  const std::uint64_t received = exchange.socket_ == CURL_SOCKET_BAD ? 0 : bytes_received(exchange.socket_);
  if (exchange.received_before_ == 0) exchange.received_before_ = received + 1;
  exchange.too_large_ = exchange.too_large_ || received > exchange.received_before_ + kMaxReceivedBytes;
  return exchange.too_large_ ? 1 : 0;
}

curl_socket_t CurlExchange::open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  if (auto problem = address_problem(&address->addr, *exchange.request_.destination); !problem.empty()) {
    exchange.refusal_ = std::move(problem);
    return CURL_SOCKET_BAD;
  }
  exchange.allowed_address_tried_ = true;
  const curl_socket_t opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened != CURL_SOCKET_BAD) exchange.watcher_->opened(opened);
  return opened;
}

int CurlExchange::close_socket(void* watcher, curl_socket_t socket) {
  static_cast<SocketWatcher*>(watcher)->closing(socket);
  return close(socket);
}

int CurlExchange::before_request(void* self, char* remote_ip, char* /*local_ip*/, int /*remote_port*/, int local_port) {
  auto& exchange = *static_cast<CurlExchange*>(self);
  // A second time means that libcurl is about to repeat the request on a new connection, as the old one was closed
  // without an answer. The tool may have acted on it, and would take the repeat, with its old nonce, for an attack.
  if (exchange.sends_ > 0 && !std::exchange(exchange.unheard_, false)) return CURL_PREREQFUNC_ABORT;
  ++exchange.sends_;
  if (exchange.local_port_ != local_port) exchange.carried_ = 0;
  exchange.local_port_ = local_port;
  exchange.socket_ = CURL_SOCKET_BAD;
  if (exchange.allowed_ip_ == remote_ip) return CURL_PREREQFUNC_OK;
  exchange.refusal_ = address_problem(std::string_view(remote_ip), *exchange.request_.destination);
  if (!exchange.refusal_.empty()) return CURL_PREREQFUNC_ABORT;
  exchange.allowed_ip_ = remote_ip;
  return CURL_PREREQFUNC_OK;
}

}  // namespace ptb
