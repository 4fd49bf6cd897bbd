// See tool_registration.h.
#include "tool_registration.h"

#include <fstream>

#include "text/utf8.h"

namespace host {

namespace {

constexpr std::size_t kMostDescriptorBytes = 1024 * 1024;
constexpr std::size_t kMostSecretBytes = 4096;

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

void apply(const ToolOptions& options, Tool& tool) {
  tool.strict = options.strict.value_or(tool.strict);
  tool.allow_http = options.allow_http.value_or(tool.allow_http);
  tool.allow_private = options.allow_private.value_or(tool.allow_private);
  tool.allow_downgrade = options.allow_downgrade.value_or(tool.allow_downgrade);
  if (options.ca_file)
    tool.ca_file = options.ca_file->empty() ? "" : std::filesystem::absolute(*options.ca_file).string();
  tool.wire = options.wire.value_or(tool.wire);
  std::error_code none;
  if (!tool.ca_file.empty() && !std::filesystem::is_regular_file(tool.ca_file, none))
    refuse("there is no CA file {}: name a PEM file with --ca-file", tool.ca_file);
}

/// Changes the tool here and in the bridge, or in neither. A crash between the two leaves it marked as not told, and
/// the next command tells the bridge again what is stored here.
void store_tool(Session& session, Tool tool, const std::optional<std::string>& secret, std::string_view state) {
  auto& lms = session.lms();
  if (auto before = lms.tool(tool.locator)) {
    before->told = false;
    lms.put_tool(*before);
  }
  Transaction transaction(lms.database());
  tool.told = true;
  lms.put_tool(tool);
  if (secret) lms.put_secret(tool.locator, *secret);
  session.bridge().tool_installed(tool, state);
  transaction.commit();
}

}  // namespace

std::string read_secret(const std::string& path) {
  auto secret = read_file(path, kMostSecretBytes, "secret file");
  // An editor ends the file with a newline that is no part of the secret.
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) refuse("the secret file {} is empty: write the tool's shared secret to it", path);
  if (!is_utf8(secret) || secret.find('\0') != std::string::npos)
    refuse("the secret in {} is not UTF-8 text: tools could not check what it signs", path);
  return secret;
}

RegistrationFiles read_registration(const ToolAdd& add) {
  if (add.options.secret_file.empty()) wrong_usage("tool add wants the shared secret of the tool: --secret-file FILE");
  RegistrationFiles files{read_file(add.descriptor_file, kMostDescriptorBytes, "descriptor"),
                          read_secret(add.options.secret_file)};
  if (!is_utf8(files.descriptor)) refuse("the descriptor {} is not UTF-8", add.descriptor_file);
  return files;
}

namespace {

/// What the plugin reads in the descriptor; where it cannot, its line and the file's name.
Json described(Session& session, const ToolAdd& add, const RegistrationFiles& files) {
  try {
    return session.bridge().report({{"report", "descriptor"}, {"xml", files.descriptor}});
  } catch (const BridgeError& error) {
    refuse("{}: {}", add.descriptor_file, error.what());
  }
}

}  // namespace

Registered register_tool(Session& session, const ToolAdd& add, const RegistrationFiles& files) {
  const auto profile = described(session, add, files);
  Tool tool;
  tool.locator = {profile.at("vendor"), profile.at("program")};
  const auto before = session.lms().tool(tool.locator);
  tool.guid = before ? before->guid : random_hex(16);
  tool.name = profile.value("name", "");
  tool.descriptor = files.descriptor;
  for (const auto& [type, url] : profile.at("base_urls").items())
    tool.base_urls += (tool.base_urls.empty() ? "" : "\n") + url.get<std::string>();
  apply(add.options, tool);
  if (before)
    tool.state = before->state;
  else if (profile.value("placements", false))
    tool.state = "inactive";
  else
    tool.state = add.registration_password ? "unavailable" : "available";
  store_tool(session, tool, files.secret, before ? "" : tool.state);
  return {tool, before.has_value()};
}

Saved save_tool(Session& session, const Locator& locator, const std::string& state, const ToolOptions& options,
                const std::optional<std::string>& secret) {
  const auto before = session.need_tool(locator);
  auto tool = before;
  apply(options, tool);
  const bool changed = tool.strict != before.strict || tool.allow_http != before.allow_http ||
                       tool.allow_private != before.allow_private || tool.allow_downgrade != before.allow_downgrade ||
                       tool.ca_file != before.ca_file || tool.wire != before.wire;
  if (changed)
    store_tool(session, tool, secret, "");
  else if (secret)
    session.lms().put_secret(locator, *secret);
  Saved saved;
  saved.result = session.wait(session.bridge().tool_saved(locator, state));
  saved.state = saved.result.tool_state.empty() ? before.state : saved.result.tool_state;
  if (saved.state != before.state) session.lms().set_state(locator, saved.state);
  return saved;
}

}  // namespace host
