// See command_line.h. The bridge's store as a whole.
#include "command_line.h"

namespace host {

void add_store_commands(CLI::App& app, CommandLine& line) {
  auto* store = group(app, "store", "The bridge's store as a whole; the small LMS's own data are `state`");
  store->add_subcommand("check", "Read everything, and say what is damaged; the rest goes on meanwhile")->callback([&] {
    line.run = [&] { return store_check(line.global); };
  });
  store->add_subcommand("nodes", "The processes that share it, and how many lanes each walks")->callback([&] {
    line.run = [&] { return store_nodes(line.global); };
  });
  auto* backup = store->add_subcommand("backup", "Write it to a new file; the rest goes on meanwhile");
  backup->add_option("file", line.other, "File that is not there yet")->required()->type_name("FILE");
  backup->callback([&] { line.run = [&] { return store_backup(line.global, line.other); }; });
  auto* restore = store->add_subcommand("restore", "Put it back from such a file; all lanes are held then");
  auto& terms = line.store_restore;
  auto* file = restore->add_option("file", terms.file, "As `store backup` wrote it")->type_name("FILE");
  restore
      ->add_flag("--done-outside", terms.done_outside,
                 "It was put back by other means, such as pg_restore: begin its new life, and hold the lanes")
      ->excludes(file);
  restore->add_flag("--capture-again", terms.capture_again,
                    "Capture again what this LMS has done since the backup: tools may hear of it twice");
  restore->callback([&] { line.run = [&] { return store_restore(line.global, line.store_restore); }; });
  auto* migrate = store->add_subcommand("migrate", "Move the whole bridge into another store, ids and order and all");
  migrate->add_option("from", line.id, "The store that it has: sqlite:PATH")->required()->type_name("URI");
  migrate->add_option("to", line.other, "An empty one: postgresql://USER@HOST:PORT/DATABASE")
      ->required()
      ->type_name("URI");
  migrate->callback([&] { line.run = [&] { return store_migrate(line.global, line.id, line.other); }; });
}

}  // namespace host
