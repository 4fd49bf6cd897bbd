#include "store/postgres/postgres_place.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "core/pairs.h"

namespace ptb {

namespace {

constexpr std::string_view kPooler = "pooler=transaction";
constexpr std::size_t kMaxShown = 400;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// Takes our own parameter out, and the mark that joined it to others.
bool take_pooler(std::string& uri) {
  const auto query = uri.find('?');
  if (query == std::string::npos) return false;
  const auto at = uri.find(kPooler, query);
  const bool ends = at != std::string::npos && (at + kPooler.size() == uri.size() || uri[at + kPooler.size()] == '&') &&
                    (uri[at - 1] == '?' || uri[at - 1] == '&');
  if (!ends) return false;
  if (at + kPooler.size() < uri.size())
    uri.erase(at, kPooler.size() + 1);
  else
    uri.erase(at - 1);
  return true;
}

std::string shown_place(const PQconninfoOption* options) {
  std::string user;
  std::string host;
  std::string port;
  std::string database;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view name = option->keyword;
    if (name == "user") user = std::string(option->val) + "@";
    if (name == "host" || (name == "hostaddr" && host.empty())) host = option->val;
    if (name == "port") port = std::string(":") + option->val;
    if (name == "dbname") database = option->val;
  }
  return fmt::format("postgresql://{}{}{}/{}", user, host, port, database);
}

std::vector<std::string> items_of(const PQconninfoOption* options, std::string_view name) {
  std::vector<std::string> items;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->keyword != name || option->val == nullptr) continue;
    std::string_view left = option->val;
    for (auto comma = left.find(','); comma != std::string_view::npos; comma = left.find(',')) {
      items.emplace_back(left.substr(0, comma));
      left.remove_prefix(comma + 1);
    }
    items.emplace_back(left);
  }
  return items;
}

/// One port may be said for all.
std::vector<PostgresHost> hosts_of(const PQconninfoOption* options) {
  const auto hosts = items_of(options, "host");
  const auto addresses = items_of(options, "hostaddr");
  const auto ports = items_of(options, "port");
  std::vector<PostgresHost> all(std::max<std::size_t>({hosts.size(), addresses.size(), 1}));
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (at < hosts.size()) all[at].host = hosts[at];
    if (at < addresses.size()) all[at].hostaddr = addresses[at];
    if (!ports.empty()) all[at].port = ports.size() == 1 ? ports.front() : at < ports.size() ? ports[at] : "";
  }
  return all;
}

/// What stands where a password may stand, if only by a slip of the pen: from the first colon to the last @.
std::string_view secret_part(std::string_view uri) {
  const auto start = uri.find("://");
  const auto end = uri.rfind('@');
  if (start == std::string_view::npos || end == std::string_view::npos || end < start + 3) return {};
  const auto colon = uri.find(':', start + 3);
  if (colon == std::string_view::npos || colon > end) return {};
  return uri.substr(colon + 1, end - colon - 1);
}

void hide(std::string& words, std::string_view piece) {
  if (piece.empty()) return;
  const std::string quoted = fmt::format("\"{}\"", piece);
  const std::string_view wanted = piece.size() < 4 ? std::string_view(quoted) : piece;
  for (auto at = words.find(wanted); at != std::string::npos; at = words.find(wanted, at + 3))
    words.replace(at, wanted.size(), "***");
}

}  // namespace

std::string PostgresPlace::clean(std::string_view words) const {
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.remove_suffix(1);
  std::string line(words);
  std::string_view secret = secret_part(uri);
  while (!secret.empty()) {
    const auto end = secret.find_first_of(":/?#@&=");
    hide(line, secret.substr(0, end));
    secret.remove_prefix(end == std::string_view::npos ? secret.size() : end + 1);
  }
  return printable(line, kMaxShown);
}

Result<PostgresPlace> read_postgres_uri(const std::string& uri) {
  PostgresPlace place;
  place.uri = uri;
  place.pooled = take_pooler(place.uri);
  const bool scheme = uri.starts_with("postgresql://") || uri.starts_with("postgres://");
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(scheme ? PQconninfoParse(place.uri.c_str(), &problem)
                                                                      : nullptr);
  if (options == nullptr) {
    const std::string words = problem == nullptr ? "" : place.clean(problem) + ": ";
    PQfreemem(problem);
    return fail(Status::argument, fmt::format("the URI of the PostgreSQL store cannot be read: {}write "
                                              "postgresql://USER@HOST:PORT/DATABASE, with %XX for what is no letter "
                                              "or digit in a password",
                                              words));
  }
  place.shown = place.clean(shown_place(options.get()));
  place.hosts = hosts_of(options.get());
  return place;
}

}  // namespace ptb
