// What the SOAP services promise: operations, their arguments and answers, and the WSDL 1.1 that says so. Names and
// namespaces are those that clients of such services were made from. Pure; knows nothing of what operations do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace host::soap {

struct Field {
  const char* name;
  const char* type;  ///< of XML Schema, or of the service's own types
  bool is_list = false;
};

struct OperationShape {
  const char* name;
  std::span<const Field> arguments;  ///< none: the Body of a request is empty
  Field result;
};

struct TypeShape {
  const char* name;
  std::span<const Field> fields;
};

struct Contract {
  const char* name;    ///< Context.WS
  const char* target;  ///< namespace of its elements
  const char* types;   ///< namespace of its own types
  std::span<const OperationShape> operations;
  std::span<const TypeShape> own_types;
};

const Contract& context_contract();
const Contract& util_contract();

/// Namespace of what all services share: VersionVO, CourseIdVO.
inline constexpr const char* kPlatformTypes = "http://ws.platform.blackboard/xsd";

const OperationShape* find_operation(const Contract& contract, std::string_view name);

/// The description of the service at that address, with bindings for SOAP 1.1 and 1.2.
std::string wsdl(const Contract& contract, std::string_view address);

}  // namespace host::soap
