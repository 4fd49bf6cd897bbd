// See command_line.h. Courses, content and groups, and the small LMS's own data.
#include "command_line.h"

namespace host {

namespace {

void add_terms(CLI::App& command, std::string& user, std::string& not_before) {
  command.add_option("--as-user", user, "Who does it; kept with the events, never sent")->type_name("ID");
  command.add_option("--not-before", not_before, "Tools hear of it no earlier than 2026-11-23T08:00:00Z")
      ->type_name("TIME");
}

std::int64_t not_before_ms(const CommandLine& line) {
  return line.not_before.empty() ? 0 : moment_option("--not-before", line.not_before);
}

}  // namespace

void add_course_commands(CLI::App& app, CommandLine& line) {
  auto* course = group(app, "course", "Courses");
  auto* create = course->add_subcommand("create", "Make an empty course");
  create->add_option("id", line.id, "Its id")->required();
  create->callback([&] { line.run = [&] { return course_create(line.global, line.id); }; });
  auto* restore = course->add_subcommand("restore", "Make a course from a package of another LMS");
  restore
      ->add_option("package", line.restore.package,
                   "Common Cartridge 1.0 to 1.3 or thin, Canvas or Blackboard export, or Moodle backup (.mbz); its "
                   "content says which")
      ->required()
      ->type_name("FILE");
  restore->add_option("--id", line.restore.course_id, "Id of the new course")->type_name("ID");
  restore
      ->add_option(
          "--map", line.restore.maps,
          "Links that launch on this host belong to this tool; in place of the host also the handle of a content "
          "handler (resource/x-...), or the VENDOR/PROGRAM that links would wait under")
      ->type_name("LAUNCH_HOST=VENDOR/PROGRAM")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_terms(*restore, line.restore.user_id, line.not_before);
  restore->callback([&] {
    line.run = [&] {
      line.restore.not_before_ms = not_before_ms(line);
      return course_restore(line.global, line.restore);
    };
  });
  auto* copy = course->add_subcommand("copy", "Copy a course with its content and settings");
  copy->add_option("source", line.id, "Course to copy")->required();
  copy->add_option("target", line.other, "Id of the new course")->required();
  copy->add_flag("--exact", line.flag, "With user data");
  add_terms(*copy, line.copy.user_id, line.not_before);
  copy->callback([&] {
    line.run = [&] {
      line.copy.not_before_ms = not_before_ms(line);
      return course_copy(line.global, line.id, line.other, line.flag, line.copy);
    };
  });
  auto* export_to = course->add_subcommand("export", "Write a course to a Common Cartridge, and tell its tools");
  export_to->add_option("id", line.id, "Its id")->required();
  export_to->add_option("file", line.other, "Package to write, .imscc")->required();
  export_to->callback([&] { line.run = [&] { return course_export(line.global, line.id, line.other); }; });
  auto* remove = course->add_subcommand("delete", "Delete a course");
  remove->add_option("id", line.id, "Its id")->required();
  remove->callback([&] { line.run = [&] { return course_delete(line.global, line.id); }; });
  course->add_subcommand("list", "All courses")->callback([&] { line.run = [&] { return course_list(line.global); }; });

  auto* content = group(app, "content", "Content items");
  auto* copy_item = content->add_subcommand("copy", "Copy a content item; with --delete: move it");
  copy_item->add_option("item", line.id, "Its id")->required();
  copy_item->add_option("--to", line.other, "Course that gets it")->required()->type_name("COURSE");
  copy_item->add_flag("--delete", line.flag, "Remove the original");
  add_terms(*copy_item, line.copy.user_id, line.not_before);
  copy_item->callback([&] {
    line.run = [&] {
      line.copy.not_before_ms = not_before_ms(line);
      return content_copy(line.global, line.id, line.other, line.flag, line.copy);
    };
  });
  auto* known =
      content->add_subcommand("known", "The tool of an item calls it so; what was delayed until then goes out");
  known->add_option("item", line.id, "Its id here")->required();
  known->add_option("external_id", line.other, "The tool's own id of it")->required();
  known->callback([&] { line.run = [&] { return content_known(line.global, line.id, line.other); }; });
  auto* list = content->add_subcommand("list", "The content of a course");
  list->add_option("course", line.id, "Its id")->required();
  list->callback([&] { line.run = [&] { return content_list(line.global, line.id); }; });

  auto* groups = group(app, "group", "Groups of a course");
  auto* make = groups->add_subcommand("create", "Make a group");
  make->add_option("course", line.id, "Id of the course")->required();
  make->add_option("name", line.other, "Its name")->required();
  make->callback([&] { line.run = [&] { return group_create(line.global, line.id, line.other); }; });
  auto* list_groups = groups->add_subcommand("list", "The groups of a course");
  list_groups->add_option("course", line.id, "Id of the course")->required();
  list_groups->callback([&] { line.run = [&] { return group_list(line.global, line.id); }; });

  auto* forgotten = app.add_subcommand("forget", "Remove what events say of a course or of a person");
  forgotten->add_option("--course", line.id, "The course")->type_name("ID");
  forgotten->add_option("--user", line.other, "Who had restored or copied: see --as-user")->type_name("ID");
  forgotten->callback([&] { line.run = [&] { return forget(line.global, line.id, line.other); }; });

  auto* state = group(app, "state", "This small LMS's own data; the bridge's store is no part of it");
  auto* backup = state->add_subcommand("backup", "Write them to a new file");
  backup->add_option("file", line.other, "File that is not there yet")->required()->type_name("FILE");
  backup->callback([&] { line.run = [&] { return state_backup(line.global, line.other); }; });
  auto* put_back = state->add_subcommand("restore", "Put them back from such a file");
  put_back->add_option("file", line.other, "As `state backup` wrote it")->required()->type_name("FILE");
  put_back->callback([&] { line.run = [&] { return state_restore(line.global, line.other); }; });
  state
      ->add_subcommand("new-generation",
                       "After a restore, and a look at what waits: from now on all is new, whatever its number")
      ->callback([&] { line.run = [&] { return state_new_generation(line.global); }; });
}

}  // namespace host
