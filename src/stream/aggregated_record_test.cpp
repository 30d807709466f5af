#include "stream/aggregated_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::stream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string FromHexText(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(FromHex(hex, bytes));
  return bytes;
}

// Frames a message that is written by hand.
std::string Framed(std::string_view message_hex) {
  const std::string message = FromHexText(message_hex);
  const auto digest = Md5(message);
  return "\xF3\x89\x9A\xC2" + message + std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

// "key:data" of each part, with the explicit hash key behind a slash.
std::vector<std::string> PartTexts(std::string_view record) {
  std::vector<AggregatedPart> parts;
  if (!SplitAggregatedRecord(record, parts)) return {"whole"};
  std::vector<std::string> texts;
  for (const AggregatedPart& part : parts) {
    texts.push_back(StrCat(part.partition_key, ":", part.data,
                           part.explicit_hash_key ? "/" + HashKeyText(*part.explicit_hash_key) : ""));
  }
  return texts;
}

// The format description's own example.
constexpr std::string_view kOnePart =
    "f3899ac20a0d706172746974696f6e5f6b65791a0808001a0464617461d03699da5a222fa32108ad1bd955a14e";

// Made by aws-kinesis-agg 1.2.3 (PyPI), which writes it by Google's library: four records, keys a, b, a, a, two of
// them with explicit hash keys.
constexpr std::string_view kFourParts =
    "f3899ac20a01610a016212273334303238323336363932303933383436333436333337343630373433313736383231313435351201301a0b"
    "08001a077b226e223a317d1a0b08011a077b226e223a327d1a0d080010001a077b226e223a337d1a06080010011a0063667c471b7f45391c"
    "751cb85462cc1d";

TEST(AggregatedRecordTest, TakesTheDescribedExampleApart) {
  EXPECT_THAT(PartTexts(FromHexText(kOnePart)), ElementsAre("partition_key:data"));
}

TEST(AggregatedRecordTest, TakesWhatAnotherLibraryPackedApart) {
  EXPECT_THAT(
      PartTexts(FromHexText(kFourParts)),
      ElementsAre(R"(a:{"n":1})", R"(b:{"n":2})", R"(a:{"n":3}/340282366920938463463374607431768211455)", "a:/0"));
  const std::string record = FromHexText(kFourParts);
  std::vector<AggregatedPart> parts;
  ASSERT_TRUE(SplitAggregatedRecord(record, parts));
  EXPECT_EQ(HashKeyText(parts[0].hash_key()), "16955237001963240173058271559858726497");  // MD5 of "a".
  EXPECT_EQ(parts[2].hash_key(), kHashKeyMax);
}

TEST(AggregatedRecordTest, LeavesOtherRecordsWhole) {
  const std::string good = FromHexText(kOnePart);
  std::vector<std::string> others = {"", "\xF3\x89\x9A\xC2", R"({"n":1})", good.substr(1), good + "x"};
  for (size_t length = 0; length < good.size(); ++length) others.push_back(good.substr(0, length));
  for (size_t i = 0; i < good.size(); ++i) {
    others.push_back(good);
    others.back()[i] = static_cast<char>(others.back()[i] ^ 1);
  }
  for (const std::string& other : others) EXPECT_THAT(PartTexts(other), ElementsAre("whole")) << ToHex(other);
}

TEST(AggregatedRecordTest, LeavesRecordsWholeWhoseMessageIsMalformed) {
  for (const std::string_view message : {
           "0a01",                            // A key that ends too early.
           "0a01611a0408001a05",              // A record that ends too early.
           "0a01611a021a00",                  // Without a key.
           "0a01611a020800",                  // Without data.
           "1a0408001a00",                    // A key that is not in the table.
           "0a01611a06080010001a00",          // An explicit hash key that is not in the table.
           "0a01611201781a00",                // A hash key that is no number.
           "0a01610b0c",                      // A group.
           "0a016103",                        // A field without a number.
           "0a0161ffffffffffffffffffffff01",  // A number of too many bytes.
       }) {
    EXPECT_THAT(PartTexts(Framed(message)), ElementsAre("whole")) << message;
  }
}

TEST(AggregatedRecordTest, PassesOverWhatItDoesNotKnow) {
  // A tag in the record, a field 9 of every kind in the message, the table behind the record.
  EXPECT_THAT(PartTexts(Framed("4805"
                               "4a0178"
                               "4d00000000"
                               "49"
                               "0000000000000000"
                               "1a0d"
                               "0800"
                               "1a0178"
                               "2206"
                               "0a0174"
                               "120176"
                               "0a016b")),
              ElementsAre("k:x"));
  EXPECT_THAT(PartTexts(Framed("")), IsEmpty());
}

}  // namespace
}  // namespace tailrace::stream
