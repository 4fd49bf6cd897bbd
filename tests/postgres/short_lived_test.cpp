// Who only captures opens for each request: what that asks of the server does not grow with what is stored.
#include <gtest/gtest.h>

#include "store/sql_store.h"
#include "tests/contract/filled_store.h"
#include "tests/postgres/server_of_suite.h"

namespace ptb::test {

namespace {

class ShortLivedStore : public BehindProxy {
 protected:
  std::unique_ptr<SqlStore> open_store(bool sends) const {
    PostgresOptions opening = options();
    opening.may_migrate = sends;
    return std::make_unique<SqlStore>(
        SqlStoreParts{"PostgreSQL", nullptr, PostgresConnection::open(opening), {}, sends});
  }
};

}  // namespace

TEST_F(ShortLivedStore, OpensInFewRoundTripsAndKnowsAllWhenItIsAsked) {
  const auto whole = open_store(true);
  fill(*whole, 20);
  proxy_->round_trips();
  const auto only = open_store(false);
  EXPECT_LE(proxy_->round_trips(), 4);
  ASSERT_TRUE(only->policies().has_value());
  EXPECT_LE(proxy_->round_trips(), 1);
  EXPECT_EQ(only->tools()->size(), whole->tools()->size());
  const auto known = only->lanes();
  const auto there = whole->lanes();
  ASSERT_TRUE(known.has_value() && there.has_value());
  ASSERT_EQ(known->size(), there->size());
  for (std::size_t at = 0; at < known->size(); ++at) {
    EXPECT_EQ(known->at(at).key, there->at(at).key);
    EXPECT_EQ(known->at(at).waiting, there->at(at).waiting);
    EXPECT_EQ(known->at(at).last_sequence, there->at(at).last_sequence);
  }
}

}  // namespace ptb::test
