#include "http/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include "http/address_guard.h"

namespace host {

namespace {

constexpr std::size_t kMostAnswerBytes = 1'048'576;

/// What the callbacks of one exchange need.
struct Exchange {
  AddressGuard guard;
  std::stop_token stop;
  std::string body;
  bool too_large = false;
  bool address_refused = false;
  bool says_close = false;
  std::string_view unsent = {};
  std::size_t half = 0;
  std::function<void()> half_way = {};
};

Exchange& exchange_of(void* context) { return *static_cast<Exchange*>(context); }

std::size_t take(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& body = exchange_of(context).body;
  if (body.size() + size > kMostAnswerBytes) {
    exchange_of(context).too_large = true;
    return 0;
  }
  body.append(bytes, size);
  return size;
}

/// The address is judged here, where it is what will be connected to, and not a name that could change its mind.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  if (!exchange_of(context).guard.allows(&address->addr)) {
    exchange_of(context).address_refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Gives at most what is left until the middle of the body, so that the middle is seen.
std::size_t give(char* buffer, std::size_t, std::size_t room, void* context) {
  auto& exchange = exchange_of(context);
  if (exchange.half_way && exchange.unsent.size() <= exchange.half) std::exchange(exchange.half_way, {})();
  const bool before_half = exchange.unsent.size() > exchange.half;
  const auto size = std::min(room, before_half ? exchange.unsent.size() - exchange.half : exchange.unsent.size());
  std::memcpy(buffer, exchange.unsent.data(), size);
  exchange.unsent.remove_prefix(size);
  return size;
}

std::size_t read_header(char* bytes, std::size_t, std::size_t size, void* context) {
  std::string line(bytes, size);
  std::transform(line.begin(), line.end(), line.begin(), [](unsigned char c) { return std::tolower(c); });
  if (line.starts_with("http/1.0") || (line.starts_with("connection:") && line.find("close") != std::string::npos))
    exchange_of(context).says_close = true;
  return size;
}

int keep_going(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return exchange_of(context).stop.stop_requested() ? 1 : 0;
}

struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

void set_text(CURL* curl, CURLoption option, const std::string& text) {
  if (!text.empty()) curl_easy_setopt(curl, option, text.c_str());
}

/// The first certificate of the chain is the peer's own.
std::int64_t certificate_end(CURL* curl) {
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr || chain->num_of_certs < 1)
    return 0;
  constexpr std::string_view kName = "Expire date:";
  for (const auto* line = chain->certinfo[0]; line != nullptr; line = line->next)
    if (const std::string_view text = line->data; text.starts_with(kName))
      return curl_getdate(line->data + kName.size(), nullptr);
  return 0;
}

HttpFault::Kind kind_of(CURLcode code) {
  using Kind = HttpFault::Kind;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return Kind::unreachable;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER: return Kind::tls;
    case CURLE_OPERATION_TIMEDOUT: return Kind::timed_out;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return Kind::not_sent;
    default: return Kind::broken;
  }
}

void set_tls(CURL* handle, const HttpCall& call) {
  set_text(handle, CURLOPT_CAINFO, call.ca_file);
  set_text(handle, CURLOPT_SSLCERT, call.client_cert_file);
  set_text(handle, CURLOPT_SSLKEY, call.client_key_file);
  curl_easy_setopt(handle, CURLOPT_CERTINFO, 1L);
  if (call.old_tls_only) {
    // OpenSSL's usual security level would keep these to itself, and a server that takes them would not be found out.
    const long old_versions = int{CURL_SSLVERSION_TLSv1_0} | int{CURL_SSLVERSION_MAX_TLSv1_1};
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, old_versions);
    curl_easy_setopt(handle, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
  } else {
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  }
}

void set_body(CURL* handle, const HttpCall& call, Exchange& state) {
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  if (!call.half_way) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.c_str());
    return;
  }
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(handle, CURLOPT_READDATA, &state);
  state.unsent = call.body;
  state.half = call.body.size() / 2;
  state.half_way = call.half_way;
}

}  // namespace

struct HttpConnection::Handle {
  std::unique_ptr<CURL, FreeCurl> curl{curl_easy_init()};
};

HttpConnection::HttpConnection() : handle_(std::make_unique<Handle>()) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

tl::expected<HttpAnswer, HttpFault> HttpConnection::exchange(const HttpCall& call, const std::stop_token& stop) {
  using Kind = HttpFault::Kind;
  auto* const handle = handle_->curl.get();
  if (handle == nullptr) return tl::make_unexpected(HttpFault{Kind::not_sent, "libcurl gives no handle"});
  Exchange state{AddressGuard(call.allow_private, call.allow_cidrs), stop, {}};
  std::array<char, CURL_ERROR_SIZE> problem{};
  curl_easy_reset(handle);  // keeps the connection
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, problem.data());
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, call.allow_http ? "http,https" : "https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &state);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, read_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &state);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &state);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, keep_going);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &state);
  set_tls(handle, call);
  std::unique_ptr<curl_slist, FreeList> headers;
  const auto add_header = [&](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  if (!call.content_type.empty()) {
    add_header("Content-Type: " + call.content_type);
    add_header("Expect:");
    set_body(handle, call, state);
  }
  for (const auto& line : call.headers) add_header(line);
  if (headers) curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  const auto code = curl_easy_perform(handle);
  const auto fault = [](Kind kind, std::string text) { return tl::make_unexpected(HttpFault{kind, std::move(text)}); };
  if (state.address_refused)
    return fault(Kind::not_sent,
                 "its address is private: allow it with --allow-private or --allow-cidr if it is meant");
  if (state.too_large) return fault(Kind::broken, fmt::format("the answer is larger than {} bytes", kMostAnswerBytes));
  if (code != CURLE_OK) return fault(kind_of(code), problem[0] != '\0' ? problem.data() : curl_easy_strerror(code));
  HttpAnswer answer;
  curl_off_t took_us = 0;
  long connects = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &took_us);
  curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connects);
  answer.took_ms = (took_us + 500) / 1000;
  answer.new_connection = connects > 0;
  answer.says_close = state.says_close;
  answer.certificate_ends_s = certificate_end(handle);
  answer.body = std::move(state.body);
  return answer;
}

tl::expected<HttpAnswer, std::string> http_exchange(const HttpCall& call, const std::stop_token& stop) {
  auto answer = HttpConnection().exchange(call, stop);
  if (!answer) return tl::make_unexpected(std::move(answer.error().text));
  return std::move(*answer);
}

}  // namespace host
