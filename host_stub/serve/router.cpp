// See router.h.
#include "serve/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "output.h"
#include "serve/answers.h"

namespace host {

namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::vector<std::string_view> pieces_of(std::string_view path) {
  std::vector<std::string_view> pieces;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    pieces.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return pieces;
}

/// What stands for each {…} of the pattern; empty optional: the path is another one.
std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = pieces_of(pattern);
  const auto given = pieces_of(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string_view> stands_for;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{')) {
      if (given[i].empty()) return std::nullopt;
      stands_for.push_back(given[i]);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return stands_for;
}

/// A piece of a path: percent escapes as in a form, but '+' is a plus.
std::string decode_piece(std::string_view piece) {
  std::string form = "p=";
  for (const char c : piece) form += c == '+' ? "%2B" : std::string(1, c);
  const auto decoded = parse_form(form);
  if (!decoded) throw NotFound(fmt::format("the path has a piece that cannot be read: {}", decoded.error()));
  return decoded->front().second;
}

bool is_api(std::string_view path) { return path.starts_with("/api/") || path == "/api"; }

bool has_form(const Request& request) {
  const auto type = request.headers.find("content-type");
  return type != request.headers.end() && std::string_view(type->second).starts_with(kForm);
}

/// What was posted, if it was a form. Throws Refusal (wrong usage).
void read_form(Call& call) {
  if (is_multipart(call.request)) {
    auto form = read_multipart(call.request);
    if (!form) wrong_usage("the form cannot be read: {}", form.error());
    call.form = std::move(form->fields);
    call.files = std::move(form->files);
  } else if (has_form(call.request) && !is_api(path_of(call.request))) {  // there curl's -d is JSON, whatever it says
    auto form = parse_form(call.request.body);
    if (!form) wrong_usage("the form cannot be read: {}", form.error());
    call.form = std::move(*form);
  }
}

}  // namespace

std::string_view path_of(const Request& request) {
  return std::string_view(request.target).substr(0, request.target.find('?'));
}

Params read_query(const Request& request) {
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return {};
  auto query = parse_form(std::string_view(request.target).substr(mark + 1));
  if (!query) wrong_usage("the query of the address cannot be read: {}", query.error());
  return std::move(*query);
}

std::string Call::value(std::string_view name) const {
  if (const auto* found = find_param(form, name)) return *found;
  if (const auto* found = find_param(query, name)) return *found;
  return {};
}

const FormFile* Call::file(std::string_view name) const {
  const auto found = std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.field == name; });
  return found == files.end() ? nullptr : &*found;
}

void Router::get(std::string pattern, Handler handler) {
  routes_.push_back({"GET", std::move(pattern), Needs::nothing, std::move(handler)});
}

void Router::change(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), std::move(pattern), Needs::token, std::move(handler)});
}

void Router::open(std::string method, std::string pattern, Handler handler) {
  routes_.push_back({std::move(method), std::move(pattern), Needs::nothing, std::move(handler)});
}

Page Router::problem(const Request& request, std::uint32_t status, const std::string& text) const {
  if (is_api(path_of(request))) return json_problem(status, text);
  if (problem_page_)
    if (auto page = problem_page_(request, status, text)) return std::move(*page);
  return {status, "text/plain; charset=utf-8", text + "\n"};
}

Page Router::answer(const Request& request) const {
  const auto path = path_of(request);
  if (!request.http_problem.empty()) return problem(request, request.http_status, request.http_problem);
  if (!access_.knows_host(request))
    return problem(request, 421, "this server is not called by that name: use localhost, or start it with --name NAME");
  std::set<std::string> methods;
  for (const auto& route : routes_) {
    const auto pieces = match(route.pattern, path);
    if (!pieces) continue;
    methods.insert(route.method);
    if (route.method != request.method) continue;
    try {
      Call made{request, {}, read_query(request), {}, {}, false};
      for (const auto piece : *pieces) made.path.push_back(decode_piece(piece));
      return call(route, made);
    } catch (const Refusal& refusal) {
      return problem(request, status_of(refusal), refusal.what());
    } catch (const std::exception& fault) {
      return problem(request, 500, fmt::format("{} (a fault of ptb-host itself)", fault.what()));
    }
  }
  if (methods.empty()) return problem(request, 404, fmt::format("there is no {}", cut(path, 200)));
  std::string allowed;
  for (const auto& one : methods) allowed += (allowed.empty() ? "" : ", ") + one;
  auto refused = problem(request, 405, fmt::format("{} takes {} only", cut(path, 200), allowed));
  refused.headers.emplace_back("Allow", allowed);
  return refused;
}

Page Router::call(const Route& route, Call& call) const {
  read_form(call);
  call.may_change = access_.may_change(call.request, call.value(kFormWord));
  if (route.needs == Needs::nothing || call.may_change) return route.handler(call);
  return refusal(call.request);
}

Page Router::refusal(const Request& request) const {
  const auto path = path_of(request);
  if (!is_api(path))
    return problem(request, 403,
                   "this changes something, and wants the token: open /login, or the address that "
                   "`ptb-host serve` printed, and try again");
  auto refused = problem(request, 401,
                         "this changes something: send Authorization: Bearer with the token that "
                         "`ptb-host serve` printed, also in STATE/token");
  refused.headers.emplace_back("WWW-Authenticate", "Bearer");
  return refused;
}

}  // namespace host
