// Values there and back, and statements that are open at once.
#include <array>
#include <limits>

#include "postgres/server_of_suite.h"

namespace ptb::test {
namespace {

class DriverValues : public OnPostgres {};

TEST_F(DriverValues, NumbersTextsBytesAndNullsComeBackAsTheyWent) {
  const auto connection = open();
  const std::string text = "Grüße, ?1 'quoted' \xF0\x9F\x8E\x93";
  const std::array<unsigned char, 5> bytes = {0, 1, 0xFF, 0, 'x'};
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max()}) {
    auto query = connection->query("SELECT ?1, ?2, ?3, ?4, ?1 > 0, ?5, 7::smallint, 8::integer, '?1'");
    query.bind(number, text, std::span<const unsigned char>(bytes), std::nullopt, std::string());
    ASSERT_TRUE(query.row());
    EXPECT_EQ(query.integer(0), number);
    EXPECT_EQ(query.text(1), text);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), query.bytes(2).begin(), query.bytes(2).end()));
    EXPECT_TRUE(query.is_null(3));
    EXPECT_EQ(query.integer(3), 0);
    EXPECT_EQ(query.integer(4), number > 0 ? 1 : 0);
    EXPECT_FALSE(query.is_null(5));
    EXPECT_EQ(query.text(5), "");
    EXPECT_EQ(query.integer(6), 7);
    EXPECT_EQ(query.integer(7), 8);
    EXPECT_EQ(query.text(8), "?1");
    EXPECT_FALSE(query.row());
  }
}

TEST_F(DriverValues, AParameterMayBeNullNowAndANumberThen) {
  const auto connection = open();
  const char* const sql = "SELECT coalesce(?1, 5), ?2 IS NULL";
  for (const bool null : {true, false, true}) {
    auto query = connection->query(sql);
    if (null)
      query.bind(std::nullopt, std::string("x"));
    else
      query.bind(6, std::string("x"));
    ASSERT_TRUE(query.row());
    EXPECT_EQ(query.integer(0), null ? 5 : 6);
  }
}

TEST_F(DriverValues, OneStatementWithParametersOfOtherTypes) {
  const auto connection = open();
  const char* const sql = "SELECT length(?1)";
  for (int round = 0; round < 2; ++round) {
    auto text = connection->query(sql);
    text.bind(std::string("ü"));
    ASSERT_TRUE(text.row());
    EXPECT_EQ(text.integer(0), 1);
    const std::array<unsigned char, 2> two = {0, 1};
    auto& bytes = text.bind(std::span<const unsigned char>(two));
    bytes.run();
    ASSERT_TRUE(bytes.row());
    EXPECT_EQ(bytes.integer(0), 2);
  }
}

TEST_F(DriverValues, ManyStatementsAreOpenAtOnceAndNested) {
  const auto connection = open();
  note_together(*connection, "one", 3);
  auto outer = connection->query("SELECT number, detail FROM audit ORDER BY number");
  int seen = 0;
  while (outer.row()) {
    auto inner = connection->query("SELECT count(*) FROM audit WHERE number <= ?1");
    inner.bind(outer.integer(0));
    ASSERT_TRUE(inner.row());
    EXPECT_EQ(inner.integer(0), ++seen);
    EXPECT_EQ(outer.text(1), "one");
  }
  EXPECT_EQ(seen, 3);
}

TEST_F(DriverValues, SumsAreWholeNumbersAndChangesAreCounted) {
  const auto connection = open();
  note_together(*connection, "one", 3);
  auto sum = connection->query("SELECT sum(at * 4000000000) FROM audit");
  ASSERT_TRUE(sum.row());
  EXPECT_EQ(sum.integer(0), 12'000'000'000);
  Transaction transaction(*connection);
  connection->query("UPDATE audit SET at = 2").run();
  EXPECT_EQ(connection->changes(), 3);
  connection->query("DELETE FROM audit WHERE at = 1").run();
  EXPECT_EQ(connection->changes(), 0);
}

TEST_F(DriverValues, TextThatPostgresCannotHoldIsRefusedInOneLine) {
  const auto connection = open();
  try {
    note_together(*connection, std::string("nul\0here", 8), 1);
    FAIL() << "was stored";
  } catch (const StoreFailure& failure) {
    EXPECT_EQ(failure.error.status, Status::argument) << failure.error.text;
    EXPECT_EQ(failure.error.text.find('\n'), std::string::npos);
  }
  note_together(*connection, "fine again", 1);
  EXPECT_EQ(ask("SELECT string_agg(detail, ',') FROM ptbridge.audit"), "fine again");
}

TEST_F(DriverValues, WhatTheSchemaForbidsIsForbidden) {
  const auto connection = open();
  connection->query("INSERT INTO lane (id, key, tool, mark, released, keyed) VALUES (1, 'a/b', 'a/b', 5, 1, 5)").run();
  const auto refused = [&](const char* sql) {
    try {
      connection->run(sql);
    } catch (const StoreFailure& failure) {
      return failure.error.text;
    }
    return std::string("was done");
  };
  EXPECT_NE(refused("UPDATE lane SET mark = 4").find("the mark of a lane only rises"), std::string::npos);
  const char* const insert =
      "INSERT INTO event (place, event_id, state, waits, kind, captured_as, walks_before, snapshot, occurred_at, "
      "captured_at, settled_at, operation, course_id, content_id, context, arguments, settings) "
      "SELECT (1::bigint << 40) + n, uuid_send(gen_random_uuid()), state, 1, 1, 0, 0, (1::bigint << 40) + least(n, 2), "
      "1, "
      "1, state, '', '', '', '', '', CASE WHEN n <= 2 THEN 's' ELSE '' END "
      "FROM (VALUES (1, 3), (2, 0), (3, 0), (6, 0)) AS v (n, state)";
  connection->run(insert);
  EXPECT_NE(refused("DELETE FROM event WHERE place & 15 = 1").find("is never removed"), std::string::npos);
  EXPECT_NE(refused("DELETE FROM event WHERE place & 15 = 6").find("is never removed"), std::string::npos);
  EXPECT_NE(refused("DELETE FROM event WHERE place & 15 = 2").find("never removed before them"), std::string::npos);
  connection->run(
      "UPDATE event SET snapshot = NULL WHERE place & 15 = 6; DELETE FROM event WHERE place & 15 IN (2, 3)");
  EXPECT_EQ(ask("SELECT count(*) FROM ptbridge.event"), "2");
}

}  // namespace
}  // namespace ptb::test
