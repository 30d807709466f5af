#include "engine/sql_test_report.h"

#include <gtest/gtest.h>

#include "engine/sql_test_file.h"

namespace tailrace::engine {
namespace {

TEST(SqlTestReportTest, AlignsColumnsAndMarksWhatDiffers) {
  const SqlTestFailure failure{.line = 3,
                               .separator_line = 4,
                               .end_line = 7,
                               .message = "emitted D",
                               .compares = true,
                               .expected = {"a\t1", "bbb\t2", "c\t3"},
                               .found = {"a\t1", "c\t3", "dd\tx"}};
  EXPECT_EQ(FormatSqlTestFailure("f.slt", failure),
            "f.slt:3: emitted D: 1 of 3 expected lines missing (-), 1 others found (+)\n"
            "     5   a    1\n"
            "     6 - bbb  2\n"
            "     7   c    3\n"
            "       + dd   x\n");
}

TEST(SqlTestReportTest, LeavesOutWhatIsFarFromADifference) {
  SqlTestFailure failure{.line = 1, .separator_line = 2, .end_line = 22, .message = "emitted D", .compares = true};
  for (int i = 0; i < 20; ++i) failure.expected.push_back(std::to_string(i));
  failure.found = failure.expected;
  failure.found[10] = "x";
  const std::string text = FormatSqlTestFailure("f.slt", failure);
  EXPECT_NE(text.find("        ... 7 equal lines\n    10   7\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    13 - 10\n       + x\n    14   11\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    16   13\n        ... 6 equal lines\n"), std::string::npos) << text;
}

TEST(SqlTestReportTest, UpdatesOnlyTheBlocksThatCompare) {
  const std::string text = "feed S\n1\ta\n\nemitted D\n----\nold\nolder\n\n# Why\nemitted E\n\nemitted F\n----";
  const SqlTestFile file = ParseSqlTestFile("f.slt", text);
  ASSERT_EQ(file.blocks.size(), 4U);
  EXPECT_EQ(file.blocks[1].separator_line, 5U);
  EXPECT_EQ(file.blocks[1].end_line, 7U);
  const std::vector<SqlTestFailure> failures = {file.blocks[0].Failure(), file.blocks[1].Failure({"old"}, {"new"}),
                                                file.blocks[2].Failure({}, {"one", "two"}),
                                                file.blocks[3].Failure({}, {"last"})};
  EXPECT_EQ(UpdateSqlTest(text, failures),
            "feed S\n1\ta\n\nemitted D\n----\nnew\n\n# Why\nemitted E\n----\none\ntwo\n\nemitted F\n----\nlast\n");
  EXPECT_EQ(UpdateSqlTest(text, {}), text);
}

}  // namespace
}  // namespace tailrace::engine
