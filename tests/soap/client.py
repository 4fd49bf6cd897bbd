"""A registration client as zeep makes one from the served WSDLs: registers a tool, logs in, sets, reads and deletes a
setting, logs out. Prints what came of each as JSON.
Arguments: base URL, - , SOAP version, vendor, program, secret, description."""
import json
import sys

import zeep
from zeep.wsse.username import UsernameToken

base, _, version, vendor, program, secret, description = sys.argv[1:]


def service(name, session):
    client = zeep.Client(f"{base}/webapps/ws/services/{name}?wsdl", wsse=UsernameToken("session", session),
                         transport=zeep.Transport(timeout=20, operation_timeout=60))
    return client.bind(name, f"{name}SOAP{'12' if version == '1.2' else '11'}port_http")


session = service("Context.WS", "nosession").initialize()
context = service("Context.WS", session)
util = service("Util.WS", session)
registered = context.registerTool(
    clientVendorId=vendor, clientProgramId=program, registrationPassword="none is set", description=description,
    initialSharedSecret=secret, requiredToolMethods=["Context.WS:loginTool", "Util.WS:saveSetting"])
out = {"session": session,
       "registered": {"status": registered.status, "proxyToolGuid": registered.proxyToolGuid,
                      "failureErrors": registered.failureErrors}}
out["login"] = context.loginTool(password=secret, clientVendorId=vendor, clientProgramId=program, loginExtraInfo="",
                                 expectedLifeSeconds=600)
out["initialized"] = util.initializeUtilWS(ignore=True)
place = {"scope": 0, "id": "", "key": "colour"}
out["saved"] = util.saveSetting(value="gr\u00fcn & <blau>", **place)
out["loaded"] = util.loadSetting(**place)
out["deleted"] = util.deleteSetting(**place)
out["loaded_again"] = util.loadSetting(**place)
out["version"] = context.getServerVersion()
try:
    context.getMemberships(userid="_1_1")
except zeep.exceptions.Fault as fault:
    out["not_offered"] = fault.message
out["extended"] = context.extendSessionLife(additionalSeconds=5)
out["logout"] = context.logout()
try:
    util.loadSetting(**place)
except zeep.exceptions.Fault as fault:
    out["afterwards"] = fault.message
print(json.dumps(out))
