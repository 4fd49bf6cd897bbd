// The log of the reference tool: its lines, its reader, and what a crash in the middle of a line leaves.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "receive/log_line.h"
#include "receive/log_reader.h"
#include "receive/log_writer.h"
#include "tool_process.h"

namespace host {
namespace {

LogLine some_line() {
  LogLine line;
  line.at_ms = 1700000000123;
  line.method = "POST";
  line.path = "/x?y=\"1\"";
  line.params = {{"b", "\u00e4\n"}, {"a", ""}};
  line.headers = {{"host", "tool"}};
  line.body_bytes = 17;
  line.mac_ok = true;
  line.answer = "ok";
  return line;
}

TEST(LogLine, HasExactlyTheAgreedFields) {
  auto line = some_line();
  EXPECT_EQ(to_json_line(line),
            R"({"at_ms":1700000000123,"method":"POST","path":"/x?y=\"1\"","params":[["b","ä\n"],["a",""]],)"
            R"("headers":{"host":"tool"},"body_bytes":17,"mac_ok":true,"repeat":false,"answer":"ok"})");
  line.mac_ok.reset();
  line.problem = "wrong";
  const auto text = to_json_line(line);
  EXPECT_NE(text.find(R"("mac_ok":null)"), std::string::npos);
  EXPECT_TRUE(text.ends_with(R"("answer":"ok","problem":"wrong"})"));
}

TEST(LogLine, ComesBackAsItWas) {
  auto line = some_line();
  line.repeat = true;
  line.problem = "p";
  const auto back = parse_json_line(to_json_line(line));
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(back->at_ms, line.at_ms);
  EXPECT_EQ(back->method, line.method);
  EXPECT_EQ(back->path, line.path);
  EXPECT_EQ(back->params, line.params);
  EXPECT_EQ(back->headers, line.headers);
  EXPECT_EQ(back->body_bytes, line.body_bytes);
  EXPECT_EQ(back->mac_ok, line.mac_ok);
  EXPECT_EQ(back->repeat, line.repeat);
  EXPECT_EQ(back->answer, line.answer);
  EXPECT_EQ(back->problem, line.problem);
  EXPECT_EQ(back->param("b"), "\u00e4\n");
  EXPECT_EQ(back->param("none"), "");
}

TEST(LogLine, SurvivesHeadersThatAreNotUtf8) {
  auto line = some_line();
  line.headers["x"] = "\xff";
  EXPECT_TRUE(parse_json_line(to_json_line(line)));
}

TEST(LogLine, KnowsWhatWasReceivedAndWhatSaidSuccess) {
  const struct {
    const char* answer;
    bool received;
    bool success;
  } cases[] = {{"ok", true, true},          {"slow", true, true},   {"die after", true, true}, {"error", true, false},
               {"drop", true, false},       {"reset", true, false}, {"garbage", true, false},  {"huge", true, false},
               {"status 503", true, false}, {"die", false, false}};
  for (const auto& one : cases) {
    auto line = some_line();
    line.answer = one.answer;
    EXPECT_EQ(was_received(line), one.received) << one.answer;
    EXPECT_EQ(said_success(line), one.success) << one.answer;
    line.problem = "wrong mac";
    EXPECT_FALSE(was_received(line) || said_success(line));
  }
  auto page = some_line();
  page.method = "GET";
  EXPECT_FALSE(was_received(page));
}

TEST(Log, IsReadBackWithoutAnUnfinishedLine) {
  const test::TemporaryDirectory directory;
  const auto whole = to_json_line(some_line()) + "\n";
  const auto path = directory.write("log", whole + whole + whole.substr(0, 40));
  const auto lines = read_log(path);
  ASSERT_TRUE(lines) << lines.error();
  EXPECT_EQ(lines->size(), 2U);
}

TEST(Log, SaysWhichLineIsNone) {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("log", to_json_line(some_line()) + "\n{\"at_ms\":1}\n");
  const auto lines = read_log(path);
  ASSERT_FALSE(lines);
  EXPECT_NE(lines.error().find("line 2"), std::string::npos) << lines.error();
  EXPECT_FALSE(read_log(directory / "none"));
}

TEST(Log, WriterCutsAnUnfinishedLineAndAppends) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "log";
  for (const std::string& before : {std::string(), std::string("one\n"), std::string("one\ntw"), std::string("on"),
                                    "one\n" + std::string(200'000, 'x')}) {
    directory.write("log", before);
    auto log = LogWriter::open(path);
    ASSERT_TRUE(log) << log.error();
    ASSERT_TRUE(log->append("new"));
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(text, before.find('\n') == std::string::npos ? "new\n" : "one\nnew\n");
  }
}

TEST(Log, HasOneWriter) {
  const test::TemporaryDirectory directory;
  const auto first = LogWriter::open(directory / "log");
  ASSERT_TRUE(first);
  const auto second = LogWriter::open(directory / "log");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("another receive"), std::string::npos);
}

TEST(Log, SaysWhenItCannotBeWritten) {
  const test::TemporaryDirectory directory;
  auto log = LogWriter::open(directory / "log");
  ASSERT_TRUE(log) << log.error();
  const test::FullDisk full;
  const auto written = log->append("line");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().find("File too large"), std::string::npos) << written.error();
}

}  // namespace
}  // namespace host
