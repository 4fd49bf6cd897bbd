// How requests are read and faults written: in both versions, leniently where clients are careless, and not at all
// where a document means harm.
#include <gmock/gmock.h>

#include "soap_desk.h"

namespace host::test {
namespace {

using testing::HasSubstr;

class SoapText : public testing::Test {
 protected:
  Desk desk;
};

TEST_F(SoapText, AnEmptyBodyIsWhatTheActionSays) {
  const auto bare = envelope(security("nosession"), "");
  EXPECT_EQ(text_in(desk.send(kContext, bare, {{"soapaction", "\"initialize\""}}).body, "return").size(), 32U);
  const auto bare12 = envelope(security("nosession"), "", kSoap12);
  const auto page =
      desk.send(kContext, bare12, {{"content-type", "application/soap+xml; action=\"urn:x/initialize\""}});
  EXPECT_EQ(text_in(page.body, "return").size(), 32U) << page.body;
  const auto addressed = envelope(security("nosession") + "<a:Action>initialize</a:Action>", "");
  EXPECT_EQ(text_in(desk.send(kContext, addressed).body, "return").size(), 32U);
  EXPECT_THAT(fault_of(desk.send(kContext, bare)), HasSubstr("no SOAPAction"));
}

TEST_F(SoapText, TheSecurityHeaderIsNeededAndReadLeniently) {
  const auto sent = [&](const std::string& header) { return desk.send(kContext, envelope(header, "<initialize/>")); };
  const auto token = [](const std::string& name, const std::string& password) {
    return "<s:Security xmlns:s=\"urn:any\"><UsernameToken><Username> " + name + " </Username>" + password +
           "</UsernameToken></s:Security>";
  };
  EXPECT_THAT(fault_of(sent("")), HasSubstr("UsernameToken"));
  EXPECT_THAT(fault_of(sent("<s:Security/>")), HasSubstr("UsernameToken"));
  EXPECT_THAT(fault_of(sent(token("admin", "<Password>nosession</Password>"))), HasSubstr("must be session"));
  EXPECT_THAT(fault_of(sent(token("session", "<Password Type=\"x#PasswordDigest\">aGk=</Password>"))),
              HasSubstr("PasswordText"));
  EXPECT_EQ(sent(token("session", "<Password>\n nosession </Password>")).status, 200U);
  const auto stale = desk.call(kContext, "getServerVersion", "", std::string(32, 'a'));
  EXPECT_THAT(fault_of(stale), HasSubstr("[WSFW001]"));
}

TEST_F(SoapText, FaultsAreInTheVersionOfTheRequest) {
  const auto eleven = desk.call(kContext, "noSuch", "");
  EXPECT_EQ(text_in(eleven.body, "faultcode"), "soapenv:Client");
  EXPECT_THAT(eleven.content_type, HasSubstr("text/xml"));
  const auto twelve = desk.send(kContext, envelope(security("nosession"), "<noSuch/>", kSoap12),
                                {{"content-type", "application/soap+xml"}});
  EXPECT_EQ(twelve.status, 500U);
  EXPECT_EQ(text_in(twelve.body, "Value"), "soapenv:Sender");
  EXPECT_THAT(text_in(twelve.body, "Text"), HasSubstr("[WSFW008]Context.WS has no operation noSuch"));
  EXPECT_THAT(twelve.content_type, HasSubstr("application/soap+xml"));
  const auto garbage = desk.send(kContext, "garbage", {{"content-type", "application/soap+xml"}});
  EXPECT_THAT(text_in(garbage.body, "Text"), HasSubstr("not XML"));
  const auto other = desk.send(kContext, envelope("", "<initialize/>", "urn:no-soap"));
  EXPECT_EQ(text_in(other.body, "faultcode"), "soapenv:VersionMismatch");
  const StateDirectory held(desk.global.state);
  const auto busy = desk.register_tool(kBareDescriptor);
  EXPECT_EQ(busy.status, 503U);
  EXPECT_EQ(text_in(busy.body, "faultcode"), "soapenv:Server");
}

TEST_F(SoapText, HostileDocumentsAreRefused) {
  const auto refused = [&](const std::string& xml) { return fault_of(desk.send(kContext, xml)); };
  EXPECT_THAT(refused("<!DOCTYPE e [<!ENTITY a \"b\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>" +
                      envelope(security("nosession"), "<initialize>&c;</initialize>")),
              HasSubstr("DOCTYPE"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_THAT(refused(envelope(security("nosession"), deep)), HasSubstr("64 deep"));
  EXPECT_THAT(refused(deep.substr(0, deep.size() / 2)), HasSubstr("not XML"));
  const auto large = desk.send(kContext, std::string(soap::kMostRequestBytes + 1, ' '));
  EXPECT_EQ(large.status, 413U);
  EXPECT_THAT(refused(""), HasSubstr("not XML"));
  EXPECT_THAT(refused("<html/>"), HasSubstr("not &lt;Envelope&gt;"));
  EXPECT_THAT(refused("<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"/>"), HasSubstr("no Body"));
  EXPECT_THAT(refused(envelope(security("nosession"),
                               "<registerTool><clientVendorId>\xFF</clientVendorId>"
                               "</registerTool>")),
              HasSubstr("not UTF-8"));
  const auto packed = desk.send(kContext, "x", {{"content-encoding", "gzip"}});
  EXPECT_EQ(packed.status, 415U);
}

TEST_F(SoapText, AMultipartRequestIsItsFirstPart) {
  const std::string type = "multipart/related; boundary=\"MIME b\"; type=\"application/xop+xml\"";
  const auto part = [](const std::string& xml) {
    return "--MIME b\r\nContent-Type: application/xop+xml; type=\"text/xml\"\r\n\r\n" + xml + "\r\n--MIME b--\r\n";
  };
  const auto call = envelope(security("nosession"), "<initialize/>");
  EXPECT_EQ(text_in(desk.send(kContext, part(call), {{"content-type", type}}).body, "return").size(), 32U);
  const auto attached = envelope(security("nosession"),
                                 "<registerTool><description><x:Include href=\"cid:1\"/></description></registerTool>");
  EXPECT_THAT(fault_of(desk.send(kContext, part(attached), {{"content-type", type}})), HasSubstr("without MTOM"));
  for (const char* broken : {"multipart/related", "multipart/related; boundary=other", "multipart/related; boundary="})
    EXPECT_THAT(fault_of(desk.send(kContext, part(call), {{"content-type", broken}})), HasSubstr("without MTOM"));
}

TEST_F(SoapText, TextInLatin1IsUnderstood) {
  const auto xml = envelope(security("nosession"),
                            "<registerTool><clientVendorId>caf\xE9</clientVendorId><clientProgramId>p</clientProgramId>"
                            "<initialSharedSecret>s</initialSharedSecret></registerTool>");
  const auto page = desk.send(kContext, xml, {{"content-type", "text/xml; charset=ISO-8859-1"}});
  EXPECT_EQ(text_in(page.body, "status"), "true") << page.body;
  EXPECT_TRUE(desk.tool({"caf\xC3\xA9", "p"}));
}

}  // namespace
}  // namespace host::test
