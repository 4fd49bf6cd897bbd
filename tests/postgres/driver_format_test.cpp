// SQL and values as PostgreSQL takes them; places as people see them. Without a server.
#include <gtest/gtest.h>

#include "store/postgres/postgres_error.h"
#include "store/postgres/postgres_format.h"
#include "store/postgres/postgres_place.h"

namespace ptb {
namespace {

TEST(PostgresFormat, ParametersAreRenamedAndIndexHintsGo) {
  const auto sql =
      postgres_sql("SELECT '?1 INDEXED BY x' FROM event INDEXED BY event_never_waits WHERE place = ?12 AND a = ?2");
  EXPECT_EQ(sql.text, "SELECT '?1 INDEXED BY x' FROM event  WHERE place = $12 AND a = $2");
  EXPECT_EQ(sql.parameters, 12);
}

TEST(PostgresFormat, WholeNumbersOfEveryWidth) {
  EXPECT_EQ(whole_number(kInt2Type, std::string("\xFF\xFE", 2)), -2);
  EXPECT_EQ(whole_number(kInt4Type, std::string("\xFF\xFF\xFF\xFE", 4)), -2);
  EXPECT_EQ(whole_number(kBoolType, std::string("\1", 1)), 1);
  std::string eight;
  append_int8(eight, -3);
  EXPECT_EQ(whole_number(kInt8Type, eight), -3);
  // 12345678 as sums come: two groups, of which the first is worth 10000.
  EXPECT_EQ(whole_number(kNumericType, std::string("\0\2\0\1\0\0\0\0\x04\xD2\x16\x2E", 12)), 12345678);
  EXPECT_EQ(whole_number(kNumericType, std::string("\0\1\0\1\0\0\0\0\0\1", 10)), 10000);
  EXPECT_EQ(whole_number(kTextType, "1"), std::nullopt);
  EXPECT_EQ(whole_number(kInt8Type, "1"), std::nullopt);
}

TEST(PostgresPlace, IsShownWithoutItsPassword) {
  const auto place = read_postgres_uri("postgresql://lms:s3cret%2Fword@db.example:5433/bridge?sslmode=require");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->shown, "postgresql://lms@db.example:5433/bridge");
  EXPECT_EQ(place->clean("no s3cret%2Fword here\n"), "no *** here");
  EXPECT_FALSE(place->pooled);
}

TEST(PostgresPlace, APoolerIsNamedInTheUri) {
  for (const auto& [uri, left] :
       {std::pair{"postgresql://h/d?pooler=transaction", "postgresql://h/d"},
        std::pair{"postgresql://h/d?pooler=transaction&sslmode=require", "postgresql://h/d?sslmode=require"},
        std::pair{"postgresql://h/d?sslmode=require&pooler=transaction", "postgresql://h/d?sslmode=require"}}) {
    const auto place = read_postgres_uri(uri);
    ASSERT_TRUE(place) << uri;
    EXPECT_TRUE(place->pooled);
    EXPECT_EQ(place->uri, left);
  }
}

TEST(PostgresPlace, WhatCannotBeReadIsNotRepeatedWithItsPassword) {
  for (const char* uri : {"postgresql://lms:s3cret@[db/bridge", "mysql://lms:s3cret@db/bridge",
                          "postgresql://lms:s3cret@db/bridge?s3cret=1", "postgresql://lms:s3cret%zz@db/bridge"}) {
    const auto place = read_postgres_uri(uri);
    ASSERT_FALSE(place) << uri;
    EXPECT_EQ(place.error().status, Status::argument);
    EXPECT_EQ(place.error().text.find("s3cret"), std::string::npos) << place.error().text;
    EXPECT_NE(place.error().text.find("postgresql://USER@HOST"), std::string::npos) << place.error().text;
  }
  const auto slip = read_postgres_uri("postgresql://lms:word/s3cret@db/bridge");
  const std::string said = slip ? slip->shown : slip.error().text;
  EXPECT_EQ(said.find("s3cret"), std::string::npos) << said;
}

TEST(PostgresError, EachKindHasItsFate) {
  EXPECT_EQ(fate_of({"PTB01", "", ""}), Fate::outdated);
  EXPECT_EQ(fate_of({"40001", "", ""}), Fate::outdated);
  EXPECT_EQ(fate_of({"40P01", "", ""}), Fate::outdated);
  EXPECT_EQ(fate_of({"55P03", "", ""}), Fate::outdated);
  EXPECT_EQ(fate_of({"23505", "", "event_key"}), Fate::outdated);
  EXPECT_EQ(fate_of({"23505", "", "lease"}), Fate::failure);
  EXPECT_EQ(fate_of({"PTB02", "", ""}), Fate::shut_out);
  EXPECT_EQ(fate_of({"57P01", "", ""}), Fate::lost);
  EXPECT_EQ(fate_of({"26000", "", ""}), Fate::pooled);
  const PostgresPlace place{"postgresql://h/d", "postgresql://h/d", false};
  EXPECT_EQ(postgres_error(place, {"53100", "", ""}).status, Status::store);
  EXPECT_EQ(postgres_error(place, {"XX001", "", ""}).status, Status::damaged);
  EXPECT_EQ(postgres_error(place, {"25006", "", ""}).status, Status::store);
  EXPECT_EQ(postgres_error(place, {"42601", "bad\nsyntax", ""}).text,
            "store postgresql://h/d: bad syntax (SQLSTATE 42601); nothing was stored");
}

}  // namespace
}  // namespace ptb
