// Registration documents, and the requests that are built from what was read in them.
#include "wire/descriptor.h"

#include "fuzz/must.h"
#include "wire/base_url.h"
#include "wire/proxy_tool.h"

namespace {

using ptb::fuzz::must;
using ptb::fuzz::must_be_one_line;

bool may_stand_in_a_request_line(std::string_view url) {
  for (const char c : url)
    if (c <= ' ' || c > '~') return false;
  return ptb::is_absolute_url(url);
}

void check_actions(const ptb::Descriptor& descriptor, const ptb::Actions& actions) {
  for (const auto& [type, action] : actions) {
    must(!type.empty(), "an action has a type");
    bool under = !ptb::is_absolute_url(action.path);
    for (const auto& [kind, base] : descriptor.base_urls) under = under || ptb::is_under(action.path, base);
    must(under, "an absolute path is under a base URL", action.path);
    must(action.path.find_first_of("\r\n") == std::string::npos, "a path is one line", action.path);
  }
}

void check_request(const ptb::Descriptor& descriptor, ptb::EventKind kind) {
  ptb::StoredEvent stored;
  stored.event.kind = kind;
  stored.event.captured_at_ms = 1;
  const ptb::PairViews settings = {{"colour", "red"}};
  const ptb::Outgoing outgoing{&stored, &settings, 1, false};
  ptb::ToolAtSend tool;
  tool.tool.locator = {descriptor.vendor, descriptor.program};
  tool.tool.guid = std::string(32, 'a');
  tool.tool.options.allow_http = tool.tool.options.allow_downgrade = true;
  tool.descriptor = descriptor;
  tool.host = {"https://lms.example:443", "en_US", "ltr", ""};
  for (int fallback = 0; fallback < 3; ++fallback) {
    const auto request =
        ptb::ProxyToolWire().build(tool, {&outgoing, 1}, {1, std::string(32, '0')}, "secret", fallback);
    if (!request) return must_be_one_line(request.error().text);
    if (request->taken == 0) return must_be_one_line(request->unsendable.text);
    must(may_stand_in_a_request_line(request->request.url), "a URL can be sent", request->request.url);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto read = ptb::read_descriptor({reinterpret_cast<const char*>(bytes), size});
  if (!read) {
    must(read.error().status == ptb::Status::argument, "a document that cannot be read is a wrong argument");
    must_be_one_line(read.error().text);
    must(ptb::is_clean_utf8(read.error().text) && read.error().text.size() < 600, "an error text is short and clean",
         read.error().text);
    return 0;
  }
  must(!read->vendor.empty() && !read->program.empty(), "a descriptor has both codes");
  must(!read->base_urls.empty(), "a descriptor has a base URL");
  check_actions(*read, read->actions);
  for (const auto& handler : read->content_handlers) check_actions(*read, handler.actions);
  for (const auto& link : read->menu_links) check_actions(*read, link.actions);
  for (int number = 1; const auto kind = ptb::event_kind_from(std::int64_t{number}); ++number)
    check_request(*read, *kind);
  return 0;
}
