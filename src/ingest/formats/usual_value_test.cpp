#include "ingest/formats/usual_value.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"
#include "data/column.h"

namespace tailrace::ingest {
namespace {

using Kind = RawValue::Kind;

// Whatever is read quickly is what the general way gives, and what must be read quickly is.
TEST(UsualValueTest, AgreesWithTheGeneralWay) {
  const data::Type types[] = {data::Type::Bigint(),
                              data::Type::Integer(),
                              data::ParseType("TINYINT").value(),
                              data::ParseType("SMALLINT").value(),
                              data::Type::Double(),
                              data::Type::Timestamp()};
  constexpr std::string_view kTexts[] = {"0",
                                         "7",
                                         "007",
                                         "127",
                                         "128",
                                         "32768",
                                         "2147483647",
                                         "2147483648",
                                         "1.5",
                                         "0.1",
                                         "4.35",
                                         "12.",
                                         ".5",
                                         "1e3",
                                         "-3",
                                         "+3",
                                         " 4",
                                         "",
                                         "1.2.3",
                                         "abc",
                                         "999999999999999999",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "123456789.123456",
                                         "0.000000000000001",
                                         "1234567890123456.5",
                                         "2018-11-01 12:50:00",
                                         "2018-11-01 23:59:59",
                                         "2018-11-01 24:00:00",
                                         "2018-11-01 12:60:00",
                                         "2018-11-01 12:5a:00",
                                         "2018-11-01T12:50:01",
                                         "2018-02-30 12:50:00",
                                         "2018-11-01 12-50:00",
                                         "2018-11-02 00:00:00",
                                         "2018-11-01",
                                         "2018-11-01 12:50:00Z",
                                         "2018-11-01 1:50:000"};
  Rng rng(1);
  for (const data::Type& type : types) {
    UsualValue usual(type);
    int read = 0;
    for (int round = 0; round < 20'000; ++round) {
      std::string text(kTexts[rng.Below(std::size(kTexts))]);
      if (!text.empty() && rng.Chance(0.3)) text[rng.Below(text.size())] = "0123456789.:- T"[rng.Below(15)];
      const RawValue raw{.kind = rng.Chance(0.5) ? Kind::kString : Kind::kNumber, .text = text};
      int64_t whole = 0;
      double approximate = 0;
      if (!usual.Read(raw, whole, approximate)) continue;
      ++read;
      data::Arena arena;
      Slot slot;
      ASSERT_TRUE(Coerce(type, raw, arena, slot)) << text << " " << type.ToString();
      if (type.is_approximate()) {
        EXPECT_EQ(approximate, slot.float64) << text;
      } else {
        EXPECT_EQ(whole, slot.int64) << text << " " << type.ToString();
      }
    }
    EXPECT_GT(read, 500) << type.ToString();
  }
}

TEST(UsualValueTest, LeavesOtherTypesAlone) {
  UsualValue usual(data::Type::Varchar(10));
  int64_t whole = 0;
  double approximate = 0;
  EXPECT_FALSE(usual.Read({.kind = Kind::kString, .text = "12"}, whole, approximate));
}

}  // namespace
}  // namespace tailrace::ingest
