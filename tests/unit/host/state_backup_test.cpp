// The small LMS's own data: kept in a file, put back from it, and a new generation after that.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "lms.h"
#include "lms_schema.h"
#include "refusal.h"
#include "temporary_directory.h"

namespace host::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Locator kQuiz{"acme", "quiz"};

struct StateBackup : testing::Test {
  std::int64_t operate(std::string title, std::int64_t not_before_ms = 0) {
    Operation operation{0, std::move(title), 1'000, {{kQuiz, "course-copied", "_1_1", "", {}, {}}}, not_before_ms};
    Transaction transaction(lms.database());
    lms.add_operation(operation);
    transaction.commit();
    return operation.id;
  }
  template <typename Body>
  static std::string refusal_of(Body body) {
    try {
      body();
    } catch (const Refusal& refusal) {
      return refusal.what();
    }
    return {};
  }

  TemporaryDirectory directory;
  std::string file = directory / "friday.db";
  Lms lms{directory / "lms.db"};
};

TEST_F(StateBackup, PutsBackCoursesSecretsAndOperationNumbers) {
  lms.add_course({"_1_1", "Algebra"});
  lms.put_secret(kQuiz, "a secret");
  const auto before = operate("a copy");
  lms.back_up(file);
  lms.add_course({"_2_1", "Lost"});
  lms.put_secret(kQuiz, "another");
  operate("a later copy");
  const auto generation = lms.generation();
  lms.put_back(file);
  EXPECT_THAT(lms.courses(), SizeIs(1));
  EXPECT_EQ(lms.secret(kQuiz), "a secret");
  EXPECT_EQ(lms.high_water(), before);
  EXPECT_EQ(lms.generation(), generation);
  EXPECT_EQ(operate("again"), before + 1) << "numbers are used again: that is what a bridge has to notice";
}

TEST_F(StateBackup, IsOneFileThatOnlyThisUserReads) {
  lms.back_up(file);
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  lms.put_back(file);
  EXPECT_FALSE(std::filesystem::exists(file + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(file + "-shm"));
}

TEST_F(StateBackup, DoesNotOverwriteAFile) {
  directory.write("friday.db", "something else");
  EXPECT_THAT(refusal_of([&] { lms.back_up(file); }), HasSubstr("friday.db"));
  EXPECT_THAT(refusal_of([&] { lms.back_up("/nowhere/friday.db"); }), HasSubstr("/nowhere/friday.db"));
}

TEST_F(StateBackup, WhatIsNoBackupChangesNothing) {
  lms.add_course({"_1_1", "Algebra"});
  EXPECT_THAT(refusal_of([&] { lms.put_back(directory / "missing.db"); }), HasSubstr("missing.db"));
  EXPECT_THAT(refusal_of([&] { lms.put_back(directory.write("notes.txt", "a text, and no database at all")); }),
              HasSubstr("no backup"));
  Database other(directory / "other.db");
  other.execute("CREATE TABLE one (a)");
  EXPECT_THAT(refusal_of([&] { lms.put_back(directory / "other.db"); }), HasSubstr("no backup"));
  EXPECT_THAT(lms.courses(), SizeIs(1));
}

TEST_F(StateBackup, ANewerOneIsRefusedWithBothVersions) {
  lms.back_up(file);
  {
    Database newer(file);
    newer.execute("PRAGMA user_version=99");
  }
  EXPECT_THAT(refusal_of([&] { lms.put_back(file); }), HasSubstr("99"));
}

TEST_F(StateBackup, ADamagedOneIsRefused) {
  for (int i = 0; i < 200; ++i) lms.add_course({"_" + std::to_string(i) + "_1", std::string(200, 'x')});
  lms.back_up(file);
  {
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(3 * 4096);
    damaged << std::string(8 * 4096, '\xff');
  }
  EXPECT_THAT(refusal_of([&] { lms.put_back(file); }), HasSubstr("damaged"));
  EXPECT_THAT(lms.courses(), SizeIs(200));
}

TEST_F(StateBackup, ANewGenerationIsNothingThatWasBefore) {
  operate("captured in the life before");
  ASSERT_THAT(lms.unfinished_operations(), SizeIs(1));
  const auto before = lms.generation();
  lms.begin_generation();
  EXPECT_NE(lms.generation(), before);
  EXPECT_THAT(lms.generation(), SizeIs(32));
  EXPECT_THAT(lms.unfinished_operations(), IsEmpty());
  const auto now = lms.generation();
  EXPECT_EQ(Lms(directory / "lms.db").generation(), now);
}

TEST_F(StateBackup, AnOlderOneIsBroughtUpToDate) {
  {
    Database old(directory / "old.db");
    old.execute(kLmsSchema);
    old.execute("INSERT INTO life VALUES (1, 'old', 7); INSERT INTO course (id, title) VALUES ('_3_1', 'Old')");
    old.execute(("PRAGMA user_version=1; PRAGMA application_id=" + std::to_string(kLmsApplicationId)).c_str());
  }
  lms.put_back(directory / "old.db");
  EXPECT_EQ(lms.generation(), "old");
  operate("later", 5'000);
  EXPECT_EQ(lms.unfinished_operations().at(0).not_before_ms, 5'000);
}

TEST_F(StateBackup, TheToolsOwnIdOfAnItemIsKept) {
  lms.add_course({"_1_1", "Algebra"});
  lms.add_item({"_2_1", "_1_1", kQuiz, "Quiz", ""});
  lms.set_external_id("_2_1", "q-7");
  EXPECT_EQ(lms.item("_2_1")->external_id, "q-7");
}

}  // namespace
}  // namespace host::test
