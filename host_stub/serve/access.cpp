// See access.h.
#include "serve/access.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "lms.h"
#include "refusal.h"

namespace host {

namespace {

constexpr std::size_t kTokenBytes = 24;
constexpr std::string_view kBearer = "Bearer ";

bool is_equal(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string derived(const std::string& token, std::string_view purpose) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), token.data(), static_cast<int>(token.size()),
       reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest.at(i));
  return text;
}

std::string header(const Request& request, const char* name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

/// The value of one cookie in "a=1; b=2".
std::string cookie_in(const std::string& all, std::string_view name) {
  for (std::size_t at = 0; at < all.size();) {
    auto end = std::min(all.find(';', at), all.size());
    auto piece = std::string_view(all).substr(at, end - at);
    while (piece.starts_with(' ')) piece.remove_prefix(1);
    if (piece.size() > name.size() && piece.starts_with(name) && piece[name.size()] == '=')
      return std::string(piece.substr(name.size() + 1));
    at = end + 1;
  }
  return {};
}

/// "localhost:8080" and "[::1]:8080" without their port.
std::string without_port(std::string host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Access::Access(std::string token, std::vector<std::string> names)
    : token_(std::move(token)),
      cookie_(derived(token_, "cookie")),
      form_word_(derived(token_, "form")),
      names_(std::move(names)) {
  for (auto& name : names_)
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* own : {"127.0.0.1", "localhost", "[::1]"}) names_.emplace_back(own);
}

std::string Access::load_token(const std::filesystem::path& file) {
  const int opened = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (opened < 0) refuse("cannot open {}: {}", file.string(), std::strerror(errno));
  std::array<char, 2 * kTokenBytes> kept{};
  const auto got = ::read(opened, kept.data(), kept.size());
  std::string token(kept.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  if (token.size() != kept.size()) {
    token = random_hex(kTokenBytes);
    const auto line = token + "\n";
    const bool written = ::ftruncate(opened, 0) == 0 &&
                         ::pwrite(opened, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size());
    if (!written) token.clear();
  }
  const bool closed = ::fchmod(opened, 0600) == 0;
  const int problem = errno;
  ::close(opened);
  if (token.empty() || !closed) refuse("cannot write {}: {}", file.string(), std::strerror(problem));
  return token;
}

bool Access::is_token(std::string_view text) const { return is_equal(text, token_); }

bool Access::is_logged_in(const Request& request) const {
  return is_equal(cookie_in(header(request, "cookie"), kCookieName), cookie_);
}

bool Access::may_send(const Request& request) const {
  const auto shown = header(request, "authorization");
  return shown.starts_with(kBearer) ? is_token(std::string_view(shown).substr(kBearer.size())) : is_logged_in(request);
}

bool Access::may_change(const Request& request, std::string_view form_word) const {
  if (header(request, "authorization").starts_with(kBearer)) return may_send(request);
  const auto brought = form_word.empty() ? header(request, "x-form-word") : std::string(form_word);
  return is_logged_in(request) && is_equal(brought, form_word_);
}

bool Access::knows_host(const Request& request) const {
  auto host = without_port(header(request, "host"));
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(names_.begin(), names_.end(), host) != names_.end();
}

std::string Access::cookie(bool secure) const {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", kCookieName, cookie_, secure ? "; Secure" : "");
}

}  // namespace host
