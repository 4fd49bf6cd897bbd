// What SqlStore keeps besides events and lanes: policies, values that are known, what people did, what the host was
// told of.
#include <fmt/format.h>

#include <algorithm>

#include "store/event_rows.h"
#include "store/sql_store.h"

namespace ptb {

namespace {

constexpr std::int64_t kAuditPage = 1000;

constexpr const char* kPutPolicy =
    "INSERT INTO policy (locator, document) VALUES (?1, ?2) ON CONFLICT (locator) DO UPDATE SET document = "
    "excluded.document";
constexpr const char* kDropPolicy = "DELETE FROM policy WHERE locator = ?1";
constexpr const char* kPolicies = "SELECT locator, document FROM policy ORDER BY locator";
constexpr const char* kPutKnown =
    "INSERT INTO known (locator, what, whose, key, value, known_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
    "ON CONFLICT (locator, what, whose, key) DO UPDATE SET value = excluded.value, known_at = excluded.known_at";
constexpr const char* kKnown = "SELECT value FROM known WHERE locator = ?1 AND what = ?2 AND whose = ?3 AND key = ?4";
constexpr const char* kPutAudit = "INSERT INTO audit (at, who, what, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kAudit =
    "SELECT number, at, who, what, target, detail FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2";
constexpr const char* kRaiseWatch = "INSERT INTO watch (locator) VALUES (?1) ON CONFLICT DO NOTHING";
constexpr const char* kLowerWatch = "DELETE FROM watch WHERE locator = ?1";
constexpr const char* kWatch = "SELECT 1 FROM watch WHERE locator = ?1";

bool is_known_kind(const std::string& what) {
  return what == "setting:system" || what == "setting:course" || what == "setting:content" || what == "item";
}

}  // namespace

Result<void> SqlStore::put_policy(const Locator& locator, const std::string& document) {
  return change<void>(
      {"store.put_policy.begin", "store.put_policy.before_commit", "store.put_policy.after_commit"},
      [&] { return Scope{locator}; },
      [&](Draft& draft) -> Result<void> {
        draft.note_policy(locator);
        if (document.empty())
          connection_->query(kDropPolicy).bind(to_text(locator)).run();
        else
          connection_->query(kPutPolicy).bind(to_text(locator), document).run();
        fault_point("store.put_policy.written");
        return {};
      });
}

Result<std::vector<std::pair<Locator, std::string>>> SqlStore::policies() {
  using Policies = std::vector<std::pair<Locator, std::string>>;
  return look<Policies>(
      [&]() -> Result<Policies> {
        Policies all;
        auto row = connection_->query(kPolicies);
        while (row.row()) {
          auto locator = locator_from(row.text(0));
          if (!locator) return fail(locator.error());
          all.emplace_back(std::move(*locator), row.text(1));
        }
        std::sort(all.begin(), all.end());
        return all;
      },
      Wants::what_it_names);
}

Result<void> SqlStore::put_known(const KnownValue& known, std::int64_t now_ms) {
  if (!is_known_kind(known.what))
    return fail(Status::argument, fmt::format("'{}' is nothing that can be known: write setting:system, "
                                              "setting:course, setting:content or item",
                                              printable(known.what, 40)));
  return change<void>({"store.put_known.begin", "store.put_known.before_commit", "store.put_known.after_commit"},
                      nothing, [&](Draft&) -> Result<void> {
                        connection_->query(kPutKnown)
                            .bind(to_text(known.tool), known.what, known.whose, known.key, known.value, moment(now_ms))
                            .run();
                        fault_point("store.put_known.written");
                        return {};
                      });
}

Result<std::optional<std::string>> SqlStore::known(const KnownValue& asked) {
  return look<std::optional<std::string>>([&]() -> Result<std::optional<std::string>> {
    auto row = connection_->query(kKnown);
    row.bind(to_text(asked.tool), asked.what, asked.whose, asked.key);
    if (!row.row()) return std::optional<std::string>();
    return std::optional(std::string(row.text(0)));
  });
}

Result<void> SqlStore::put_audit(const AuditEntry& entry) {
  return change<void>(
      {"store.put_audit.begin", "store.put_audit.before_commit", "store.put_audit.after_commit"}, nothing,
      [&](Draft&) -> Result<void> {
        connection_->query(kPutAudit).bind(entry.at_ms, entry.who, entry.what, entry.target, entry.detail).run();
        fault_point("store.put_audit.written");
        return {};
      });
}

Result<std::vector<AuditEntry>> SqlStore::audit(std::int64_t after, int limit) {
  return look<std::vector<AuditEntry>>([&]() -> Result<std::vector<AuditEntry>> {
    std::vector<AuditEntry> found;
    auto row = connection_->query(kAudit);
    row.bind(after, std::clamp<std::int64_t>(limit, 1, kAuditPage));
    while (row.row())
      found.push_back({row.integer(0), row.integer(1), std::string(row.text(2)), std::string(row.text(3)),
                       std::string(row.text(4)), std::string(row.text(5))});
    return found;
  });
}

Result<void> SqlStore::put_watch(const Locator& tool, bool raised) {
  return change<void>({"store.put_watch.begin", "store.put_watch.before_commit", "store.put_watch.after_commit"},
                      nothing, [&](Draft&) -> Result<void> {
                        connection_->query(raised ? kRaiseWatch : kLowerWatch).bind(to_text(tool)).run();
                        fault_point("store.put_watch.written");
                        return {};
                      });
}

Result<bool> SqlStore::watch_raised(const Locator& tool) {
  return look<bool>([&]() -> Result<bool> {
    auto row = connection_->query(kWatch);
    return row.bind(to_text(tool)).row();
  });
}

}  // namespace ptb
