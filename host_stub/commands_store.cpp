// Commands about the bridge's store as a whole. They order; the bridge does it, since nobody else opens its database.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "commands.h"
#include "output.h"

namespace host {

namespace {

constexpr std::chrono::milliseconds kBetweenTries(100);
constexpr int kMostTries = 3'000;  // a walk ends after its exchange, which may take minutes

constexpr const char* kAfterDamage =
    "next: keep a copy of the store's files as they are; `ptb-host store restore FILE` puts the last backup back, and "
    "what still can be read goes into a file with `ptb-host events export --state pending --file FILE`";
constexpr const char* kWhereItDoesNotOpen =
    "move the store's files away (keep them), then `ptb-host store restore FILE` puts the last backup back";

void need_store(const GlobalOptions& global) {
  if (!has_store(global))
    refuse("there is no store {} yet: nothing was captured", without_passwords(store_uri(global)));
}

std::string absolute(const std::string& file) { return std::filesystem::absolute(file).string(); }

std::uint64_t number_of(const Json& object, const char* member) { return object.value(member, std::uint64_t{0}); }

std::string counted(const Json& answer) {
  return fmt::format("{} events, {} lanes", with_commas(number_of(answer, "events")),
                     with_commas(number_of(answer, "lanes")));
}

/// Walks are stopped as often as one has begun meanwhile.
Json order_without_walks(Session& session, const GlobalOptions& global, const Json& order) {
  for (int tries = 1;; ++tries) {
    session.order({{"do", "stop"}});
    try {
      return session.order(order);
    } catch (const BridgeError& error) {
      if (error.status() != PTB_E_STATE || tries == kMostTries || *global.interrupts > 0) throw;
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
}

std::int64_t moment_of(const std::string& text) { return text.empty() ? 0 : moment_option("made_at", text); }

void tell_restored(const Json& answer, const StoreRestore& restore, std::int64_t again) {
  if (restore.done_outside) {
    print_line("the store begins a new life: later events have other ids than before, and every lane is held");
  } else {
    const auto made_at = text_of(answer, "made_at");
    print_line(fmt::format("the store is put back from {}{}: {}, of which {} events wait; every lane is held",
                           restore.file, made_at.empty() ? "" : ", made " + made_at, counted(answer),
                           with_commas(number_of(answer, "waiting"))));
    print_line(fmt::format("what was there before is kept as {}", text_of(answer, "kept_as")));
  }
  if (restore.capture_again)
    print_line(fmt::format("{} operations were captured again, and wait behind the rest", again));
  print_next(false,
             "look at what waits (`ptb-host lanes`, `ptb-host events list --state pending`), `ptb-host events discard "
             "ID --reason TEXT` what tools have heard of since the backup, then `ptb-host lane release --all`");
}

}  // namespace

int store_check(const GlobalOptions& global) {
  need_store(global);
  Json answer;
  try {
    Session session(global, Session::Use::look);
    answer = session.bridge().report({{"report", "check"}});
  } catch (const BridgeError& error) {
    if (error.status() != PTB_E_DAMAGED) throw;
    refuse("{}; {}", error.what(), kWhereItDoesNotOpen);
  }
  const auto& findings = answer.at("findings");
  if (global.json) {
    print_json(answer);
  } else if (findings.empty()) {
    print_line(fmt::format("no damage: {}", counted(answer)));
  } else {
    for (const auto& finding : findings) print_line(finding.get<std::string>());
    print_line(fmt::format("damaged: {} findings; {} were looked at", findings.size(), counted(answer)));
    print_line(kAfterDamage);
  }
  return findings.empty() ? kExitDone : kExitRefused;
}

int store_nodes(const GlobalOptions& global) {
  need_store(global);
  Session session(global, Session::Use::look);
  const auto answer = session.bridge().report({{"report", "nodes"}});
  if (global.json) {
    print_json(answer);
    return kExitDone;
  }
  if (!answer.at("shared").get<bool>()) {
    print_line(fmt::format("{} belongs to one process at a time", without_passwords(store_uri(global))));
    print_next(false, "`ptb-host store migrate` moves the bridge to PostgreSQL, which several processes share");
    return kExitDone;
  }
  Table table({">node", "process", "state", ">lanes"});
  for (const auto& node : answer.at("nodes"))
    table.add({std::to_string(number_of(node, "number")), text_of(node, "name"),
               !node.at("alive").get<bool>() ? "gone: its lanes are taken over within seconds"
               : node.at("this").get<bool>() ? "alive, this one"
                                             : "alive",
               with_commas(number_of(node, "lanes"))});
  if (table.empty())
    print_line("no process that sends or captures has it open");
  else
    table.print();
  return kExitDone;
}

int store_backup(const GlobalOptions& global, const std::string& file) {
  need_store(global);
  const auto path = absolute(file);
  Session session(global, Session::Use::keep);
  session.order({{"do", "backup"}, {"file", path}});
  std::error_code none;
  const auto bytes = std::filesystem::file_size(path, none);
  if (global.json)
    print_json({{"file", path}, {"bytes", bytes}});
  else
    print_line(fmt::format("the bridge's store is kept in {}: {} bytes; it holds what events and settings say", path,
                           with_commas(bytes)));
  print_next(global.json, fmt::format("`ptb-host store restore {}` puts it back; the small LMS's own data are kept by "
                                      "`ptb-host state backup`",
                                      file));
  return kExitDone;
}

int store_restore(const GlobalOptions& global, const StoreRestore& restore) {
  if (restore.file.empty() != restore.done_outside)
    wrong_usage("name the backup to put back, or say --done-outside where somebody has put it back by other means");
  if (restore.capture_again && restore.done_outside)
    wrong_usage("--capture-again wants to know when the backup was made, so it goes with a file");
  if (restore.done_outside) need_store(global);
  Json order = {{"do", "restore"}};
  if (restore.done_outside)
    order["done_outside"] = true;
  else
    order["file"] = absolute(restore.file);
  Session session(global, Session::Use::keep);
  const auto answer = order_without_walks(session, global, order);
  const auto made_at = restore.done_outside ? std::string() : text_of(answer, "made_at");
  if (restore.capture_again && made_at.empty())
    print_aside("the backup does not say when it was made: nothing is captured again");
  const auto again = session.begin_anew(restore.capture_again ? moment_of(made_at) : 0);
  if (global.json) {
    auto json = answer;
    json["captured_again"] = again;
    print_json(json);
  } else {
    tell_restored(answer, restore, again);
  }
  return kExitDone;
}

int store_migrate(const GlobalOptions& global, const std::string& from, const std::string& to) {
  auto named = global;
  named.store = from;
  if (store_uri(named) != store_uri(global))
    wrong_usage("the bridge's store is {}: move that one, or name {} with --store too",
                without_passwords(store_uri(global)), without_passwords(from));
  need_store(global);
  Session session(global, Session::Use::keep);
  const auto answer = order_without_walks(session, global, {{"do", "migrate"}, {"to", to}});
  if (global.json) {
    print_json(answer);
    return kExitDone;
  }
  const auto place = without_passwords(to);
  print_line(fmt::format("the bridge has moved to {}: {}, {} rows in all, the same there as here{}", place,
                         counted(answer), with_commas(number_of(answer, "rows")),
                         answer.value("was_there", false) ? "; an earlier try had copied them" : ""));
  print_next(
      false,
      fmt::format("give `--store '{}'` with every command from now on; {} does not open any more, and can be "
                  "removed once all is well there{}",
                  place, from, global.house == nullptr ? "" : "; end the server that works with it, and start it so"));
  return kExitDone;
}

}  // namespace host
