// SOAP requests: the first line of an input is its content type, the rest its body. Whatever it is, it is read as text
// or refused with one line, and both can be written into an answer that is XML.
#include <pugixml.hpp>
#include <string>

#include "fuzz/must.h"
#include "soap/answers.h"
#include "soap/envelope.h"
#include "text/utf8.h"

namespace {

using ptb::fuzz::must;
using ptb::fuzz::must_be_one_line;

void must_be_xml(const host::Page& page) {
  pugi::xml_document document;
  must(document.load_buffer(page.body.data(), page.body.size()) && host::is_utf8(page.body), "an answer is XML",
       page.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(bytes), size);
  const auto line = input.find('\n');
  host::Request request;
  request.method = "POST";
  request.headers["content-type"] = input.substr(0, line);
  if (line != std::string::npos) request.body = input.substr(line + 1);
  try {
    const auto call = host::soap::read_call(request);
    must(!call.operation.empty(), "a call names its operation");
    for (const auto& [name, value] : call.arguments) {
      must(host::is_utf8(value), "an argument is text", name);
      must_be_xml(host::soap::answer_page(
          call.version, host::soap::response(host::soap::util_contract(), "loadSetting", host::soap::returned(value))));
    }
  } catch (const host::soap::Fault& fault) {
    must_be_one_line(fault.what());
    must_be_xml(host::soap::fault_page(host::soap::version_from_headers(request), fault));
  }
  return 0;
}
