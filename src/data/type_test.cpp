#include "data/type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tailrace::data {
namespace {

using ::testing::HasSubstr;

std::string Parsed(std::string_view text) {
  const auto type = ParseType(text);
  return type.ok() ? type->ToString() : type.error().message;
}

TEST(TypeTest, ParsesEverySpelling) {
  EXPECT_EQ(Parsed("VARCHAR(16)"), "VARCHAR(16)");
  EXPECT_EQ(Parsed("varchar"), "VARCHAR(65535)");
  EXPECT_EQ(Parsed("character  varying ( 7 )"), "VARCHAR(7)");
  EXPECT_EQ(Parsed("CHAR VARYING(7)"), "VARCHAR(7)");
  EXPECT_EQ(Parsed("char"), "CHAR(1)");
  EXPECT_EQ(Parsed("CHARACTER(3)"), "CHAR(3)");
  EXPECT_EQ(Parsed("DOUBLE PRECISION"), "DOUBLE");
  EXPECT_EQ(Parsed("float"), "DOUBLE");
  EXPECT_EQ(Parsed("INT"), "INTEGER");
  EXPECT_EQ(Parsed("decimal(10, 2)"), "DECIMAL(10,2)");
  EXPECT_EQ(Parsed("NUMERIC(5)"), "DECIMAL(5,0)");
  EXPECT_EQ(Parsed("DEC"), "DECIMAL(18,0)");
  EXPECT_EQ(Parsed("DECIMAL(19,5)"), "DECIMAL(19,5)");
  EXPECT_EQ(Parsed("BINARY VARYING(4)"), "VARBINARY(4)");
  EXPECT_EQ(Parsed(" Timestamp "), "TIMESTAMP");
}

TEST(TypeTest, RefusesOthers) {
  EXPECT_THAT(Parsed("TEXT"), HasSubstr("unknown column type: 'TEXT'"));
  EXPECT_THAT(Parsed(""), HasSubstr("unknown column type"));
  EXPECT_THAT(Parsed("VARCHAR(0)"), HasSubstr("out of range: 1 to 65535"));
  EXPECT_THAT(Parsed("VARCHAR(65536)"), HasSubstr("out of range"));
  EXPECT_THAT(Parsed("VARCHAR(5"), HasSubstr("unknown column type"));
  EXPECT_THAT(Parsed("VARCHAR(5) x"), HasSubstr("unknown column type"));
  EXPECT_THAT(Parsed("VARCHAR(x)"), HasSubstr("unknown column type"));
  EXPECT_THAT(Parsed("DECIMAL(20)"), HasSubstr("precision 20"));
  EXPECT_THAT(Parsed("DECIMAL(5,6)"), HasSubstr("scale 6"));
  EXPECT_THAT(Parsed("INTEGER(4)"), HasSubstr("takes no length"));
  EXPECT_THAT(Parsed("INTERVAL DAY"), HasSubstr("unknown column type"));
}

TEST(TypeTest, PrintsIntervals) {
  using Field = IntervalField;
  EXPECT_EQ(Type::Interval(Field::kDay, Field::kSecond).ToString(), "INTERVAL DAY TO SECOND(3)");
  EXPECT_EQ(Type::Interval(Field::kMinute, Field::kMinute, 3).ToString(), "INTERVAL MINUTE(3)");
  EXPECT_EQ(Type::Interval(Field::kSecond, Field::kSecond, 1, 1).ToString(), "INTERVAL SECOND(1,1)");
  EXPECT_EQ(Type::Interval(Field::kYear, Field::kMonth).ToString(), "INTERVAL YEAR TO MONTH");
}

TEST(TypeTest, ComparesRowsByTheirFields) {
  const auto row = [](Type type) {
    return Type::Row(std::make_shared<RowType>(RowType{{{.name = "A", .type = std::move(type)}}}));
  };
  EXPECT_EQ(row(Type::Integer()), row(Type::Integer()));
  EXPECT_NE(row(Type::Integer()), row(Type::Bigint()));
  EXPECT_NE(Type::Varchar(3), Type::Varchar(4));
  EXPECT_NE(Type::Interval(IntervalField::kDay, IntervalField::kDay),
            Type::Interval(IntervalField::kHour, IntervalField::kHour));
  EXPECT_EQ(row(Type::Integer()).ToString(), "ROW(A INTEGER)");
}

}  // namespace
}  // namespace tailrace::data
