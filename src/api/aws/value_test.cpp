#include "api/aws/value.h"

#include <gtest/gtest.h>

#include "api/aws/writer.h"
#include "base/hash.h"

namespace tailrace::api::aws {
namespace {

std::optional<Document> Json(std::string text) { return Document::Parse(Encoding::kJson, std::move(text)); }

std::optional<Document> Cbor(std::string_view hex) {
  std::string bytes;
  EXPECT_TRUE(FromHex(hex, bytes));
  return Document::Parse(Encoding::kCbor, std::move(bytes));
}

TEST(ValueTest, ReadsJson) {
  const auto document = Json(R"( {"a": [1, -2.5, true, null], "b": {"c": "x"}, "d": "" } )");
  ASSERT_TRUE(document.has_value());
  const Value root = document->root();
  std::vector<Kind> kinds;
  for (const Value element : root.Find("a")) kinds.push_back(element.kind());
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::kInteger, Kind::kReal, Kind::kBoolean, Kind::kNull}));
  EXPECT_EQ(root.Find("b").Text("c"), "x");
  EXPECT_EQ(root.Text("d", "other"), "");
  EXPECT_FALSE(root.Find("e"));
}

TEST(ValueTest, UnescapesTextsOfEveryLength) {
  for (size_t before = 0; before < 20; ++before) {
    const std::string plain(before, 'p');
    const auto document = Json("{\"k\":\"" + plain + R"(\n\u00e9\ud83d\ude00\/\")" + plain + "\"}");
    ASSERT_TRUE(document.has_value());
    EXPECT_EQ(document->root().Text("k"), plain + "\n\u00e9\U0001F600/\"" + plain);
  }
}

TEST(ValueTest, TheLastOfARepeatedNameWinsAndNullIsAbsent) {
  EXPECT_EQ(Json(R"({"a":1,"a":2})")->root().Integer("a", 0), 2);
  EXPECT_FALSE(Json(R"({"a":1,"a":null})")->root().Find("a"));
}

TEST(ValueTest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "{\"a\"}", "{\"a\":}", "[1,]", "{\"a\":1,}", "\"a", "\"\\x\"", "\"\\u12\"", "01",
                           "1.", "-", "1e", "tru", "{} {}", "\"\t\"", "\"\xff\"", "nul"}) {
    EXPECT_FALSE(Json(text).has_value()) << text;
  }
}

TEST(ValueTest, BoundsDepthAndSize) {
  EXPECT_TRUE(Json(std::string(60, '[') + std::string(60, ']')).has_value());
  EXPECT_FALSE(Json(std::string(100'000, '[')).has_value());
  std::string many = "[0";
  for (size_t i = 0; i < Document::kNodesMax; ++i) many += ",0";
  EXPECT_FALSE(Json(many + "]").has_value());
}

// A PutRecord of the Java SDK.
TEST(ValueTest, ReadsCbor) {
  const auto document = Cbor("a36a53747265616d4e616d65617364446174614568656c6c6f6c506172746974696f6e4b65796170");
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->root().Text("StreamName"), "s");
  EXPECT_EQ(document->root().Find("Data").kind(), Kind::kBytes);
  EXPECT_EQ(document->root().Find("Data").text(), "hello");
  EXPECT_EQ(document->root().Text("PartitionKey"), "p");
}

// Examples of RFC 8949, appendix A.
TEST(ValueTest, ReadsEveryFormOfCbor) {
  EXPECT_EQ(Cbor("1b000000e8d4a51000")->root().integer(), 1'000'000'000'000);
  EXPECT_EQ(Cbor("3903e7")->root().integer(), -1000);
  EXPECT_EQ(Cbor("f93e00")->root().real(), 1.5);
  EXPECT_EQ(Cbor("f9c400")->root().real(), -4.0);
  EXPECT_EQ(Cbor("fa47c35000")->root().real(), 100'000.0);
  EXPECT_EQ(Cbor("fb7e37e43c8800759c")->root().real(), 1.0e+300);
  EXPECT_EQ(Cbor("f5")->root().boolean(), true);
  EXPECT_EQ(Cbor("f6")->root().kind(), Kind::kNull);
  EXPECT_EQ(Cbor("7f657374726561646d696e67ff")->root().text(), "streaming");
  EXPECT_EQ(Cbor("5f42010243030405ff")->root().text(), "\x01\x02\x03\x04\x05");
  EXPECT_EQ(Cbor("bf61610161629f0203ffff")->root().Find("b").size(), 2U);
  EXPECT_EQ(Cbor("c11b0000019b7ca98f2e")->root().kind(), Kind::kTimestamp);
  EXPECT_EQ(Cbor("c11b0000019b7ca98f2e")->root().integer(), 1'767'323'045'678);
}

TEST(ValueTest, RefusesWhatIsNoCbor) {
  for (const char* hex : {"", "a1", "a16161", "a10101", "7f6161", "5f6161ff", "9bffffffffffffffff", "1c", "ff", "0000",
                          "61ff", "5bffffffffffffffff", "c1"}) {
    EXPECT_FALSE(Cbor(hex).has_value()) << hex;
  }
}

TEST(WriterTest, WritesJson) {
  Writer writer(Encoding::kJson);
  writer.BeginMap();
  writer.Text("Name", "a\"b");
  writer.BeginList("List");
  writer.Integer(-1);
  writer.Boolean(true);
  writer.BeginMap();
  writer.EndMap();
  writer.EndList();
  writer.Time("Time", FromUnixMs(1'767'323'045'678));
  writer.Time("Whole", FromUnixMs(1'767'323'045'000));
  writer.Blob("Data", "hello");
  writer.EndMap();
  EXPECT_EQ(std::move(writer).Take(),
            R"({"Name":"a\"b","List":[-1,true,{}],"Time":1767323045.678,"Whole":1767323045,"Data":"aGVsbG8="})");
}

TEST(WriterTest, WritesCborThatReadsBack) {
  Writer writer(Encoding::kCbor);
  writer.BeginMap();
  writer.Time("Time", FromUnixMs(1'767'323'045'678));
  writer.Blob("Data", "hello");
  writer.Integer("Small", 23);
  writer.Integer("Large", -70'000);
  writer.EndMap();
  const std::string bytes = std::move(writer).Take();
  EXPECT_EQ(ToHex(bytes),
            "bf6454696d65c11b0000019b7ca98f2e64446174614568656c6c6f65536d616c6c17654c617267653a0001116fff");
  const auto document = Document::Parse(Encoding::kCbor, bytes);
  ASSERT_TRUE(document.has_value());
  EXPECT_EQ(document->root().Integer("Large", 0), -70'000);
}

}  // namespace
}  // namespace tailrace::api::aws
