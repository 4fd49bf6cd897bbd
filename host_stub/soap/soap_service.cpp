#include "soap/soap_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "soap/answers.h"
#include "soap/consumer_profile.h"
#include "state_directory.h"
#include "text/utf8.h"

namespace host {

namespace {

using soap::Contract;
using soap::Fault;

constexpr std::string_view kServices = "/webapps/ws/services/";
constexpr std::string_view kProfile = "/webapps/ws/wsadmin/tcprofile";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

const Contract* contract_at(std::string_view path) {
  for (const auto* contract : {&soap::context_contract(), &soap::util_contract()})
    if (path.starts_with(kServices) && path.substr(kServices.size()) == contract->name) return contract;
  return nullptr;
}

bool asks_for_wsdl(std::string_view target) {
  std::string query(target.substr(std::min(target.find('?'), target.size())));
  std::transform(query.begin(), query.end(), query.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return query == "?wsdl" || query.starts_with("?wsdl=") || query.starts_with("?wsdl&");
}

Page text_page(std::uint32_t status, const std::string& text) {
  return {status, "text/plain; charset=utf-8", text + "\n"};
}

std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

/// host, host:port or [v6]:port, and nothing that could leave the attribute that it is written to.
bool is_authority(std::string_view text) {
  return !text.empty() && text.size() <= 260 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-:[]_").find(c) != std::string_view::npos;
  });
}

std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  return colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos
             ? authority
             : authority.substr(0, colon);
}

}  // namespace

SoapService::SoapService(GlobalOptions options, SoapTerms terms)
    : options_(std::move(options)),
      scheme_(std::move(terms.scheme)),
      sessions_(terms.now_ms ? std::move(terms.now_ms) : steady_ms),
      context_(options_, sessions_),
      util_(options_) {}

bool SoapService::is_for(std::string_view target) {
  const auto path = path_of(target);
  return path.starts_with(kServices) || path == kProfile;
}

/// Where the request came to. A proxy in front of this server hands on the name by which it is known outside: that of
/// tcbaseurl, which then says the scheme and port too.
std::string SoapService::base_url(const Request& request) const {
  std::string_view known = options_.tcbaseurl;
  while (known.ends_with('/')) known.remove_suffix(1);
  const auto host = request.headers.find("host");
  if (host == request.headers.end() || !is_authority(host->second)) return std::string(known);
  const auto slashes = known.find("://");
  const auto authority = slashes == std::string_view::npos ? known : known.substr(slashes + 3);
  const bool is_known =
      host->second == authority || (host->second == without_port(authority) && authority != host->second);
  return is_known ? std::string(known) : scheme_ + "://" + host->second;
}

Page SoapService::answer(const Request& request) {
  if (!request.http_problem.empty()) return text_page(request.http_status, request.http_problem);
  const auto path = path_of(request.target);
  if (path == kProfile) {
    if (request.method != "GET" && request.method != "HEAD") return text_page(405, "the profile can only be read");
    return {200, "text/xml; charset=utf-8", soap::consumer_profile(base_url(request))};
  }
  const auto* contract = contract_at(path);
  if (contract == nullptr)
    return text_page(404, fmt::format("there is no service {} here: there are {}Context.WS and {}Util.WS",
                                      shown(path, 100), kServices, kServices));
  if (request.method == "POST") return call(request, *contract);
  if (request.method != "GET" && request.method != "HEAD") return text_page(405, "calls are made with POST");
  if (asks_for_wsdl(request.target))
    return {200, "text/xml; charset=utf-8",
            soap::wsdl(*contract, fmt::format("{}{}{}", base_url(request), kServices, contract->name))};
  return text_page(
      200, fmt::format("{} answers SOAP calls made with POST; its description is at {}?wsdl", contract->name, path));
}

Page SoapService::call(const Request& request, const Contract& contract) {
  auto version = soap::version_from_headers(request);
  try {
    if (const auto encoding = request.headers.find("content-encoding");
        encoding != request.headers.end() && encoding->second != "identity")
      throw Fault(Fault::Side::sender, soap::kFailed, "compressed requests are not read: send it as it is", 415);
    const auto call = soap::read_call(request);
    version = call.version;
    const auto caller = soap::caller_of(call, sessions_);
    if (soap::find_operation(contract, call.operation) == nullptr)
      throw soap::sender_fault(fmt::format("{} has no operation {}", contract.name, shown(call.operation, 60)),
                               soap::kNotOffered);
    const auto returns = &contract == &soap::context_contract() ? context_.run(call, caller) : util_.run(call, caller);
    return soap::answer_page(version, soap::response(contract, call.operation, returns));
  } catch (const Fault& fault) {
    return soap::fault_page(version, fault);
  } catch (const StateHeld&) {
    return soap::fault_page(
        version, Fault(Fault::Side::receiver, soap::kFailed, "another command is at work on this LMS: try again", 503));
  } catch (const BridgeError& error) {
    const bool no = error.status() == PTB_E_ARGUMENT || error.status() == PTB_E_REFUSED;
    return soap::fault_page(version,
                            Fault(no ? Fault::Side::sender : Fault::Side::receiver, soap::kFailed, error.what()));
  } catch (const Refusal& refusal) {
    return soap::fault_page(version, Fault(Fault::Side::sender, soap::kFailed, refusal.what()));
  } catch (const std::exception& problem) {
    return soap::fault_page(version, Fault(Fault::Side::receiver, soap::kFailed, problem.what()));
  }
}

}  // namespace host
