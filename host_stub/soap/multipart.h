// Where in the body of an HTTP request its SOAP envelope is, and what the headers say of it. Reads text only.
#pragma once

#include <string>
#include <string_view>

namespace host::soap {

struct SoapBody {
  std::string_view xml;  ///< points into the body that was given
  std::string action;    ///< the parameter `action` of the content type; may be empty
  bool is_latin1 = false;
};

/// A body of multipart/related (MTOM) is its first part; one whose content type is none of XML is taken for XML too, as
/// some clients forget to say. Throws Fault: there is no such part.
SoapBody soap_body(std::string_view content_type, std::string_view body);

}  // namespace host::soap
