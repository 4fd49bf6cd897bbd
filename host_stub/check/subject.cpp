// See subject.h.
#include "check/subject.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "http/address_guard.h"
#include "tool_registration.h"

namespace host {

namespace {

constexpr std::uint32_t kDefaultTimeoutMs = 120'000;

/// A state directory for the moment in which the plugin reads the descriptor: the check leaves nothing behind, and is
/// in nobody's way.
class BriefState {
 public:
  BriefState() {
    auto pattern = (std::filesystem::temp_directory_path() / "ptb-check-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      refuse("cannot make a directory in {}: set TMPDIR to one that can be written to",
             std::filesystem::temp_directory_path().string());
    path_ = pattern;
  }
  ~BriefState() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  BriefState(const BriefState&) = delete;
  BriefState& operator=(const BriefState&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Json described(const GlobalOptions& global, const CheckOptions& options, const std::string& xml) {
  const BriefState state;
  auto own = global;
  own.state = state.path();
  own.store.clear();
  Session session(own, Session::Use::note);
  try {
    return session.bridge().report({{"report", "descriptor"}, {"xml", xml}});
  } catch (const BridgeError& error) {
    refuse("{}: {}", options.descriptor_file, error.what());
  }
}

bool is_absolute(std::string_view path) { return path.starts_with("http://") || path.starts_with("https://"); }

std::string url_of(const std::string& base, const std::string& path) {
  if (is_absolute(path)) return path;
  if (path.empty()) return base;
  const bool slash_before = base.ends_with('/');
  const bool slash_behind = path.starts_with('/');
  if (slash_before && slash_behind) return base + path.substr(1);
  return base + (slash_before || slash_behind ? "" : "/") + path;
}

/// The first that the bridge would try (proxy-tool-protocol §1).
std::string base_url_of(const Json& profile) {
  const auto& urls = profile.at("base_urls");
  for (const char* type : {"server-to-server", "https", "http"})
    if (urls.contains(type)) return urls.at(type).get<std::string>();
  return {};
}

HttpCall call_of(const GlobalOptions& global, const CheckOptions& options) {
  HttpCall call;
  call.allow_http = options.allow_http;
  call.allow_private = options.allow_private;
  for (const auto& cidr : options.allow_cidrs) {
    if (!Cidr::parse(cidr)) wrong_usage("--allow-cidr {}: write a range of addresses such as 10.1.0.0/16", cidr);
    call.allow_cidrs += (call.allow_cidrs.empty() ? "" : " ") + cidr;
  }
  if (options.client_cert.empty() != options.client_key.empty())
    wrong_usage("--client-cert and --client-key go together: give both");
  const auto file_of = [](const std::string& file, const char* option) {
    std::error_code none;
    if (!file.empty() && !std::filesystem::is_regular_file(file, none))
      refuse("there is no file {}: name one with {}", file, option);
    return file;
  };
  call.ca_file = file_of(options.ca_file, "--ca-file");
  call.client_cert_file = file_of(options.client_cert, "--client-cert");
  call.client_key_file = file_of(options.client_key, "--client-key");
  call.timeout_ms = global.exchange_timeout_ms != 0 ? global.exchange_timeout_ms : kDefaultTimeoutMs;
  return call;
}

bool is_guid(std::string_view text) {
  return text.size() == 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

const ToolAction* Subject::action(std::string_view type) const {
  const auto found = std::find_if(actions.begin(), actions.end(), [&](const auto& one) { return one.type == type; });
  return found == actions.end() ? nullptr : &*found;
}

bool Subject::is_https() const {
  return std::all_of(actions.begin(), actions.end(), [](const auto& one) { return one.url.starts_with("https:"); }) &&
         base_url.starts_with("https:");
}

Subject read_subject(const GlobalOptions& global, const CheckOptions& options) {
  Subject subject;
  subject.call = call_of(global, options);
  if (!options.guid.empty() && !is_guid(options.guid))
    wrong_usage("--guid is no guid: write the 32 lower-case hex digits that registration gave the tool");
  ToolAdd add;
  add.descriptor_file = options.descriptor_file;
  add.options.secret_file = options.secret_file;
  auto files = read_registration(add);
  subject.secret = std::move(*files.secret);
  const auto profile = described(global, options, files.descriptor);
  subject.locator = profile.at("vendor").get<std::string>() + "/" + profile.at("program").get<std::string>();
  subject.name = profile.value("name", "");
  subject.digest = profile.at("digest") == "MD5" ? Digest::md5 : Digest::sha1;
  subject.base_url = base_url_of(profile);
  // Of two actions of one type the first is asked: that of the top level, as the bridge does.
  for (const auto& request : profile.at("requests")) {
    const auto type = request.at("type").get<std::string>();
    if (subject.action(type) == nullptr)
      subject.actions.push_back(
          {type, url_of(subject.base_url, request.at("path")), request.at("fixed").get<Params>()});
  }
  subject.unusable = profile.at("unusable_actions").get<std::vector<std::string>>();
  subject.tcbaseurl = global.tcbaseurl;
  subject.guid_given = !options.guid.empty();
  subject.guid = subject.guid_given ? options.guid : random_hex(16);
  subject.strict = options.strict;
  subject.probe_url = options.probe;
  subject.rate = options.rate;
  subject.load = options.load;
  subject.within_ms = options.within_ms != 0 ? options.within_ms : subject.call.timeout_ms;
  subject.destructive = options.destructive;
  return subject;
}

}  // namespace host
