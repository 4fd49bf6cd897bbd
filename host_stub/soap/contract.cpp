#include "soap/contract.h"

namespace host::soap {

namespace {

constexpr Field kVersion[] = {{"unused", "ns0:VersionVO"}};
constexpr Field kUserId[] = {{"userid", "xs:string"}};
constexpr Field kIgnoredText[] = {{"ignore", "xs:string"}};
constexpr Field kIgnoredFlag[] = {{"ignore", "xs:boolean"}};
constexpr Field kEmulate[] = {{"userToEmulate", "xs:string"}};
constexpr Field kMoreSeconds[] = {{"additionalSeconds", "xs:long"}};
constexpr Field kMethod[] = {{"method", "xs:string"}};
constexpr Field kRegister[] = {{"clientVendorId", "xs:string"},
                               {"clientProgramId", "xs:string"},
                               {"registrationPassword", "xs:string"},
                               {"description", "xs:string"},
                               {"initialSharedSecret", "xs:string"},
                               {"requiredToolMethods", "xs:string", true},
                               {"requiredTicketMethods", "xs:string", true}};
constexpr Field kLogin[] = {{"userid", "xs:string"},         {"password", "xs:string"},
                            {"clientVendorId", "xs:string"}, {"clientProgramId", "xs:string"},
                            {"loginExtraInfo", "xs:string"}, {"expectedLifeSeconds", "xs:long"}};
constexpr Field kLoginTicket[] = {{"ticket", "xs:string"},
                                  {"clientVendorId", "xs:string"},
                                  {"clientProgramId", "xs:string"},
                                  {"loginExtraInfo", "xs:string"},
                                  {"expectedLifeSeconds", "xs:long"}};
constexpr Field kLoginTool[] = {{"password", "xs:string"},
                                {"clientVendorId", "xs:string"},
                                {"clientProgramId", "xs:string"},
                                {"loginExtraInfo", "xs:string"},
                                {"expectedLifeSeconds", "xs:long"}};

constexpr OperationShape kContextOperations[] = {
    {"initialize", {}, {"return", "xs:string"}},
    {"initializeVersion2", {}, {"return", "xs:string"}},
    {"registerTool", kRegister, {"return", "ns1:RegisterToolResultVO"}},
    {"loginTool", kLoginTool, {"return", "xs:boolean"}},
    {"extendSessionLife", kMoreSeconds, {"return", "xs:boolean"}},
    {"logout", {}, {"return", "xs:boolean"}},
    {"getServerVersion", kVersion, {"return", "ns0:VersionVO"}},
    {"getSystemInstallationId", {}, {"return", "xs:string"}},
    {"getRequiredEntitlements", kMethod, {"return", "xs:string", true}},
    {"deactivateTool", kIgnoredText, {"return", "ns1:DeactivateToolResultVO"}},
    {"login", kLogin, {"return", "xs:boolean"}},
    {"loginTicket", kLoginTicket, {"return", "xs:boolean"}},
    {"emulateUser", kEmulate, {"return", "xs:boolean"}},
    {"getMemberships", kUserId, {"return", "ns0:CourseIdVO", true}},
    {"getMyMemberships", {}, {"return", "ns0:CourseIdVO", true}},
};

constexpr Field kDeactivated[] = {{"failureErrors", "xs:string", true}, {"status", "xs:boolean"}};
constexpr Field kRegistered[] = {
    {"failureErrors", "xs:string", true}, {"proxyToolGuid", "xs:string"}, {"status", "xs:boolean"}};
constexpr TypeShape kContextTypes[] = {{"DeactivateToolResultVO", kDeactivated}, {"RegisterToolResultVO", kRegistered}};

constexpr Field kScopeAndKey[] = {{"scope", "xs:int"}, {"id", "xs:string"}, {"key", "xs:string"}};
constexpr Field kWholeSetting[] = {
    {"scope", "xs:int"}, {"id", "xs:string"}, {"key", "xs:string"}, {"value", "xs:string"}};
constexpr Field kEntitlement[] = {{"courseId", "xs:string"}, {"entitlement", "xs:string"}};

constexpr OperationShape kSettingOperations[] = {
    {"initializeUtilWS", kIgnoredFlag, {"return", "xs:boolean"}},
    {"getServerVersion", kVersion, {"return", "ns0:VersionVO"}},
    {"saveSetting", kWholeSetting, {"return", "xs:boolean"}},
    {"loadSetting", kScopeAndKey, {"return", "xs:string"}},
    {"deleteSetting", kScopeAndKey, {"return", "xs:boolean"}},
    {"checkEntitlement", kEntitlement, {"return", "xs:boolean"}},
    {"getRequiredEntitlements", kMethod, {"return", "xs:string", true}},
};

}  // namespace

const Contract& context_contract() {
  static constexpr Contract contract{"Context.WS", "http://context.ws.blackboard", "http://context.ws.blackboard/xsd",
                                     kContextOperations, kContextTypes};
  return contract;
}

const Contract& util_contract() {
  static constexpr Contract contract{
      "Util.WS", "http://util.ws.blackboard", "http://util.ws.blackboard/xsd", kSettingOperations, {}};
  return contract;
}

const OperationShape* find_operation(const Contract& contract, std::string_view name) {
  for (const auto& operation : contract.operations)
    if (operation.name == name) return &operation;
  return nullptr;
}

}  // namespace host::soap
