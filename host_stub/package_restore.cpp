// See package_restore.h.
#include "package_restore.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "output.h"
#include "package/package.h"
#include "package/setting_keys.h"
#include "tool_finder.h"

namespace host {

namespace {

constexpr std::size_t kMostValueBytes = 8192;
constexpr std::size_t kMostLinks = 90'000;  // with one event a tool before them, one capture call takes them

/// Asks the plugin once a key: which names are reserved is its business.
class ReservedKeys {
 public:
  explicit ReservedKeys(Bridge& bridge) : bridge_(bridge) {}
  bool contains(std::string_view key) {
    const auto [known, fresh] = known_.try_emplace(std::string(key), false);
    if (fresh) {
      const auto verdict = bridge_.report({{"report", "setting_key"}, {"key", key}, {"others", Json::array()}});
      known->second = verdict.contains("problem") && verdict.at("problem").is_string() &&
                      !verdict.at("problem").get<std::string>().empty();
    }
    return known->second;
  }

 private:
  Bridge& bridge_;
  std::map<std::string, bool> known_;
};

RestoredLink restore_link(const CartridgeLink& link, ToolFinder& tools, ReservedKeys& reserved,
                          std::vector<std::string>& warnings) {
  const auto where = fmt::format("link \"{}\"", cut(link.title, 60));
  auto settings = settings_from_custom(
      link.custom, [&](std::string_view key) { return reserved.contains(key); }, where);
  RestoredLink restored{
      tools.find(link), link.title.empty() ? link.identifier : link.title, {}, link.handle, link.launch_url};
  for (auto& [key, value] : settings.settings) {
    if (value.size() > kMostValueBytes) {
      warnings.push_back(fmt::format("{}: custom property {} has {} bytes, at most {} fit a setting; it is left out",
                                     where, key, value.size(), kMostValueBytes));
      continue;
    }
    restored.settings.emplace_back(std::move(key), std::move(value));
  }
  std::move(settings.warnings.begin(), settings.warnings.end(), std::back_inserter(warnings));
  return restored;
}

/// Without a name, or with one that another group has.
void drop_unusable_groups(std::vector<RestoredGroup>& groups, std::vector<std::string>& warnings) {
  std::set<std::string> names;
  std::erase_if(groups, [&](const RestoredGroup& group) {
    if (!group.name.empty() && names.insert(group.name).second) return false;
    warnings.push_back(fmt::format("group {} has {} and is left out", cut(group.old_id, 60),
                                   group.name.empty() ? "no name" : "the name of another one"));
    return true;
  });
}

}  // namespace

std::string fingerprint(const std::string& path) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  bool good = digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 65536> block{};
  while (good && (file.read(block.data(), block.size()), file.gcount() > 0))
    good = EVP_DigestUpdate(digest.get(), block.data(), static_cast<std::size_t>(file.gcount())) == 1;
  if (!good || file.bad() || EVP_DigestFinal_ex(digest.get(), bytes.data(), &size) != 1)
    refuse("cannot read {}: try again", path);
  std::string hex;
  for (std::size_t i = 0; i < 16; ++i) hex += fmt::format("{:02x}", bytes.at(i));
  return hex;
}

RestoredPackage restore_package(Session& session, const CourseRestore& wanted) {
  if (!wanted.course_id.empty()) check_id(wanted.course_id);
  ToolFinder tools(session, wanted.maps);
  auto cartridge = read_package(wanted.package);
  if (!cartridge) refuse("{}", cartridge.error());
  if (cartridge->links.size() > kMostLinks)
    refuse("{} has {} links: at most {} can be restored at once", wanted.package, cartridge->links.size(), kMostLinks);
  RestoredPackage done;
  done.backup_id = fingerprint(wanted.package);
  done.warnings = std::move(cartridge->warnings);
  done.skipped_links = cartridge->skipped_links;
  done.format = cartridge->format;
  done.not_taken_over = std::move(cartridge->resources);
  ReservedKeys reserved(session.bridge());
  Restore restore{wanted.course_id, cartridge->title, done.backup_id, {}, {}, wanted.user_id, wanted.not_before_ms};
  for (auto& group : cartridge->groups) restore.groups.push_back({std::move(group.id), std::move(group.name)});
  drop_unusable_groups(restore.groups, done.warnings);
  for (const auto& link : cartridge->links) restore.links.push_back(restore_link(link, tools, reserved, done.warnings));
  for (const auto& key : tools.unused())
    done.warnings.push_back(fmt::format("--map {}: no link launches there or has this handle", key));
  done.operation = restore_course(session.lms(), restore);
  done.course_id = restore.course_id;
  done.title = restore.title;
  done.links = restore.links.size();
  done.groups = restore.groups.size();
  return done;
}

}  // namespace host
