#include "ingest/formats/json_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/str.h"
#include "ingest/formats/decoder_testing.h"

namespace tailrace::ingest {
namespace {

InputSchema Schema() {
  return MakeSchema("json", {{"a", "VARCHAR(40)"}, {"b", "INTEGER"}, {"c", "VARCHAR(8)", "$.nested.c"}});
}

// What one decoder that knows the shape of the first record says of the second, and what a new one says of it.
void ExpectSame(const std::string& first, const std::string& second) {
  SCOPED_TRACE(second);
  const auto decoder = MakeDecoder(Schema()).value();
  const Decoded both = DecodeTexts(*decoder, {first, first, second});
  const Decoded alone = DecodeTexts(Schema(), {second});
  std::vector<std::string> rows = RowTexts(both.batch);
  ASSERT_GE(rows.size(), 2u);
  rows.erase(rows.begin(), rows.begin() + 2);
  EXPECT_EQ(rows, RowTexts(alone.batch));
  ASSERT_EQ(both.errors.size(), alone.errors.size());
  for (size_t i = 0; i < both.errors.size(); ++i) {
    EXPECT_EQ(both.errors[i].message, alone.errors[i].message);
    EXPECT_EQ(both.errors[i].bytes, alone.errors[i].bytes);
  }
}

constexpr std::string_view kFirst = R"({"x":"one","a":"text of some length","b":"7","y":null,"z":1.5})";

TEST(JsonShapeTest, ReadsOnlyWhatLooksTheSame) {
  const auto tree = BuildPathTree(Schema(), {0, 1, 2}).value();
  const auto shape = JsonShape::Learn(kFirst, tree.root);
  ASSERT_TRUE(shape.has_value());
  std::vector<RawValue> values(3);
  MarkedRecord record;
  const auto reads = [&](std::string_view text) {
    record.Set(text);
    return shape->Read(record, values);
  };
  EXPECT_TRUE(reads(R"({"x":"","a":"other","b":-12,"y":true,"z":"s"})"
                    "\r\n"));
  EXPECT_EQ(values[0].text, "other");
  EXPECT_EQ(values[1].kind, RawValue::Kind::kNumber);
  EXPECT_EQ(values[1].text, "-12");
  EXPECT_EQ(values[2].kind, RawValue::Kind::kNull);
  EXPECT_TRUE(reads(R"({"x":"\u00e9","a":"q\"\\\/\n","b":1,"y":"","z":0})"));
  EXPECT_EQ(values[0].text, "q\"\\/\n");
  for (const std::string_view other :
       {R"({"x":"","b":1,"a":"other","y":true,"z":"s"})", R"({"x":"","a":"other","b":1,"y":true,"z":"s"}{})",
        R"({"x":"","a":"other","b":1,"y":true,"z":"s")", R"({"x":"","a":"ot\u0041her","b":1,"y":true,"z":"s"})",
        R"({"x":"\x41","a":"other","b":1,"y":true,"z":"s"})", R"({"x":"","a":"other\","b":1,"y":true,"z":"s"})",
        R"({"x":"","a":"other","b":01,"y":true,"z":"s"})", R"({"x":"","a":"other","b":1,"y":[],"z":"s"})",
        R"({"x":"","a":"other","b":,"y":true,"z":"s"})", "{\"x\":\"\t\",\"a\":\"\",\"b\":1,\"y\":true,\"z\":1}",
        "{\"x\":\"\xff\",\"a\":\"\",\"b\":1,\"y\":true,\"z\":1}", "", "{", R"({"x":")"}) {
    EXPECT_FALSE(reads(other)) << other;
  }
  for (const std::string_view text : {R"({})", R"([1])", R"({"a":{"b":1}})", R"({"a\n":1})", R"({"a":1)", ""}) {
    EXPECT_FALSE(JsonShape::Learn(text, tree.root).has_value()) << text;
  }
}

TEST(JsonShapeTest, MakesNoDifferenceToWhatIsDecoded) {
  const std::string first(kFirst);
  for (const char* const second :
       {R"({"x":"one","a":"","b":"8","y":null,"z":1.5})", R"({"x":"one","a":"é","b":8,"y":null,"z":1.5} )",
        R"({"x":"one","a":true,"b":"x","y":null,"z":1.5})", R"({"x":"one","a":nul,"b":"8","y":null,"z":1.5})",
        R"({"x":"o\n\u00zz","a":"t\"u","b":"8","y":null,"z":1.5})", R"({"x":"\\","a":"\u00e9","b":"8","y":null,"z":1})",
        R"({"x":"one","a":"\xe9","b":"8","y":null,"z":1.5})", R"({"x":"one","a":"t","b":"8","y":{"c":1},"z":1.5})",
        R"({"x":"one","a":"t","b":"8","y":null,"z":1.5}{"a":"u"})", R"({"x":"one","a":"t","b":"8","y":null,"z":1.5)",
        R"({"x":"one","a":"t","nested":{"c":"d"},"b":"8"})"}) {
    ExpectSame(first, second);
  }
  // Every single byte changed, at random.
  Rng rng(11);
  for (int i = 0; i < 3000; ++i) {
    std::string changed = first;
    const size_t at = rng.Below(changed.size());
    constexpr std::string_view kBytes = "\"\\{}[],:0123456789aetrufls -+.\n\x01\xc3\xa9";
    if (rng.Chance(0.8)) {
      changed[at] = kBytes[rng.Below(kBytes.size())];
    } else {
      changed.erase(at, 1 + rng.Below(3));
    }
    ExpectSame(first, changed);
  }
}

TEST(JsonShapeTest, ManyShapesAndNoneAreDecodedAlike) {
  const auto decoder = MakeDecoder(Schema()).value();
  std::vector<std::string> texts;
  std::vector<std::string> expected;
  for (int i = 0; i < 10'000; ++i) {
    texts.push_back(StrCat("{\"k", i % 97, "\":1,\"b\":", i, ",\"a\":\"t", i, "\"}"));
    expected.push_back(StrCat("t", i, "|", i, "|NULL"));
  }
  EXPECT_EQ(RowTexts(DecodeTexts(*decoder, texts).batch), expected);
}

}  // namespace
}  // namespace tailrace::ingest
