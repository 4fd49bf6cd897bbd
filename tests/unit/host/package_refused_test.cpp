// Course packages of each kind that must be refused: broken, hostile, over a limit.
#include "package_files.h"

namespace host {
namespace {

using test::kPackages;
using test::members_of;
using test::Packages;
using test::Packing;
using test::write_archive;
using test::ZipMember;
using testing::HasSubstr;

TEST_F(Packages, OfNoKnownKindSaySo) {
  EXPECT_THAT(refusal_of(read({{"readme.txt", "x"}}, Packing::tar_gz)), HasSubstr("no moodle_backup.xml"));
  EXPECT_THAT(refusal_of(read({{"course/moodle_backup.xml", "<x/>"}})), HasSubstr("'course/moodle_backup.xml'"));
  EXPECT_THAT(refusal_of(read({{"moodle.xml", "<x/>"}})), HasSubstr("Moodle 1"));
  EXPECT_THAT(refusal_of(read({{"moodle_backup.xml", "<html/>"}})), HasSubstr("root element is 'html'"));
  EXPECT_THAT(refusal_of(read({{"moodle_backup.xml", "no xml"}})), HasSubstr("moodle_backup.xml is not XML"));
}

TEST_F(Packages, WithAMissingOrBrokenFileAreRefused) {
  const struct {
    const char* package;
    const char* file;
    const char* content;
    const char* why;
  } cases[] = {
      {"moodle", "activities/lti_12/lti.xml", "", "'activities/lti_12/lti.xml' of its activity '12' is missing"},
      {"moodle", "activities/lti_12/lti.xml", "<activity>", "'activities/lti_12/lti.xml' is not XML"},
      {"moodle", "activities/lti_12/lti.xml", "<activity><assign/></activity>", "is no LTI activity"},
      {"moodle", "activities/lti_12/lti.xml",
       "<activity><lti><name>\xff</name><toolurl>http://t.example</toolurl></lti></activity>", "is not UTF-8"},
      {"moodle", "groups.xml", "<html/>", "root element is 'html'"},
      {"canvas", "itool.xml", "", "'itool.xml' of its link 'itool' is missing"},
      {"canvas", "ilab/assignment_settings.xml", "", "of its assignment 'ilab' is missing"},
      {"canvas", "ilab/assignment_settings.xml", "<x/>", "is no assignment"},
      {"canvas", "course_settings/module_meta.xml", "<x/>", "is no list of modules"},
      {"blackboard", "res00004.dat", "", "'res00004.dat' of its resource 'res00004' is missing"},
      {"blackboard", "res00004.dat", "<CONTENT>", "'res00004.dat' is not XML"},
      {"blackboard", "res00011.dat", "no xml", "'res00011.dat' is not XML"},
      {"blackboard", "imsmanifest.xml", "<manifest", "imsmanifest.xml is not XML"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(refusal_of(read(changed(one.package, one.file, one.content))), HasSubstr(one.why)) << one.file;
}

TEST_F(Packages, WithPathsThatLeadOutsideAreRefused) {
  const std::string activity =
      "<moodle_backup><information><contents><activities><activity><modulename>lti</modulename><directory>../../etc"
      "</directory></activity></activities></contents></information></moodle_backup>";
  EXPECT_THAT(refusal_of(read({{"moodle_backup.xml", activity}})), HasSubstr("its moodle_backup.xml names the file"));
  const std::string resource =
      "<manifest xmlns:bb='http://www.blackboard.com/content-packaging/'><resources><resource "
      "type='resource/x-bb-document' bb:file='/etc/passwd'/></resources></manifest>";
  EXPECT_THAT(refusal_of(read({{"imsmanifest.xml", resource}})), HasSubstr("'/etc/passwd', which is absolute"));
  const auto moodle = members_of(kPackages / "moodle/package");
  for (const char* name : {"../evil.xml", "/etc/evil.xml", "a\\..\\..\\evil.xml", "C:\\evil.xml"}) {
    auto members = moodle;
    members.push_back({name, "x"});
    EXPECT_THAT(refusal_of(read(members, Packing::tar_gz)), HasSubstr("the name of its entry")) << name;
  }
}

TEST_F(Packages, WithLinksInPlaceOfFilesAreRefused) {
  for (const bool is_hard : {false, true}) {
    std::vector<ZipMember> members = {{"a.xml", "<x/>"}, {"moodle_backup.xml", "", "a.xml", is_hard}};
    EXPECT_THAT(refusal_of(read(members, Packing::tar_gz)), HasSubstr("no plain file")) << is_hard;
  }
  // One that nobody asks for is passed over: real backups may hold them.
  auto members = members_of(kPackages / "moodle/package");
  members.push_back({"files/link", "", "/etc/passwd"});
  EXPECT_TRUE(read(members, Packing::tar_gz));
}

TEST_F(Packages, WithTwoFilesOfOneNameAreRefused) {
  auto members = members_of(kPackages / "moodle/package");
  members.push_back({"./activities//lti_12/lti.xml", "<activity><lti/></activity>"});
  EXPECT_THAT(refusal_of(read(members, Packing::tar_gz)), HasSubstr("two entries named 'activities/lti_12/lti.xml'"));
}

TEST_F(Packages, ThatAreEncryptedAreRefused) {
  EXPECT_THAT(refusal_of(read(members_of(kPackages / "blackboard/package"), Packing::encrypted_zip)),
              HasSubstr("'imsmanifest.xml' is encrypted"));
}

std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(Packages, ThatAreCutOrDamagedAreRefusedOrReadAndNeverCrash) {
  write_archive(path_, Packing::tar_gz, members_of(kPackages / "moodle/package"));
  const auto whole = file_bytes(path_);
  for (std::size_t size = 2; size + 40 < whole.size(); size += 53) {
    directory_.write("package", whole.substr(0, size));
    EXPECT_THAT(refusal_of(read_package(path_)), testing::AnyOf(HasSubstr("damaged"), HasSubstr("no tar.gz archive")))
        << size;
  }
  std::size_t refused = 0;
  for (std::size_t at = 2; at < whole.size(); at += 13) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    directory_.write("package", damaged);
    if (const auto read = read_package(path_); !read) {
      ++refused;
      EXPECT_EQ(read.error().find('\n'), std::string::npos);
    }
  }
  EXPECT_GT(refused, 20U);
  directory_.write("package", std::string("\x1f\x8b") + "this is no gzip at all");
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("no tar.gz archive"));
}

TEST_F(Packages, OverALimitAreRefused) {
  const auto moodle = members_of(kPackages / "moodle/package");
  const std::string zeros(4 << 20, '\0');
  auto with_zeros = moodle;
  with_zeros.push_back({"files/zeros", zeros});
  CartridgeLimits limits;
  limits.total_bytes = 2 << 20;
  EXPECT_THAT(refusal_of(read(with_zeros, Packing::tar_gz, limits)), HasSubstr("unpacks to more than 2097152 bytes"));
  limits = {};
  limits.ratio_from_bytes = 1 << 20;
  EXPECT_THAT(refusal_of(read(with_zeros, Packing::tar_gz, limits)), HasSubstr("200 times its size"));
  limits = {};
  limits.entries = 5;
  EXPECT_THAT(refusal_of(read(moodle, Packing::tar_gz, limits)), HasSubstr("more than 5 entries"));
  limits = {};
  limits.groups = 1;
  EXPECT_THAT(refusal_of(read(moodle, Packing::tar_gz, limits)), HasSubstr("more than 1 groups"));
  limits = {};
  limits.xml_bytes = 300;
  EXPECT_THAT(refusal_of(read(moodle, Packing::tar_gz, limits)), HasSubstr("limit for XML"));
  for (const std::string name : {"moodle", "canvas", "blackboard"}) {
    limits = {};
    limits.link_text_bytes = 20;
    EXPECT_THAT(refusal_of(read(members_of(kPackages / name / "package"), Packing::zip, limits)),
                HasSubstr("more than 20 bytes of text"))
        << name;
  }
}

/// Many places that use one tool must not multiply what that tool holds.
TEST_F(Packages, OfCanvasDoNotMultiplyWhatOneToolHolds) {
  std::string modules = "<modules><module><items>";
  for (int i = 0; i < 500; ++i)
    modules += "<item identifier='i" + std::to_string(i) +
               "'><content_type>ContextExternalTool</content_type><identifierref>itool</identifierref></item>";
  auto members = changed("canvas", "course_settings/module_meta.xml", modules + "</items></module></modules>");
  for (auto& member : members)
    if (member.name == "itool.xml")
      member.content = "<cartridge_basiclti_link><launch_url>http://t.example</launch_url><custom><property name='a'>" +
                       std::string(1 << 20, 'x') + "</property></custom></cartridge_basiclti_link>";
  EXPECT_THAT(refusal_of(read(members)), HasSubstr("bytes of text, which is the limit"));
}

TEST_F(Packages, OfCanvasDoNotMultiplyEmptyPropertiesEither) {
  std::string items;
  std::string properties;
  for (int i = 0; i < 500; ++i)
    items += "<item><content_type>ContextExternalTool</content_type><identifierref>itool</identifierref></item>";
  for (int i = 0; i < 5000; ++i) properties += "<property/>";
  auto members = changed("canvas", "course_settings/module_meta.xml",
                         "<modules><module><items>" + items + "</items></module></modules>");
  for (auto& member : members)
    if (member.name == "itool.xml")
      member.content = "<cartridge_basiclti_link><launch_url>http://t.example</launch_url><custom>" + properties +
                       "</custom></cartridge_basiclti_link>";
  EXPECT_THAT(refusal_of(read(members)), HasSubstr("bytes of text, which is the limit"));
}

/// What is no entry's content counts too: headers can be as long as they like.
TEST_F(Packages, WhoseHeadersUnpackToTooMuchAreRefused) {
  archive* file = archive_write_new();
  archive_write_set_format_pax(file);
  archive_write_add_filter_gzip(file);
  ASSERT_EQ(archive_write_open_filename(file, path_.c_str()), ARCHIVE_OK);
  const std::string long_value(400'000, 'x');
  for (int i = 0; i < 12; ++i) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, ("files/" + std::to_string(i)).c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, 0);
    archive_entry_xattr_add_entry(entry, "user.long", long_value.data(), long_value.size());
    ASSERT_EQ(archive_write_header(file, entry), ARCHIVE_OK);
    archive_entry_free(entry);
  }
  archive_write_close(file);
  archive_write_free(file);
  CartridgeLimits limits;
  limits.total_bytes = 2 << 20;
  EXPECT_THAT(refusal_of(read_package(path_, limits)), HasSubstr("unpacks to more than 2097152 bytes"));
}

/// A tar header as no honest program writes it. `size`: twelve bytes.
std::string tar_header(std::string_view name, char type, std::string_view size, std::string_view link_target) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(124, size);
  put(148, "        ");
  put(156, std::string_view(&type, 1));
  put(157, link_target);
  put(257, std::string_view("ustar\0", 6));
  put(263, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  put(148, std::string_view(digits, 7));
  return header;
}

void write_gzip(const std::string& path, const std::string& bytes) {
  archive* file = archive_write_new();
  archive_write_set_format_raw(file);
  archive_write_add_filter_gzip(file);
  ASSERT_EQ(archive_write_open_filename(file, path.c_str()), ARCHIVE_OK);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  ASSERT_EQ(archive_write_header(file, entry), ARCHIVE_OK);
  ASSERT_EQ(archive_write_data(file, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
  archive_entry_free(entry);
  archive_write_close(file);
  archive_write_free(file);
}

/// A tar header can claim any size, whatever follows it.
TEST_F(Packages, WhoseEntriesClaimAbsurdSizesAreRefused) {
  const std::string_view two_to_the_50th("\x80\0\0\0\0\x04\0\0\0\0\0\0", 12);
  write_gzip(path_, tar_header("files/huge", '0', two_to_the_50th, ""));
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("unpacks to more than"));
}

/// One that has bytes of its own says that it is a plain file.
TEST_F(Packages, WithAHardLinkThatHasBytesAreRefused) {
  std::string content = "<moodle_backup/>";
  const auto header = tar_header("moodle_backup.xml", '1', "00000000020", "a.xml");
  content.resize(512, '\0');
  write_gzip(path_, header + content + std::string(1024, '\0'));
  EXPECT_THAT(refusal_of(read_package(path_)), HasSubstr("'moodle_backup.xml' is no plain file"));
}

}  // namespace
}  // namespace host
