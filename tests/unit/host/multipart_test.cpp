// The reader of forms with files: what browsers send, and what must be refused.
#include "http/multipart.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "http/media_type.h"
#include "temporary_directory.h"

namespace host {
namespace {

using testing::HasSubstr;
using testing::Pair;

std::string field(const std::string& name, const std::string& value) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(const std::string& field, const std::string& name, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"" + name +
         "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n";
}

const std::string kEnd = "--B--\r\n";

Request request_with(std::string body, const std::string& type = "multipart/form-data; boundary=B") {
  Request request;
  request.method = "POST";
  request.headers["content-type"] = type;
  request.body = std::move(body);
  return request;
}

std::string content_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class MultipartFile : public testing::Test {
 protected:
  Request request_in_file(const std::string& body) {
    auto request = request_with({});
    request.body_file = directory.write("body", body);
    return request;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory / ""), std::filesystem::directory_iterator()));
  }
  test::TemporaryDirectory directory;
};

TEST(MediaType, GivesTypeAndParameters) {
  const std::string header = "Multipart/Related; start-info=\"a;b=c\"; Boundary = x-1 ;empty=\"\"";
  EXPECT_EQ(media_type(header), "multipart/related");
  EXPECT_EQ(media_parameter(header, "start-info"), "a;b=c");
  EXPECT_EQ(media_parameter(header, "boundary"), "x-1");
  EXPECT_EQ(media_parameter(header, "empty"), "");
  EXPECT_EQ(media_parameter(header, "b"), std::nullopt);
  EXPECT_EQ(media_parameter("text/plain", "charset"), std::nullopt);
}

TEST(Multipart, GivesFieldsInOrder) {
  const auto form =
      read_multipart(request_with(field("id", "C1") + field("t%22x", "\xc3\xa4\r\n--b\r\n--") + field("e", "") + kEnd));
  ASSERT_TRUE(form) << form.error();
  EXPECT_THAT(form->fields,
              testing::ElementsAre(Pair("id", "C1"), Pair("t\"x", "\xc3\xa4\r\n--b\r\n--"), Pair("e", "")));
  EXPECT_TRUE(form->files.empty());
}

TEST(Multipart, KnowsItsOwnType) {
  EXPECT_TRUE(is_multipart(request_with("", "Multipart/Form-Data;boundary=B")));
  EXPECT_FALSE(is_multipart(request_with("", "multipart/mixed; boundary=B")));
  EXPECT_FALSE(is_multipart(Request{}));
}

TEST(Multipart, RefusesWhatNoBrowserSends) {
  const auto head = [](const std::string& lines) { return "--B\r\n" + lines + "\r\n\r\nv\r\n" + kEnd; };
  const std::string name = "Content-Disposition: form-data; name=\"a\"";
  const struct {
    std::string body;
    const char* problem;
  } cases[] = {
      {"", "does not begin with its boundary"},
      {"a=1&b=2", "does not begin with its boundary"},
      {"preamble\r\n" + field("a", "1") + kEnd, "does not begin with its boundary"},
      {"--B", "is cut off"},
      {field("a", "1"), "it ends inside part 1 ('a')"},
      {field("a", "1") + "--B", "is cut off"},
      {field("a", "1") + "--B\r\n", "the headers of part 2 have no end"},
      {field("a", "1").substr(0, 40), "the headers of part 1 have no end"},
      {field("a", "x\r\n--Bad") + kEnd, "its boundary stands inside part 1 ('a')"},
      {field("a", "1") + kEnd + "more", "something follows its end"},
      {field("a", "1") + field("a", "2") + kEnd, "'a' comes twice"},
      {field("", "1") + kEnd, "part 1 wants a name"},
      {field(std::string(201, 'n'), "1") + kEnd, "wants a name of 1 to 200 bytes"},
      {field("a", "\xff") + kEnd, "part 1 ('a') is not UTF-8"},
      {field("\xff", "1") + kEnd, "wants a name"},
      {head("Content-Type: text/plain"), "no Content-Disposition"},
      {head("Content-Disposition: attachment; name=\"a\""), "no Content-Disposition"},
      {head(name + "\r\nno colon"), "header without a name"},
      {head(name + "\r\n folded: yes"), "header without a name"},
      {head(name + "\r\n" + name), "header twice"},
      {head(name + "\r\nContent-Type: multipart/mixed; boundary=C"), "parts of its own"},
      {head(name + "\r\nContent-Transfer-Encoding: base64"), "is encoded"},
      {head(name + "\r\nX: " + std::string(5000, 'x')), "no end within 4096 bytes"},
      {file("package", "a.imscc", "PK") + kEnd, "no file is taken here, and part 1 ('package') is one"},
  };
  for (const auto& one : cases) {
    const auto form = read_multipart(request_with(one.body));
    ASSERT_FALSE(form) << one.body;
    EXPECT_THAT(form.error(), HasSubstr(one.problem)) << one.body;
    EXPECT_EQ(form.error().find_first_of("\r\n"), std::string::npos) << form.error();
  }
  for (const char* type : {"multipart/form-data", "multipart/form-data; boundary=\"\"",
                           "multipart/form-data; boundary=\"a b\"", "multipart/form-data; boundary=\"a\r\n\""})
    EXPECT_THAT(read_multipart(request_with(field("a", "1") + kEnd, type)).error(), HasSubstr("boundary of 1 to 70"));
  EXPECT_FALSE(read_multipart(request_with("", "multipart/form-data; boundary=" + std::string(71, 'x'))));
}

TEST(Multipart, KeepsToItsLimits) {
  MultipartLimits limits;
  limits.fields = 2;
  limits.field_bytes = 10;
  const auto error = [&](const std::string& body) {
    const auto form = read_multipart(request_with(body), limits);
    return form ? std::string() : form.error();
  };
  EXPECT_EQ(error(field("a", "12345") + field("b", "12345") + kEnd), "");
  EXPECT_THAT(error(field("a", "12345") + field("b", "123456") + kEnd), HasSubstr("more than 10 bytes together"));
  EXPECT_THAT(error(field("a", "") + field("b", "") + field("c", "") + kEnd), HasSubstr("more than 2 fields"));
}

TEST_F(MultipartFile, IsKeptForUsAloneAndGoneWithItsOwner) {
  // Longer than what is read at once, with beginnings of a boundary across its pieces.
  std::string content;
  while (content.size() < 300'000) content += "\r\n--b\r\n-" + std::to_string(content.size()) + "\r";
  {
    auto form = read_multipart(
        request_in_file(field("form_word", "w") + file("package", "C:\\up/%22x%22.imscc", content) + kEnd));
    ASSERT_TRUE(form) << form.error();
    EXPECT_THAT(form->fields, testing::ElementsAre(Pair("form_word", "w")));
    ASSERT_EQ(form->files.size(), 1U);
    const auto kept = form->files.front();
    form = MultipartForm{};
    EXPECT_EQ(kept.field, "package");
    EXPECT_EQ(kept.name, "\"x\".imscc");
    EXPECT_EQ(kept.bytes, content.size());
    EXPECT_TRUE(content_of(kept.content->path()) == content);
    struct stat status {};
    ASSERT_EQ(::stat(kept.content->path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
  EXPECT_EQ(files(), 1U) << "the body alone is left";
}

TEST_F(MultipartFile, EmptyOnesAreLeftAwayUnlessTheyHaveAName) {
  const auto form = read_multipart(request_in_file(file("none", "", "") + file("empty", "e.imscc", "") + kEnd));
  ASSERT_TRUE(form) << form.error();
  ASSERT_EQ(form->files.size(), 1U);
  EXPECT_EQ(form->files.front().name, "e.imscc");
  EXPECT_EQ(content_of(form->files.front().content->path()), "");
}

TEST_F(MultipartFile, LeavesNothingBehindWhereTheFormIsBroken) {
  const std::string some(100'000, 'x');
  EXPECT_THAT(read_multipart(request_in_file(file("package", "a", some))).error(), HasSubstr("it was cut off"));
  EXPECT_THAT(read_multipart(request_in_file(file("package", "a", some + "\r\n--Bx" + some) + kEnd)).error(),
              HasSubstr("its boundary stands inside"));
  MultipartLimits one;
  one.files = 1;
  EXPECT_THAT(read_multipart(request_in_file(file("a", "a", "1") + file("b", "b", "2") + kEnd), one).error(),
              HasSubstr("more than 1 files"));
  EXPECT_EQ(files(), 1U);
}

/// A boundary is found wherever it falls on what is read at once.
TEST_F(MultipartFile, IsReadTheSameWhereverPiecesEnd) {
  for (std::size_t bytes = 65'536 - 160; bytes < 65'536 + 10; ++bytes) {
    const auto form =
        read_multipart(request_in_file(file("f", "a", std::string(bytes, '\r')) + field("a", "1") + kEnd));
    ASSERT_TRUE(form) << bytes << ": " << form.error();
    ASSERT_EQ(form->files.front().bytes, bytes);
    ASSERT_EQ(form->fields.size(), 1U);
  }
}

}  // namespace
}  // namespace host
