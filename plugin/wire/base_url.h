// Where a tool lives: what a base URL may look like, and how a path of its descriptor is put behind it. Pure text;
// knows nothing of connections and resolves no names.
#pragma once

#include <string>
#include <string_view>

namespace ptb {

/// Empty where `url` can be a base URL: http(s)://host[:port][/path] in printable ASCII, without user, query or
/// fragment. Else what is wrong with it, to be put behind the URL in an error text.
std::string base_url_problem(std::string_view url);

/// True for a URL of scheme https, in any case.
bool is_https(std::string_view url);

/// True where the text starts with a scheme ("https:…"), so that it cannot be put behind a base URL.
bool is_absolute_url(std::string_view text);

/// True where the absolute `url` names the same scheme, host and port as `base` and its path is `base`'s or below it.
/// Dot segments do not count as below.
bool is_under(std::string_view url, std::string_view base);

/// `base` and `path` with exactly one slash between them; `base` as it is where `path` is empty. Bytes that a request
/// line must not hold (spaces, everything beyond ASCII) are percent-encoded.
std::string join_url(std::string_view base, std::string_view path);

}  // namespace ptb
