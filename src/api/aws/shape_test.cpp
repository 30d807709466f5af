#include "api/aws/shape.h"

#include <gtest/gtest.h>

#include "api/kinesis/shapes.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

namespace shapes = kinesis::shapes;

std::string Checked(Shape shape, std::string json) {
  auto document = Document::Parse(Encoding::kJson, std::move(json));
  EXPECT_TRUE(document.has_value());
  if (const auto types = CheckTypes(*document, shape); !types.has_value()) return types.error().message;
  if (const auto rules = CheckConstraints(*document, shape); !rules.has_value()) return rules.error().message;
  return "";
}

// Texts that tests of the service's clients compare.
TEST(TypeCheckTest, TellsTheFirstWrongTypeInTheServicesWords) {
  const std::string number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to ";
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"StreamName":23})"), number + "an String");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"StreamName":true})"),
            "class java.lang.Boolean can not be converted to an String");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"StreamName":[]})"), "Start of list found where not expected");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"StreamName":{}})"), "Start of structure or map found where not expected.");
  EXPECT_EQ(Checked(shapes::kListStreams, R"({"Limit":"23"})"),
            "class java.lang.String can not be converted to an Integer");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"Data":23})"), number + "a Blob");
  EXPECT_EQ(
      Checked(shapes::kPutRecord, R"({"Data":"23"})"),
      "'23' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 2");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"Data":"=+/="})"),
            "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"Data":"YWJjZGVmYW*j"})"),
            "'YWJjZGVmYW*j' can not be converted to a Blob: Invalid Base64 character: '*'");
  EXPECT_EQ(Checked(shapes::kPutRecord, R"({"Data":"+/+="})"),
            "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected");
  EXPECT_EQ(Checked(shapes::kGetShardIterator, R"({"Timestamp":"x"})"),
            "class java.lang.String can not be converted to milliseconds since epoch");
  EXPECT_EQ(Checked(shapes::kPutRecords, R"({"Records":23})"), "Expected list or null");
  EXPECT_EQ(Checked(shapes::kPutRecords, R"({"Records":[23]})"), "Expected null");
  EXPECT_EQ(Checked(shapes::kPutRecords, R"({"Records":[[]]})"), "Start of list found where not expected");
  EXPECT_EQ(Checked(shapes::kAddTagsToStream, R"({"Tags":"x"})"), "Expected map or null");
  EXPECT_EQ(Checked(shapes::kDeleteStream, R"({"EnforceConsumerDeletion":"a23"})"),
            "'A23' can not be converted to an Boolean");
}

TEST(TypeCheckTest, ConvertsInPlace) {
  auto document = Document::Parse(Encoding::kJson, R"({"Limit":2.9,"Data":"aGVsbG8=","Timestamp":1.5})");
  static constexpr Member kMembers[] = {{.name = "Limit", .type = Type::kInteger},
                                        {.name = "Data", .type = Type::kBlob},
                                        {.name = "Timestamp", .type = Type::kTimestamp}};
  ASSERT_TRUE(CheckTypes(*document, kMembers).has_value());
  EXPECT_EQ(document->root().Integer("Limit", 0), 2);
  EXPECT_EQ(document->root().Find("Data").text(), "hello");
  EXPECT_EQ(document->root().Find("Timestamp").integer(), 1500);
}

TEST(ConstraintCheckTest, TellsAllFaultsInTheServicesWords) {
  EXPECT_EQ(Checked(shapes::kDescribeStream, "{}"),
            "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be "
            "null");
  EXPECT_EQ(Checked(shapes::kDescribeStream, R"({"StreamARN":"arn:aws:kinesis:r:123456789012:stream/s"})"), "");
  EXPECT_EQ(Checked(shapes::kDescribeStream, R"({"StreamName":"","Limit":0})"),
            "3 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1; Value '' at 'streamName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'limit' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1");
  EXPECT_EQ(Checked(shapes::kGetShardIterator, R"({"StreamName":"s","ShardId":"x","ShardIteratorType":"Y"})"),
            "1 validation error detected: Value 'Y' at 'shardIteratorType' failed to satisfy constraint: Member must "
            "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]");
  EXPECT_EQ(Checked(shapes::kPutRecords,
                    R"({"StreamName":"s","Records":[{"PartitionKey":"k","Data":""},{"PartitionKey":"","Data":""}]})"),
            "1 validation error detected: Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1");
  EXPECT_EQ(Checked(shapes::kAddTagsToStream, R"({"StreamName":"s","Tags":{"":"b"}})"),
            "1 validation error detected: Value '{=b}' at 'tags' failed to satisfy constraint: Map keys must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
            "equal to 1]");
}

TEST(ConstraintCheckTest, TakesNoNullInAListOrAMap) {
  EXPECT_EQ(Checked(shapes::kPutRecords, R"({"StreamName":"s","Records":[null,{"PartitionKey":"k"}]})").substr(0, 40),
            "1 validation error detected: Value '[nul");
  EXPECT_EQ(
      Checked(shapes::kRemoveTagsFromStream, R"({"StreamName":"s","TagKeys":[null]})"),
      "1 validation error detected: Value '[null]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
      "constraint: [Member must not be null]");
  EXPECT_EQ(Checked(shapes::kAddTagsToStream, R"({"StreamName":"s","Tags":{"a":null}})"),
            "1 validation error detected: Value '{a=null}' at 'tags' failed to satisfy constraint: Map value must "
            "satisfy constraint: [Member must not be null]");
}

TEST(ConstraintCheckTest, TellsTenFaultsAtMost) {
  std::string records;
  for (int i = 0; i < 20; ++i) records += StrCat(i > 0 ? "," : "", R"({"PartitionKey":"","Data":""})");
  EXPECT_TRUE(Checked(shapes::kPutRecords, StrCat(R"({"StreamName":"s","Records":[)", records, "]}"))
                  .starts_with("10 validation errors detected: "));
}

}  // namespace
}  // namespace tailrace::api::aws
