// The small LMS: courses, content items, tools, tool settings, secrets, and its operations, in a database of its own.
// It knows nothing of the bridge: what an event leads to is not its business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "database.h"

namespace host {

/// Vendor code and program code of a tool, installed or not.
struct Locator {
  std::string vendor;
  std::string program;
  friend bool operator==(const Locator&, const Locator&) = default;
  friend auto operator<=>(const Locator&, const Locator&) = default;
};
std::string to_text(const Locator& locator);
/// "VENDOR/PROGRAM". Throws Refusal (wrong usage) where the text is not two codes of 1 to 200 bytes around one '/'.
Locator locator_from(std::string_view text);

struct Course {
  std::string id;
  std::string title;
};

/// A piece of content that a tool handles.
struct Item {
  std::string id;
  std::string course_id;
  Locator tool;
  std::string title;
  std::string external_id;      ///< the tool's own id of it; empty while unknown
  std::string handle = {};      ///< names the tool's content handler, such as resource/x-acme-quiz; empty: unknown
  std::string launch_url = {};  ///< as the package had it; empty: unknown
};

/// A group of a course's participants.
struct Group {
  std::string id;
  std::string course_id;
  std::string name;
};

/// A tool as it is registered here. `state` is in wire words.
struct Tool {
  Locator locator;
  std::string guid;
  std::string name;
  std::string state;
  std::string descriptor;
  std::string base_urls;  ///< one a line
  bool strict = false;
  bool allow_http = false;
  bool allow_private = false;
  bool allow_downgrade = false;
  std::string wire;  ///< empty: proxy-tool
  std::string ca_file;
  std::string allow_cidrs;  ///< between spaces
  std::string client_cert_file;
  std::string client_key_file;
  std::string endpoint;
  std::string lti_client_id;
  std::string lti_deployment_id;
  std::uint32_t max_batch = 0;
  bool told = false;  ///< the bridge knows all of the above
  friend bool operator==(const Tool&, const Tool&) = default;
};

/// Where an LTI tool wants notices of one type.
struct NoticeHandler {
  std::string notice_type;
  std::string handler;
  std::uint32_t max_batch = 0;  ///< 0: the tool named none
};

struct Setting {
  std::string scope;  ///< system, course, content
  std::string owner;  ///< id of the course or item; empty for system
  std::string key;
  std::string value;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Something a tool must hear of, as the LMS keeps it until the bridge has taken it.
struct LmsEvent {
  Locator tool;
  std::string kind;
  std::string course_id;
  std::string content_id;
  Pairs arguments;
  Pairs context;
};

/// One thing a person did. Its id is also the high-water mark.
struct Operation {
  std::int64_t id = 0;
  std::string title;
  std::int64_t at_ms = 0;
  std::vector<LmsEvent> events;
  std::int64_t not_before_ms = 0;  ///< tools are to hear of it no earlier; 0: at once
};

class Lms {
 public:
  /// Opens or creates `path`. Throws Refusal: damaged, of a newer version, not writable.
  explicit Lms(const std::filesystem::path& path);

  Database& database() { return database_; }

  /// Made when the database was created, or begun anew since.
  const std::string& generation() const { return generation_; }
  /// A new life of these data: what is done from now on is nothing that was done before, whatever its number.
  /// Operations that were not captured yet never will be: they were, in the life before.
  void begin_generation();
  /// Writes all of it to a new file. Throws Refusal: there is one already, not writable, disk full.
  void back_up(const std::filesystem::path& file);
  /// Becomes what the file holds, or stays as it is. Throws Refusal: no backup of a small LMS, damaged, newer.
  void put_back(const std::filesystem::path& file);
  /// Id of the newest operation; 0 where there is none.
  std::int64_t high_water();

  // -- courses and items
  std::optional<Course> course(std::string_view id);
  std::vector<Course> courses();
  void add_course(const Course& course);
  void remove_course(std::string_view id);  ///< and its items; their settings stay for the capture that follows
  std::optional<Item> item(std::string_view id);
  std::vector<Item> items(std::string_view course_id);  ///< in the order of the course
  std::int64_t item_count(std::string_view course_id);
  void add_item(const Item& item);
  void remove_item(std::string_view id);
  void set_external_id(std::string_view id, std::string_view external_id);
  bool has_items_of(const Locator& tool);
  void add_group(const Group& group);
  std::vector<Group> groups(std::string_view course_id);  ///< in the order in which they were made
  /// An id like `_5_1` that no course, item or group has.
  std::string new_id();

  // -- tools
  std::optional<Tool> tool(const Locator& locator);
  std::vector<Tool> tools();
  void put_tool(const Tool& tool);
  void set_told(const Locator& locator);
  void tell_all_tools_again();
  void set_state(const Locator& locator, std::string_view state);
  /// Its settings stay, and its secret, with which it is still told of its removal.
  void remove_tool(const Locator& locator);
  void put_secret(const Locator& locator, std::string_view secret);
  void remove_secret(const Locator& locator);
  std::optional<std::string> secret(const Locator& locator);
  /// Those who have a secret here but are not installed any more.
  std::vector<Locator> removed_with_secret();
  /// Items and settings of `from` become those of `to`, now and for packages restored later.
  void claim(const Locator& from, const Locator& to);
  std::optional<Locator> claimed_by(const Locator& from);

  /// The hash of the password that tools must name when they register themselves; empty: none is asked for.
  std::string registration_password();
  /// Empty: none is asked for any more.
  void put_registration_password(std::string_view hash);

  // -- LTI
  /// The platform's private key in PEM; empty: none has been made.
  std::string lti_key();
  void put_lti_key(std::string_view pem);
  std::vector<NoticeHandler> notice_handlers(const Locator& tool);
  /// An empty handler removes it.
  void put_notice_handler(const Locator& tool, const NoticeHandler& handler);

  // -- settings
  void set_setting(const Locator& tool, const Setting& setting);
  void remove_setting(const Locator& tool, const Setting& setting);  ///< whatever its value
  std::vector<Setting> settings(const Locator& tool);
  /// System settings, and those of the course and the item where these are not empty.
  void visit_settings(const Locator& tool, std::string_view course_id, std::string_view content_id,
                      const std::function<bool(const Setting&)>& visit);
  void copy_settings(std::string_view scope, std::string_view from_owner, std::string_view to_owner);

  // -- operations
  /// Stores it, with its events, as not captured yet; gives it its id. Call inside a transaction.
  void add_operation(Operation& operation);
  std::vector<Operation> unfinished_operations();
  /// The bridge has it, or (with a `problem`) has said that it never will. Settings of what the operation deleted go.
  void finish_operation(const Operation& operation, std::string_view problem);
  /// What was done since then counts as not captured. Returns how many operations that are.
  std::int64_t capture_again_from(std::int64_t at_ms);
  /// Removes the settings of courses and items that are no more.
  void forget_orphaned_settings();
  /// Removes what finished operations still say of a course, or of a person (one of them empty). Returns how many of
  /// their events.
  std::int64_t forget(std::string_view course_id, std::string_view user_id);

 private:
  void migrate();
  void migrate_from_earlier();
  std::int64_t version();

  Database database_;
  std::string generation_;
};

/// Milliseconds since the epoch, now.
std::int64_t now_ms();

/// `bytes` random bytes in lower-case hex.
std::string random_hex(std::size_t bytes);

}  // namespace host
