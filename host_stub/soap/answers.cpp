#include "soap/answers.h"

#include <fmt/format.h>

#include "soap/envelope.h"

namespace host::soap {

std::string response(const Contract& contract, std::string_view operation, std::string_view returns) {
  return fmt::format("<ns:{0}Response xmlns:ns=\"{1}\">{2}</ns:{0}Response>", operation, contract.target, returns);
}

std::string returned(std::string_view text) { return fmt::format("<ns:return>{}</ns:return>", escaped(text)); }

std::string returned(bool truth) { return truth ? "<ns:return>true</ns:return>" : "<ns:return>false</ns:return>"; }

std::string returned_nil() {
  return "<ns:return xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>";
}

std::string returned_version(int version) {
  return fmt::format("<ns:return xmlns:p=\"{}\"><p:version>{}</p:version></ns:return>", kPlatformTypes, version);
}

std::string returned_result(const Contract& contract, const std::vector<std::string>& failures, std::string_view guid) {
  auto text = fmt::format("<ns:return xmlns:t=\"{}\">", contract.types);
  for (const auto& failure : failures) text += fmt::format("<t:failureErrors>{}</t:failureErrors>", escaped(failure));
  if (!guid.empty()) text += fmt::format("<t:proxyToolGuid>{}</t:proxyToolGuid>", escaped(guid));
  return text + fmt::format("<t:status>{}</t:status></ns:return>", failures.empty());
}

}  // namespace host::soap
