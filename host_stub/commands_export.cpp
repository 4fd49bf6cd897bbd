// The command that writes a course to a package, with the export log: what each tool said to it.
#include <fmt/format.h>

#include "commands.h"
#include "course_operations.h"
#include "course_package.h"
#include "output.h"
#include "package/cartridge_writer.h"

namespace host {

namespace {

/// What the event is about: an item, a group, or the whole course.
std::string subject_of(const LmsEvent& event) {
  if (!event.content_id.empty()) return event.content_id;
  for (const auto& [name, value] : event.arguments)
    if (name == "group_id") return value;
  return event.course_id;
}

}  // namespace

int course_export(const GlobalOptions& global, const std::string& id, const std::string& file) {
  Session session(global, Session::Use::act);
  const auto cartridge = cartridge_of(session.lms(), need_course(session.lms(), id));
  if (const auto written = write_cartridge(file, cartridge); !written) refuse("{}", written.error());
  const auto backup_id = fingerprint(file);
  const auto operation = export_course(session.lms(), id, backup_id);
  const auto report = session.capture(operation);
  const auto headline = fmt::format("course {} exported to {}: {} {}", id, file, cartridge.links.size(),
                                    cartridge.links.size() == 1 ? "item" : "items");
  if (global.json) {
    show_operation(global, {{"course_id", id}, {"file", file}, {"backup_id", backup_id}}, headline, operation, report);
    return kExitDone;
  }
  print_line(headline);
  Table log({"tool", "event", "of", "answer", ""});
  for (std::size_t i = 0; i < report.fates.size(); ++i) {
    const auto& event = operation.events[i];
    const auto& fate = report.fates[i];
    log.add({to_text(event.tool), event.kind, subject_of(event), fate_text(fate), cut(fate.text, 200)});
  }
  print_line(log.empty() ? "export log: no tool has to hear of it" : "export log:");
  log.print();
  print_next(false, fmt::format("`ptb-host course restore {}` makes a course of it", file));
  return kExitDone;
}

}  // namespace host
