// The WSDL of a contract. See contract.h.
#include <fmt/format.h>

#include "soap/contract.h"
#include "soap/envelope.h"

namespace host::soap {

namespace {

constexpr Field kCourseId[] = {{"externalId", "xs:string"}};
constexpr Field kVersionNumber[] = {{"version", "xs:long"}};

std::string element(const Field& field) {
  const std::string_view type(field.type);
  const bool is_plain = type == "xs:long" || type == "xs:int" || type == "xs:boolean";
  return fmt::format("<xs:element{} minOccurs=\"0\" name=\"{}\"{} type=\"{}\"/>",
                     field.is_list ? " maxOccurs=\"unbounded\"" : "", field.name, is_plain ? "" : " nillable=\"true\"",
                     field.type);
}

std::string sequence(std::span<const Field> fields) {
  std::string text = "<xs:sequence>";
  for (const auto& field : fields) text += element(field);
  return text + "</xs:sequence>";
}

std::string schema_begin(const char* target) {
  return fmt::format(
      "<xs:schema attributeFormDefault=\"qualified\" elementFormDefault=\"qualified\" targetNamespace=\"{}\">\n",
      target);
}

std::string complex_type(const char* name, std::span<const Field> fields) {
  return fmt::format("<xs:complexType name=\"{}\">{}</xs:complexType>\n", name, sequence(fields));
}

std::string wrapper(const std::string& name, std::span<const Field> fields) {
  return fmt::format("<xs:element name=\"{}\"><xs:complexType>{}</xs:complexType></xs:element>\n", name,
                     sequence(fields));
}

std::string types(const Contract& contract) {
  auto text = "<wsdl:types>\n" + schema_begin(kPlatformTypes) + complex_type("CourseIdVO", kCourseId) +
              complex_type("VersionVO", kVersionNumber) + "</xs:schema>\n";
  text += schema_begin(contract.types);
  for (const auto& type : contract.own_types) text += complex_type(type.name, type.fields);
  text += "</xs:schema>\n" + schema_begin(contract.target);
  // The schemas stand beside each other in one document: no location is needed.
  text += fmt::format("<xs:import namespace=\"{}\"/><xs:import namespace=\"{}\"/>\n", kPlatformTypes, contract.types);
  for (const auto& operation : contract.operations) {
    if (!operation.arguments.empty()) text += wrapper(operation.name, operation.arguments);
    text += wrapper(std::string(operation.name) + "Response", {&operation.result, 1});
  }
  return text + "</xs:schema>\n</wsdl:types>\n";
}

std::string messages(const Contract& contract) {
  std::string text;
  for (const auto& operation : contract.operations) {
    text += fmt::format("<wsdl:message name=\"{}Request\">", operation.name);
    if (!operation.arguments.empty())
      text += fmt::format("<wsdl:part name=\"parameters\" element=\"ns2:{}\"/>", operation.name);
    text += fmt::format(
        "</wsdl:message>\n<wsdl:message name=\"{}Response\"><wsdl:part name=\"parameters\" "
        "element=\"ns2:{}Response\"/></wsdl:message>\n",
        operation.name, operation.name);
  }
  return text;
}

std::string port_type(const Contract& contract) {
  auto text = fmt::format("<wsdl:portType name=\"{}PortType\">\n", contract.name);
  for (const auto& operation : contract.operations)
    text += fmt::format(
        "<wsdl:operation name=\"{0}\"><wsdl:input message=\"tns:{0}Request\"/>"
        "<wsdl:output message=\"tns:{0}Response\"/></wsdl:operation>\n",
        operation.name);
  return text + "</wsdl:portType>\n";
}

/// `prefix`: soap or soap12.
std::string binding(const Contract& contract, const char* prefix, const char* version) {
  auto text = fmt::format(
      "<wsdl:binding name=\"{0}{1}Binding\" type=\"tns:{0}PortType\">\n"
      "<{2}:binding transport=\"http://schemas.xmlsoap.org/soap/http\" style=\"document\"/>\n",
      contract.name, version, prefix);
  for (const auto& operation : contract.operations)
    text += fmt::format(
        "<wsdl:operation name=\"{0}\"><{1}:operation soapAction=\"{0}\" style=\"document\"/>"
        "<wsdl:input><{1}:body use=\"literal\"/></wsdl:input>"
        "<wsdl:output><{1}:body use=\"literal\"/></wsdl:output></wsdl:operation>\n",
        operation.name, prefix);
  return text + "</wsdl:binding>\n";
}

std::string port(const Contract& contract, const char* prefix, const char* version, std::string_view address) {
  return fmt::format(
      "<wsdl:port name=\"{0}{1}port_http\" binding=\"tns:{0}{1}Binding\"><{2}:address location=\"{3}\"/></wsdl:port>\n",
      contract.name, version, prefix, escaped(address));
}

}  // namespace

std::string wsdl(const Contract& contract, std::string_view address) {
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<wsdl:definitions xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" "
             "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" "
             "xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" xmlns:ns0=\"{0}\" xmlns:ns1=\"{1}\" "
             "xmlns:ns2=\"{2}\" xmlns:tns=\"{2}/\" targetNamespace=\"{2}/\">\n",
             kPlatformTypes, contract.types, contract.target) +
         types(contract) + messages(contract) + port_type(contract) + binding(contract, "soap", "SOAP11") +
         binding(contract, "soap12", "SOAP12") + fmt::format("<wsdl:service name=\"{}\">\n", contract.name) +
         port(contract, "soap", "SOAP11", address) + port(contract, "soap12", "SOAP12", address) +
         "</wsdl:service>\n</wsdl:definitions>\n";
}

}  // namespace host::soap
