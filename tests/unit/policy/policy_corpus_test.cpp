// Documents of tests/schema/policies, one thing wrong in each: the bridge says what their last lines say, word for
// word, and takes nothing that the schema refuses (tests/schema has the schema judge them). So does it with the
// documents of the guide.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "policy/policy_document.h"

namespace ptb::test {
namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Verdicts {
  std::string schema;
  std::string bridge;
};

/// "<!-- schema takes, bridge: … -->" at the end.
Verdicts verdicts_of(const std::string& document) {
  constexpr std::string_view kSchema = "<!-- schema ";
  constexpr std::string_view kBridge = ", bridge: ";
  const auto schema = document.rfind(kSchema);
  if (schema == std::string::npos) return {};
  const auto bridge = document.find(kBridge, schema);
  const auto end = document.find(" -->\n", schema);
  if (bridge == std::string::npos || end == std::string::npos) return {};
  return {document.substr(schema + kSchema.size(), bridge - schema - kSchema.size()),
          document.substr(bridge + kBridge.size(), end - bridge - kBridge.size())};
}

TEST(PolicyCorpus, IsJudgedAsItSays) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PTB_POLICY_CORPUS)) {
    SCOPED_TRACE(entry.path().filename().string());
    const std::string document = contents(entry.path());
    const Verdicts expected = verdicts_of(document);
    const auto read = read_policy(document);
    EXPECT_EQ(read ? "takes" : read.error().text, expected.bridge);
    EXPECT_TRUE(read || read.error().status == Status::argument);
    EXPECT_TRUE(expected.schema == "takes" || (expected.schema == "refuses" && !read)) << expected.schema;
    ++seen;
  }
  EXPECT_GT(seen, 100);
}

TEST(PolicyGuide, ItsDocumentsAreTaken) {
  const std::string guide = contents(PTB_POLICY_GUIDE);
  constexpr std::string_view kBegin = "\n```xml\n";
  int seen = 0;
  for (auto at = guide.find(kBegin); at != std::string::npos; at = guide.find(kBegin, at + 1)) {
    const auto begin = at + kBegin.size();
    const auto read = read_policy(guide.substr(begin, guide.find("\n```", begin) - begin));
    EXPECT_TRUE(read) << read.error().text;
    ++seen;
  }
  EXPECT_GT(seen, 1);
}

}  // namespace
}  // namespace ptb::test
