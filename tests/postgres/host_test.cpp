// ptb-host on PostgreSQL as an administrator has it: what waits in a file moves there, and goes on from there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "postgres/server_of_suite.h"
#include "scenario/stage.h"

namespace ptb::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HostOnPostgres : public OnPostgres {
 protected:
  void set_threshold(const std::string& value) {
    stage_.lms.ok({"setting", "set", kQuiz, "threshold", value, "--scope", "system"});
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> found;
    for (const Json& event : stage_.events()) found.push_back(event.at("id"));
    return found;
  }

  Stage stage_;
};

}  // namespace

TEST_F(HostOnPostgres, WhatWaitsInAFileMovesThereAndIsDeliveredFromThere) {
  stage_.install();
  stage_.save("unavailable");
  set_threshold("10");
  stage_.restore(stage_.package(2), "_1_1");
  set_threshold("11");
  stage_.restore(stage_.package(1), "_2_1");
  set_threshold("12");
  const auto before = ids();
  ASSERT_EQ(before.size(), 5U);

  const std::string file = stage_.lms.state() + "/bridge.db";
  const Json moved = stage_.lms.ok({"store", "migrate", "sqlite:" + file, uri_});
  EXPECT_EQ(moved.at("events"), 5);
  const Ran old = stage_.lms.run({"events", "list"});
  EXPECT_NE(old.status, 0);
  EXPECT_THAT(old.err, HasSubstr("has moved to postgresql:"));

  stage_.lms.options = {"--store", uri_};
  EXPECT_EQ(ids(), before);
  stage_.restore(stage_.package(1), "_3_1");
  const Json nodes = stage_.lms.ok({"store", "nodes"});
  EXPECT_TRUE(nodes.at("shared").get<bool>());
  EXPECT_EQ(nodes.at("nodes"), Json::array()) << "who has ended is no node any more";
  stage_.tool.start();
  stage_.save("available");
  EXPECT_THAT(stage_.tool.heard(),
              ElementsAre("course-imported:ok", "content-imported:ok", "content-imported:ok", "course-imported:ok",
                          "content-imported:ok", "course-imported:ok", "content-imported:ok"));
  std::vector<std::string> sent;
  std::vector<std::string> thresholds;
  for (const Json& line : stage_.tool.log()) {
    const std::string id = Receiver::parameter(line, "event_id");
    if (id.empty()) continue;
    sent.push_back(id);
    thresholds.push_back(Receiver::parameter(line, "threshold"));
  }
  EXPECT_EQ(sent, ids());
  EXPECT_THAT(thresholds, ElementsAre("10", "10", "10", "11", "11", "12", "12"));
  EXPECT_EQ(stage_.lms.ok({"store", "check"}).at("findings"), Json::array());
}

TEST_F(HostOnPostgres, ANameThatLeadsNowhereIsSaidInOneLineAndNothingIsMoved) {
  stage_.install();
  stage_.save("unavailable");
  stage_.restore(stage_.package(1), "_1_1");
  const auto before = ids();
  const std::string file = "sqlite:" + stage_.lms.state() + "/bridge.db";
  for (const std::string& to :
       {std::string("postgresql://nobody:s3cret@127.0.0.1:1/lms"), std::string("mysql://x/y")}) {
    const Ran tried = stage_.lms.run({"store", "migrate", file, to});
    EXPECT_NE(tried.status, 0) << to;
    EXPECT_EQ(std::count(tried.err.begin(), tried.err.end(), '\n'), 1) << tried.err;
    EXPECT_THAT(tried.err, testing::Not(HasSubstr("s3cret")));
  }
  EXPECT_EQ(ids(), before);
}

}  // namespace ptb::test
