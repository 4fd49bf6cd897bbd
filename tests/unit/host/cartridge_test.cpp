// The reader of Common Cartridges: good ones of all versions, one from the field, and those that must be refused.
// Packages of other programs: package_formats_test.cpp.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>

#include "package/archive_scan.h"
#include "package/cartridge_writer.h"
#include "package/launch_target.h"
#include "package/package.h"
#include "temporary_directory.h"
#include "zip_of_our_own.h"

namespace host {
namespace {

using test::write_zip;
using test::ZipMember;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string manifest_with(const std::string& resources) {
  return R"(<?xml version="1.0"?><manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1">)"
         "<resources>" +
         resources + "</resources></manifest>";
}
std::string resource(const std::string& identifier, const std::string& href) {
  return "<resource identifier=\"" + identifier + "\" type=\"imsbasiclti_xmlv1p0\"><file href=\"" + href +
         "\"/></resource>";
}
std::string link_to(const std::string& url) {
  return "<cartridge_basiclti_link><title>T</title><launch_url>" + url + "</launch_url></cartridge_basiclti_link>";
}

class CartridgeFile : public testing::Test {
 protected:
  tl::expected<Cartridge, std::string> read(const std::vector<ZipMember>& members, const CartridgeLimits& limits = {}) {
    write_zip(path_, members);
    return read_package(path_, limits);
  }
  /// The error of reading: one line that names the package.
  std::string refusal_of(const tl::expected<Cartridge, std::string>& cartridge) {
    if (cartridge) {
      ADD_FAILURE() << "the package was read";
      return {};
    }
    EXPECT_THAT(cartridge.error(), HasSubstr(path_));
    EXPECT_EQ(cartridge.error().find('\n'), std::string::npos);
    return cartridge.error();
  }
  std::string bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void overwrite(std::string_view content) const { directory_.write("p.imscc", content); }

  test::TemporaryDirectory directory_;
  std::string path_ = directory_ / "p.imscc";
};

Cartridge three_links() {
  Cartridge cartridge;
  cartridge.identifier = "course-1";
  cartridge.title = "Titration & <more>";
  for (const std::string name : {"A", "B", "C"}) {
    CartridgeLink link;
    link.identifier = "link-" + name;
    link.title = "Link " + name;
    link.launch_url = "https://tool.example/launch?x=1&y=" + name;
    link.launch_host = "tool.example";
    link.custom = {{"Due-Date", "2024-05-01 \u00e4\u4e2d & <b>"}, {"empty", ""}, {"spaces", "  two  "}};
    cartridge.links.push_back(link);
  }
  cartridge.links[1].launch_url = "http://tool.example/launch";
  cartridge.resources = {{"webcontent", 2}, {"imsdt_xmlv1p1", 1}};
  return cartridge;
}

TEST_F(CartridgeFile, GroupsHandlesAndToolsOfOurOwnPackagesComeBack) {
  auto written = three_links();
  written.groups = {{"_1_1", "Reds & Blues"}, {"_2_1", "B"}};
  written.links[0].handle = "resource/x-acme-quiz";
  written.links[0].tool = "acme/quiz";
  ASSERT_TRUE(write_cartridge(path_, written));
  const auto read = read_package(path_);
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->groups.size(), 2U);
  EXPECT_EQ(read->groups[0].id, "_1_1");
  EXPECT_EQ(read->groups[0].name, "Reds & Blues");
  EXPECT_EQ(read->links[0].handle, "resource/x-acme-quiz");
  EXPECT_EQ(read->links[0].tool, "acme/quiz");
  EXPECT_EQ(read->links[1].handle, "");
  EXPECT_EQ(read->links[1].tool, "");
  CartridgeLimits few;
  few.groups = 1;
  EXPECT_THAT(refusal_of(read_package(path_, few)), HasSubstr("groups"));
}

TEST(Handle, IsFoundInTheLaunchUrlElseInACustomProperty) {
  const struct {
    const char* url;
    std::pair<std::string, std::string> custom;
    const char* handle;
  } cases[] = {
      {"https://t.example/resource/x-acme-quiz/7", {}, "resource/x-acme-quiz"},
      {"https://t.example/l?handle=resource%2Fx-acme-quiz&x=1", {}, "resource/x-acme-quiz"},
      {"https://t.example/l", {"content_handle", "resource/x-acme-wiki"}, "resource/x-acme-wiki"},
      {"https://t.example/l", {"handle", " resource/x-acme-wiki "}, "resource/x-acme-wiki"},
      {"https://t.example/resource/x-a", {"handle", "resource/x-b"}, "resource/x-a"},
      {"https://t.example/l", {"other", "resource/x-acme-wiki"}, ""},
      {"https://t.example/myresource/x-acme-quiz", {}, ""},
      {"https://t.example/resource/x-", {}, ""},
  };
  for (const auto& one : cases) {
    CartridgeLink link;
    link.launch_url = one.url;
    if (!one.custom.first.empty()) link.custom = {one.custom};
    EXPECT_EQ(handle_of(link), one.handle) << one.url << " " << one.custom.second;
  }
}

TEST_F(CartridgeFile, ComesBackAsItWasWritten) {
  const auto written = three_links();
  ASSERT_TRUE(write_cartridge(path_, written));
  const auto read = read_package(path_);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->identifier, written.identifier);
  EXPECT_EQ(read->title, written.title);
  EXPECT_EQ(read->resources, written.resources);
  EXPECT_THAT(read->warnings, IsEmpty());
  ASSERT_EQ(read->links.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->links[i].identifier, written.links[i].identifier);
    EXPECT_EQ(read->links[i].title, written.links[i].title);
    EXPECT_EQ(read->links[i].launch_url, written.links[i].launch_url);
    EXPECT_EQ(read->links[i].launch_host, "tool.example");
    EXPECT_EQ(read->links[i].custom, written.links[i].custom);
  }
}

TEST_F(CartridgeFile, IsWrittenTheSameInEveryTimeZone) {
  const auto written_in = [&](const char* zone) {
    zone == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", zone, 1);
    ::tzset();
    EXPECT_TRUE(write_cartridge(path_, three_links()));
    return bytes();
  };
  const char* zone = std::getenv("TZ");
  const std::string before = zone == nullptr ? "" : zone;
  const auto first = written_in("UTC0");
  EXPECT_EQ(written_in("EAST-12"), first);
  EXPECT_EQ(written_in("WEST+12"), first);
  EXPECT_EQ(written_in(zone == nullptr ? nullptr : before.c_str()), first);
}

TEST_F(CartridgeFile, ThatCannotBeWrittenSaysSo) {
  const auto written = write_cartridge(directory_ / "none/p.imscc", three_links());
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error(), HasSubstr("none/p.imscc"));
}

TEST_F(CartridgeFile, HoldsThousandsOfLinks) {
  constexpr std::size_t kLinks = 6000;
  Cartridge cartridge;
  for (std::size_t i = 0; i < kLinks; ++i) {
    CartridgeLink link;
    link.identifier = "l" + std::to_string(i);
    link.launch_url = "https://t" + std::to_string(i % 7) + ".example/l";
    link.custom = {{"n", std::to_string(i)}};
    cartridge.links.push_back(link);
  }
  ASSERT_TRUE(write_cartridge(path_, cartridge));
  const auto read = read_package(path_);
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->links.size(), kLinks);
  EXPECT_THAT(read->links[4321].custom, ElementsAre(Pair("n", "4321")));
  EXPECT_EQ(read->links[4321].launch_host, "t2.example");
}

TEST_F(CartridgeFile, KnowsElementsByLocalNamesAndPrefersTheSecureUrl) {
  const auto good = read({
      {"x/l m.xml",
       "<a:cartridge_basiclti_link xmlns:a='u'><a:title> Quiz <![CDATA[& more]]> </a:title>"
       "<a:custom><a:property name='K'>v</a:property><a:other name='no'>x</a:other></a:custom>"
       "<a:extensions><a:property name='not'>custom</a:property></a:extensions>"
       "<a:launch_url>http://plain.example/</a:launch_url><a:secure_launch_url> "
       "https://User@Secure.Example:8443/launch </a:secure_launch_url></a:cartridge_basiclti_link>"},
      {"./x/y.xml", "<cartridge_basiclti_link><launch_url>HTTP://Other.Example</launch_url></cartridge_basiclti_link>"},
      {"imsmanifest.xml",
       "<cp:manifest identifier='m1' xmlns:cp='u'><cp:metadata><l:lom xmlns:l='u'><l:general><l:title>"
       "<l:string>Course</l:string></l:title></l:general></l:lom></cp:metadata><cp:organizations><cp:organization>"
       "<cp:item><cp:title>No</cp:title><cp:item identifierref='r2'><cp:title>From the item</cp:title></cp:item>"
       "</cp:item></cp:organization></cp:organizations><cp:resources xml:base='x/'>"
       "<cp:resource identifier='r1' type='imsbasiclti_xmlv1p3'><cp:file href='l%20m.xml'/></cp:resource>"
       "<cp:resource identifier='r2' type='imsbasiclti_xmlv1p0' href='y.xml'/></cp:resources></cp:manifest>"},
  });
  ASSERT_TRUE(good) << good.error();
  EXPECT_EQ(good->identifier, "m1");
  EXPECT_EQ(good->title, "Course");
  ASSERT_EQ(good->links.size(), 2U);
  EXPECT_EQ(good->links[0].title, "Quiz & more");
  EXPECT_EQ(good->links[0].launch_url, "https://User@Secure.Example:8443/launch");
  EXPECT_EQ(good->links[0].launch_host, "secure.example");
  EXPECT_THAT(good->links[0].custom, ElementsAre(Pair("K", "v")));
  EXPECT_EQ(good->links[1].title, "From the item");
  EXPECT_EQ(good->links[1].launch_host, "other.example");
}

TEST_F(CartridgeFile, LeavesOutLinksThatCannotBeLaunched) {
  const auto read = this->read({{"imsmanifest.xml", manifest_with(resource("a", "a.xml") + resource("b", "b.xml") +
                                                                  resource("c", "c.xml") + resource("c", "c.xml"))},
                                {"a.xml", link_to("")},
                                {"b.xml", link_to("ftp://files.example/")},
                                {"c.xml", link_to("https://good.example/")}});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->links.size(), 2U);
  EXPECT_EQ(read->skipped_links, 2U);
  EXPECT_THAT(read->warnings, ElementsAre(HasSubstr("'a' has no launch URL"), HasSubstr("ftp://files.example/"),
                                          HasSubstr("two links")));
}

TEST_F(CartridgeFile, WithoutLinksIsFine) {
  const auto read = this->read({{"imsmanifest.xml", manifest_with("<resource type='webcontent'/>")}});
  ASSERT_TRUE(read) << read.error();
  EXPECT_THAT(read->links, IsEmpty());
  EXPECT_THAT(read->resources, ElementsAre(Pair("webcontent", 1)));
}

TEST_F(CartridgeFile, ReadsNamesThatAreNotAscii) {
  const auto read = this->read({{"imsmanifest.xml", manifest_with(resource("a", "\u00fcbung/%C3%A9.xml"))},
                                {"\u00fcbung/\u00e9.xml", link_to("https://good.example/")}});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->links.size(), 1U);
}

TEST_F(CartridgeFile, ThatIsNoArchiveIsRefused) {
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("no such file"));
  for (const char* content : {"", "x", "<html>not found</html>"}) {
    overwrite(content);
    EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("no zip archive")) << content;
  }
  const auto directory = read_package(directory_ / ".");
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error(), HasSubstr("is no file"));
}

TEST_F(CartridgeFile, ThatIsTruncatedAnywhereIsRefused) {
  ASSERT_TRUE(write_cartridge(path_, three_links()));
  const auto whole = bytes();
  for (std::size_t size = 4; size < whole.size(); size += 31) {
    overwrite(whole.substr(0, size));
    EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("truncated")) << size;
  }
}

TEST_F(CartridgeFile, ThatIsDamagedIsRefusedOrReadAndNeverCrashes) {
  ASSERT_TRUE(write_cartridge(path_, three_links()));
  const auto whole = bytes();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += 11) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    overwrite(damaged);
    if (const auto read = read_package(path_); !read) {
      ++refused;
      EXPECT_EQ(read.error().find('\n'), std::string::npos);
    }
  }
  EXPECT_GT(refused, 20U);
}

TEST_F(CartridgeFile, WithNamesThatLeadOutsideIsRefused) {
  for (const char* name : {"../evil.xml", "a/../../evil.xml", "/etc/evil.xml", "..\\evil.xml", "a\\..\\..\\evil.xml",
                           "C:\\evil.xml", "./C:/evil.xml", "\\evil.xml", ".."}) {
    const auto read = this->read({{"imsmanifest.xml", manifest_with("")}, {name, "x"}});
    EXPECT_THAT(refusal_of(read), HasSubstr("the name of its entry")) << name;
  }
  for (const char* href : {"../a.xml", "/a.xml", "%2e%2e/a.xml", "x/%2e./../../a.xml"}) {
    const auto read = this->read({{"imsmanifest.xml", manifest_with(resource("a", href))}});
    EXPECT_THAT(refusal_of(read), HasSubstr("manifest names the file")) << href;
  }
}

TEST_F(CartridgeFile, WithoutAUsableManifestIsRefused) {
  EXPECT_THAT(refusal_of(read({{"readme.txt", "x"}})), HasSubstr("no imsmanifest.xml"));
  EXPECT_THAT(refusal_of(read({{"course/imsmanifest.xml", manifest_with("")}})), HasSubstr("'course/imsmanifest.xml'"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", "not xml"}})), HasSubstr("imsmanifest.xml is not XML"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", "<manifest><resources>"}})), HasSubstr("is not XML"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", ""}})), HasSubstr("is not XML"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", "<html/>"}})), HasSubstr("root element is 'html'"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", "<manifest identifier='\xff'/>"}})), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest_with("")}, {"imsmanifest.xml", manifest_with("")}})),
              HasSubstr("two entries"));
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", "", "/etc/passwd"}})), HasSubstr("no plain file"));
}

TEST_F(CartridgeFile, WithABrokenLinkIsRefused) {
  const auto with = [&](const std::string& resources, const std::vector<ZipMember>& more) {
    std::vector<ZipMember> members = {{"imsmanifest.xml", manifest_with(resources)}};
    members.insert(members.end(), more.begin(), more.end());
    return refusal_of(read(members));
  };
  EXPECT_THAT(with(resource("a", "a.xml"), {{"b.xml", "x"}}), HasSubstr("file 'a.xml' of its link 'a' is missing"));
  EXPECT_THAT(with(resource("a", ""), {}), HasSubstr("'a' names no file"));
  EXPECT_THAT(with(resource("a", "a.xml"), {{"a.xml", "<x"}}), HasSubstr("link file 'a.xml' is not XML"));
  EXPECT_THAT(with(resource("a", "a.xml"), {{"a.xml", "<html/>"}}), HasSubstr("is no LTI link"));
  EXPECT_THAT(with(resource("a", "a.xml"), {{"a.xml", link_to("http://\xff/")}}), HasSubstr("not UTF-8"));
}

TEST_F(CartridgeFile, OverALimitIsRefused) {
  const auto manifest = manifest_with(resource("a", "a.xml"));
  const std::string zeros(2 << 20, '\0');
  CartridgeLimits limits;
  limits.entries = 2;
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest}, {"b", "x"}, {"c", "x"}}, limits)),
              HasSubstr("more than 2 entries"));
  limits = {};
  limits.total_bytes = 3 << 20;
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest}, {"b", zeros}, {"c", zeros}}, limits)),
              HasSubstr("unpacks to more than 3145728 bytes"));
  limits = {};
  limits.ratio_from_bytes = 1 << 20;
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest}, {"b", zeros}}, limits)), HasSubstr("200 times its size"));
  limits = {};
  limits.xml_bytes = 1 << 20;
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest}, {"a.xml", zeros}}, limits)),
              HasSubstr("entry 'a.xml' unpacks to more than 1048576 bytes"));
  limits = {};
  limits.link_text_bytes = 10;
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", manifest}, {"a.xml", link_to("http://long.example/")}}, limits)),
              HasSubstr("more than 10 bytes of text"));
}

TEST_F(CartridgeFile, WhoseDirectoryLiesAboutSizesStaysWithinLimits) {
  write_zip(path_, {{"imsmanifest.xml", manifest_with(resource("a", "a.xml"))}, {"a.xml", std::string(20 << 20, ' ')}});
  auto lying = bytes();
  test::lie_about_size(lying, "a.xml", 10);
  overwrite(lying);
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("entry 'a.xml'"));
  // The other way round: a package that claims to be huge.
  write_zip(path_, {{"imsmanifest.xml", manifest_with("")}, {"b", "x"}});
  lying = bytes();
  test::lie_about_size(lying, "b", 0xfffffff0U);
  overwrite(lying);
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("unpacks to more than"));
}

TEST_F(CartridgeFile, WithEntitiesOrDepthCostsNothing) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  const auto read = this->read({{"imsmanifest.xml",
                                 "<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><manifest "
                                 "identifier='&b;'>" +
                                     deep + "</manifest>"}});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->identifier, "&b;");
}

TEST(HostOf, TakesTheHostOfAnHttpUrl) {
  const struct {
    const char* url;
    const char* host;
  } cases[] = {{"https://Tool.Example/launch", "tool.example"},
               {"HTTP://t.example:8080", "t.example"},
               {"https://u:p@t.example?x", "t.example"},
               {"https://t.example#x", "t.example"},
               {"https://evil.example\\@t.example/", "evil.example"},
               {"https://[2001:DB8::1]:443/x", "[2001:db8::1]"},
               {"", ""},
               {"https://", ""},
               {"https:///x", ""},
               {"https://:80/", ""},
               {"https://[::1", ""},
               {"https://a b/", ""},
               {"t.example/launch", ""},
               {"javascript://t.example/", ""}};
  for (const auto& one : cases) EXPECT_EQ(host_of(one.url).value_or(""), one.host) << one.url;
}

TEST(SafeName, TakesOutWhatSaysNothing) {
  EXPECT_EQ(safe_name("./a//b/./c.xml").value(), "a/b/c.xml");
  EXPECT_EQ(safe_name("a\\b").value(), "a/b");
  EXPECT_EQ(safe_name("..a/b..").value(), "..a/b..");
  EXPECT_FALSE(safe_name(""));
}

TEST(CanvasExport, HasAModuleItemAndATool) {
  const char* directory = std::getenv("PTB_TEST_DATA");
  if (directory == nullptr) GTEST_SKIP() << "PTB_TEST_DATA is not set: no packages from the field here";
  const auto read = read_package(std::string(directory) + "/canvas-export-with-lti-link.imscc");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->format, "Canvas export");
  EXPECT_EQ(read->title, "Ally: Accessibility Workshop");
  ASSERT_EQ(read->links.size(), 2U);
  EXPECT_EQ(read->links[0].title, "Badge: ALLY Badge");
  EXPECT_EQ(read->links[0].launch_host, "canvabadges.herokuapp.com");
  EXPECT_EQ(read->links[1].title, "Canvabadges");
  EXPECT_EQ(read->links[1].launch_url, "https://www.canvabadges.org/placement_launch");
  EXPECT_EQ(read->links[1].launch_host, "www.canvabadges.org");
  for (const auto& link : read->links) EXPECT_THAT(link.custom, IsEmpty());
  EXPECT_THAT(read->groups, IsEmpty());
  EXPECT_THAT(read->resources, ElementsAre(Pair("associatedcontent/imscc_xmlv1p1/learning-application-resource", 5U),
                                           Pair("imsdt_xmlv1p1", 4U), Pair("webcontent", 38U)));
  EXPECT_THAT(read->warnings, IsEmpty());
}

}  // namespace
}  // namespace host
