// See api.h. The bridge's store as a whole. It is put back and moved by commands only: that is for somebody who reads
// what it says.
#include "commands.h"
#include "serve/api.h"

namespace host {

void add_store_api(Router& router, Serving& serving) {
  router.change("POST", "/api/store/check", [&serving](const Call& call) {
    return command_page(serving, call, [](const GlobalOptions& options) { return store_check(options); });
  });
  router.change("POST", "/api/store/backup", [&serving](const Call& call) {
    const auto file = need_text_in(object_in(call), "file");
    return command_page(serving, call, [file](const GlobalOptions& options) { return store_backup(options, file); });
  });
}

}  // namespace host
