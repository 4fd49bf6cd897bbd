// See tool_registration.h.
#include "tool_registration.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "http/address_guard.h"
#include "lti_platform.h"
#include "output.h"
#include "text/base64.h"
#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostDescriptorBytes = 1'048'576;
constexpr std::size_t kMostSecretBytes = 4096;
constexpr std::size_t kMostPolicyBytes = 65'536;

std::string read_file(const std::string& path, std::size_t limit, const char* what) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) refuse("the {} {} is a directory: name a file", what, path);
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse("cannot read the {} {}: check the name and its permissions", what, path);
  std::string content;
  content.resize(limit + 1);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) refuse("cannot read the {} {}: the disk failed", what, path);
  if (content.size() > limit) refuse("the {} {} is larger than {} bytes: it is not one", what, path, limit);
  return content;
}

/// A file that is named now and read later by the bridge: its place must not depend on where a command is run.
std::string file_named(const std::string& path, const char* option) {
  if (path.empty()) return {};
  auto absolute = std::filesystem::absolute(path).string();
  std::error_code none;
  if (!std::filesystem::is_regular_file(absolute, none))
    refuse("there is no file {}: name one with {}", absolute, option);
  return absolute;
}

std::string ranges_from(const std::vector<std::string>& cidrs) {
  std::string ranges;
  for (const auto& cidr : cidrs) {
    if (cidr.empty()) continue;
    if (!Cidr::parse(cidr))
      wrong_usage("--allow-cidr {}: write a range of addresses such as 10.1.0.0/16 or fd00::/8", cut(cidr, 60));
    ranges += (ranges.empty() ? "" : " ") + cidr;
  }
  return ranges;
}

void apply(const ToolOptions& options, Tool& tool) {
  tool.strict = options.strict.value_or(tool.strict);
  tool.allow_http = options.allow_http.value_or(tool.allow_http);
  tool.allow_private = options.allow_private.value_or(tool.allow_private);
  tool.allow_downgrade = options.allow_downgrade.value_or(tool.allow_downgrade);
  if (options.ca_file) tool.ca_file = file_named(*options.ca_file, "--ca-file");
  if (options.client_cert.has_value() != options.client_key.has_value())
    wrong_usage("a client certificate needs its key: give --client-cert and --client-key together");
  if (options.client_cert) {
    tool.client_cert_file = file_named(*options.client_cert, "--client-cert");
    tool.client_key_file = file_named(*options.client_key, "--client-key");
  }
  if (!options.allow_cidrs.empty()) tool.allow_cidrs = ranges_from(options.allow_cidrs);
  tool.wire = options.wire.value_or(tool.wire);
  tool.endpoint = options.endpoint.value_or(tool.endpoint);
  tool.max_batch = options.max_batch.value_or(tool.max_batch);
  tool.lti_client_id = options.lti_client_id.value_or(tool.lti_client_id);
  tool.lti_deployment_id = options.lti_deployment_id.value_or(tool.lti_deployment_id);
}

/// Refuses a secret that the tool's wire cannot sign with; better now than when the first event is to be sent.
void check_secret(Lms& lms, const Tool& tool, const std::optional<std::string>& given) {
  if (tool.wire == kLtiNotice) {
    if (given) wrong_usage("--wire lti-notice has no shared secret: the platform's own key signs (ptb-host lti key)");
    platform_key(lms);
    return;
  }
  const auto secret = given ? given : lms.secret(tool.locator);
  if (!secret) wrong_usage("{} has no shared secret yet: give it with --secret-file FILE", to_text(tool.locator));
  if (tool.wire != "standard-webhooks") return;
  std::istringstream words(*secret);
  int count = 0;
  for (std::string word; words >> word; ++count) {
    const auto bytes =
        base64_decode(std::string_view(word).substr(std::min(word.find('_') + 1, word.size())), Base64::plain);
    const bool shared = word.starts_with("whsec_") && bytes && bytes->size() >= 24 && bytes->size() <= 64;
    const bool own = word.starts_with("whsk_") && bytes && (bytes->size() == 32 || bytes->size() == 64);
    if (!shared && !own)
      refuse(
          "key {} of the secret of {} is none for standard-webhooks: write whsec_ and 24 to 64 bytes in base64, or "
          "whsk_ and an Ed25519 key, with --secret-file",
          count + 1, to_text(tool.locator));
  }
  if (count == 0) refuse("the secret of {} holds no key: give one with --secret-file", to_text(tool.locator));
}

}  // namespace

/// A crash between the two leaves it marked as not told, and the next command tells the bridge again what is stored
/// here.
void store_tool(Session& session, Tool tool, const std::optional<std::string>& secret, std::string_view state,
                std::string_view policy) {
  auto& lms = session.lms();
  if (auto before = lms.tool(tool.locator)) {
    before->told = false;
    lms.put_tool(*before);
  }
  Transaction transaction(lms.database());
  tool.told = true;
  lms.put_tool(tool);
  if (secret) lms.put_secret(tool.locator, *secret);
  session.bridge().tool_installed(tool, state, policy);
  transaction.commit();
}

namespace {

/// An editor, or a paste, ends it with a newline that is no part of the secret.
std::string trimmed_secret(std::string secret, std::string_view whose) {
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  check_secret_text(secret, whose);
  return secret;
}

}  // namespace

std::string read_secret(const std::string& path) {
  return trimmed_secret(read_file(path, kMostSecretBytes, "secret file"), path);
}

void check_secret_text(std::string_view secret, std::string_view whose) {
  if (secret.empty()) refuse("the secret in {} is empty: it must be the tool's shared secret", whose);
  if (secret.size() > kMostSecretBytes)
    refuse("the secret in {} has {} bytes: at most {} are allowed", whose, secret.size(), kMostSecretBytes);
  if (!is_utf8(secret) || secret.find('\0') != std::string::npos)
    refuse("the secret in {} is not UTF-8 text: tools could not check what it signs", whose);
}

std::string read_policy(const std::string& name_or_file) {
  // A file in the current directory must not stand in for the preset that it happens to be named like.
  if (name_or_file.find_first_of("/.") == std::string::npos || name_or_file.starts_with('<')) return name_or_file;
  auto document = read_file(name_or_file, kMostPolicyBytes, "policy");
  if (!is_utf8(document)) refuse("the policy {} is not UTF-8", name_or_file);
  if (document.starts_with("\xEF\xBB\xBF")) document.erase(0, 3);
  // The plugin tells a document from a name by its first character.
  if (!document.starts_with('<')) refuse("the policy {} is no XML: it does not begin with '<'", name_or_file);
  return document;
}

RegistrationFiles read_registration(const ToolAdd& add) {
  RegistrationFiles files{add.descriptor, secret_in(add.options), {}};
  if (!files.secret && add.options.wire != kLtiNotice)
    wrong_usage("tool add wants the shared secret of the tool: --secret-file FILE");
  if (files.descriptor.empty()) files.descriptor = read_file(add.descriptor_file, kMostDescriptorBytes, "descriptor");
  if (add.options.policy) files.policy = read_policy(*add.options.policy);
  if (!is_utf8(files.descriptor)) refuse("the descriptor {} is not UTF-8", add.descriptor_file);
  return files;
}

std::optional<std::string> secret_in(const ToolOptions& options) {
  if (options.secret) return trimmed_secret(*options.secret, "\"secret\"");
  if (options.secret_file.empty()) return std::nullopt;
  return read_secret(options.secret_file);
}

namespace {

/// What the plugin reads in the descriptor; where it cannot, its line and the file's name.
Json described(Session& session, const ToolAdd& add, const RegistrationFiles& files) {
  try {
    return session.bridge().report({{"report", "descriptor"}, {"xml", files.descriptor}});
  } catch (const BridgeError& error) {
    refuse("{}: {}", add.descriptor_file.empty() ? "the registration document" : add.descriptor_file, error.what());
  }
}

}  // namespace

Registered register_tool(Session& session, const ToolAdd& add, const RegistrationFiles& files) {
  const auto profile = described(session, add, files);
  const Locator locator{profile.at("vendor"), profile.at("program")};
  const auto before = session.lms().tool(locator);
  auto tool = before && add.keeps_options ? *before : Tool{};
  tool.locator = locator;
  tool.guid = before ? before->guid : random_hex(16);
  tool.name = profile.value("name", "");
  tool.descriptor = files.descriptor;
  tool.base_urls.clear();
  for (const auto& [type, url] : profile.at("base_urls").items())
    tool.base_urls += (tool.base_urls.empty() ? "" : "\n") + url.get<std::string>();
  apply(add.options, tool);
  check_secret(session.lms(), tool, files.secret);
  if (before)
    tool.state = before->state;
  else if (profile.value("placements", false))
    tool.state = "inactive";
  else
    tool.state = add.registration_password ? "unavailable" : "available";
  store_tool(session, tool, files.secret, before ? "" : tool.state, files.policy);
  return {tool, before.has_value()};
}

Saved save_tool(Session& session, const Locator& locator, const std::string& state, const ToolOptions& options,
                const std::optional<std::string>& secret) {
  const auto before = session.need_tool(locator);
  const auto policy = options.policy ? read_policy(*options.policy) : std::string();
  auto tool = before;
  apply(options, tool);
  if (secret || tool.wire != before.wire) check_secret(session.lms(), tool, secret);
  if (tool != before || !policy.empty())
    store_tool(session, tool, secret, "", policy);
  else if (secret)
    session.lms().put_secret(locator, *secret);
  Saved saved;
  saved.result = session.wait(session.bridge().tool_saved(locator, state), locator);
  saved.state = saved.result.tool_state.empty() ? before.state : saved.result.tool_state;
  if (saved.state != before.state) session.lms().set_state(locator, saved.state);
  return saved;
}

}  // namespace host
