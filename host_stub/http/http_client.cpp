#include "http/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <memory>

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

}  // namespace

tl::expected<HttpAnswer, std::string> http_exchange(const HttpCall& call, const std::stop_token& stop) {
  const std::unique_ptr<CURL, FreeCurl> curl(curl_easy_init());
  if (!curl) return tl::make_unexpected(std::string("libcurl gives no handle"));
  Exchange state{AddressGuard(call.allow_private, call.allow_cidrs), stop, {}};
  std::array<char, CURL_ERROR_SIZE> problem{};
  std::unique_ptr<curl_slist, FreeList> headers;
  auto* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, problem.data());
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, call.allow_http ? "http,https" : "https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &state);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &state);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, keep_going);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &state);
  set_text(handle, CURLOPT_CAINFO, call.ca_file);
  set_text(handle, CURLOPT_SSLCERT, call.client_cert_file);
  set_text(handle, CURLOPT_SSLKEY, call.client_key_file);
  if (!call.content_type.empty()) {
    headers.reset(curl_slist_append(nullptr, ("Content-Type: " + call.content_type).c_str()));
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.c_str());
  }
  const auto code = curl_easy_perform(handle);
  if (state.address_refused)
    return tl::make_unexpected(
        std::string("its address is private: allow it with --allow-private or --allow-cidr if it is meant"));
  if (state.too_large) return tl::make_unexpected(fmt::format("the answer is larger than {} bytes", kMostAnswerBytes));
  if (code != CURLE_OK)
    return tl::make_unexpected(std::string(problem[0] != '\0' ? problem.data() : curl_easy_strerror(code)));
  HttpAnswer answer;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  answer.body = std::move(state.body);
  return answer;
}

}  // namespace host
