// Which handler answers which request of `ptb-host serve`, and who may change something. Knows no sockets, and nothing
// of what handlers do.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/multipart.h"
#include "receive/form.h"
#include "serve/access.h"

namespace host {

/// A request on its way to a handler.
struct Call {
  const Request& request;
  std::vector<std::string> path;  ///< what stood for each {…} of the pattern, decoded
  Params query;
  Params form;                  ///< of a form that was posted; else empty
  std::vector<FormFile> files;  ///< that came with it
  bool may_change = false;      ///< whoever asks has shown the token

  /// The value of a parameter of the form, else of the query; empty where there is none.
  [[nodiscard]] std::string value(std::string_view name) const;
  /// The file of that field; nullptr where there is none.
  [[nodiscard]] const FormFile* file(std::string_view name) const;
};

using Handler = std::function<Page(const Call&)>;
/// An answer that says no, as a page; nothing: as a line of text.
using ProblemPage = std::function<std::optional<Page>(const Request&, std::uint32_t status, const std::string& text)>;

enum class Needs {
  nothing,  ///< anybody may ask, or the handler looks for itself
  token,    ///< changes something
};

class Router {
 public:
  struct Route {
    std::string method;
    std::string pattern;  ///< /api/tools/{vendor}/{program}
    Needs needs = Needs::nothing;
    Handler handler;
  };

  explicit Router(const Access& access) : access_(access) {}

  void get(std::string pattern, Handler handler);
  /// GET is answered without the token, all else is not.
  void change(std::string method, std::string pattern, Handler handler);
  /// The handler looks for itself who may ask, or leaves it to whoever it asks.
  void open(std::string method, std::string pattern, Handler handler);

  /// How a no is shown outside /api.
  void show_problems_by(ProblemPage show) { problem_page_ = std::move(show); }

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  /// Never throws: what a handler throws becomes an answer. Under /api, answers that say no are JSON.
  [[nodiscard]] Page answer(const Request& request) const;
  /// What somebody is told who wants to change something and has not shown the token.
  [[nodiscard]] Page refusal(const Request& request) const;

 private:
  [[nodiscard]] Page call(const Route& route, Call& call) const;

  [[nodiscard]] Page problem(const Request& request, std::uint32_t status, const std::string& text) const;

  const Access& access_;
  std::vector<Route> routes_;
  ProblemPage problem_page_;
};

/// Throws Refusal (wrong usage) where the request's query or form cannot be read.
Params read_query(const Request& request);

/// The path without its query, as it was sent.
std::string_view path_of(const Request& request);

}  // namespace host
