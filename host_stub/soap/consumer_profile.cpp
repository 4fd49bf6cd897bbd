#include "soap/consumer_profile.h"

#include <fmt/format.h>

#include "soap/contract.h"
#include "soap/envelope.h"

namespace host::soap {

std::string consumer_profile(std::string_view base_url) {
  std::string services;
  for (const auto* contract : {&context_contract(), &util_contract()}) {
    services += fmt::format("    <service name=\"{0}\" path=\"/webapps/ws/services/{0}\">\n", contract->name);
    for (const auto& operation : contract->operations)
      services += fmt::format("      <operation>{}</operation>\n", operation.name);
    services += "    </service>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<tool-consumer-profile ltiVersion=\"2.0-July08\">\n"
      "  <vendor><code>ptbridge</code><name>ptbridge</name></vendor>\n"
      "  <tool-consumer-info><code>ptb-host</code><name>ptb-host</name></tool-consumer-info>\n"
      "  <tool-consumer-instance>\n"
      "    <base-urls><base-url type=\"{}\">{}</base-url></base-urls>\n"
      "    <security-profile><digest-algorithm>MD5</digest-algorithm>"
      "<digest-algorithm>SHA-1</digest-algorithm></security-profile>\n"
      "  </tool-consumer-instance>\n"
      "  <services-offered>\n{}  </services-offered>\n"
      "</tool-consumer-profile>\n",
      base_url.starts_with("https:") ? "https" : "http", escaped(base_url), services);
}

}  // namespace host::soap
