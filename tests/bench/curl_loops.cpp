// See curl_loops.h.
#include "curl_loops.h"

#include <fmt/format.h>

#include <stdexcept>

namespace bench {
namespace {

std::size_t read_answer(char* bytes, std::size_t size, std::size_t count, void* answer) {
  static_cast<std::string*>(answer)->append(bytes, size * count);
  return size * count;
}

curl_slist* form_header() {
  return curl_slist_append(nullptr, "Content-Type: application/x-www-form-urlencoded; charset=UTF-8");
}

void prepare(CurlPost& post, const std::string& url, const std::string& body, curl_slist* headers) {
  post.handle = curl_easy_init();
  if (post.handle == nullptr) throw std::runtime_error("no curl handle");
  curl_easy_setopt(post.handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(post.handle, CURLOPT_PROXY, "");
  curl_easy_setopt(post.handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(post.handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(post.handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(post.handle, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(post.handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(post.handle, CURLOPT_TIMEOUT_MS, 10'000L);
  curl_easy_setopt(post.handle, CURLOPT_WRITEFUNCTION, read_answer);
  curl_easy_setopt(post.handle, CURLOPT_WRITEDATA, &post.answer);
  curl_easy_setopt(post.handle, CURLOPT_PRIVATE, &post);
}

void check(CurlPost& post, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(post.handle, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status != 200 || post.answer.find("SUCCESS") == std::string::npos) {
    throw std::runtime_error(fmt::format("the bare POST failed: {}, status {}", curl_easy_strerror(code), status));
  }
  post.answer.clear();
}

double seconds_since(std::int64_t start_ns) { return static_cast<double>(monotonic_ns() - start_ns) / 1e9; }

}  // namespace

CurlEasyLoop::CurlEasyLoop(const std::string& url, std::size_t body_bytes)
    : body_(body_bytes, 'b'), headers_(form_header()) {
  prepare(post_, url, body_, headers_);
}

CurlEasyLoop::~CurlEasyLoop() {
  curl_easy_cleanup(post_.handle);
  curl_slist_free_all(headers_);
}

Sample CurlEasyLoop::send(int count) {
  const std::int64_t start = monotonic_ns();
  for (int sent = 0; sent < count; ++sent) check(post_, curl_easy_perform(post_.handle));
  return {static_cast<double>(count), seconds_since(start)};
}

CurlMultiLoop::CurlMultiLoop(const std::string& url, std::size_t body_bytes, int connections)
    : body_(body_bytes, 'b'), headers_(form_header()), multi_(curl_multi_init()), posts_(connections) {
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  for (CurlPost& post : posts_) prepare(post, url, body_, headers_);
}

CurlMultiLoop::~CurlMultiLoop() {
  for (CurlPost& post : posts_) curl_easy_cleanup(post.handle);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

Sample CurlMultiLoop::send(int count) {
  const std::int64_t start = monotonic_ns();
  int started = 0;
  int finished = 0;
  for (CurlPost& post : posts_) {
    if (started < count) {
      curl_multi_add_handle(multi_, post.handle);
      ++started;
    }
  }
  while (finished < count) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int queued = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CurlPost* post = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, reinterpret_cast<char**>(&post));
      curl_multi_remove_handle(multi_, post->handle);
      check(*post, code);
      ++finished;
      if (started < count) {
        curl_multi_add_handle(multi_, post->handle);
        ++started;
      }
    }
    if (finished < count) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
  return {static_cast<double>(count), seconds_since(start)};
}

}  // namespace bench
