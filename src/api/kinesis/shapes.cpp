#include "api/kinesis/shapes.h"

#include <algorithm>

namespace tailrace::api::kinesis::shapes {
namespace {

using aws::Member;
using aws::Pattern;
using aws::Type;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  });
}

// 0|([1-9]\d{0,n})
bool IsNumber(std::string_view text, size_t digits_max) {
  return !text.empty() && std::ranges::all_of(text, IsDigit) && (text == "0" || text[0] != '0') &&
         text.size() <= digits_max;
}

bool IsArn(std::string_view text) { return text.starts_with("arn:") && text.find(":kinesis:") != text.npos; }

constexpr Pattern kName{"[a-zA-Z0-9_.-]+", IsName};
constexpr Pattern kHashKey{"0|([1-9]\\d{0,38})", [](std::string_view text) { return IsNumber(text, 39); }};
constexpr Pattern kSequence{"0|([1-9]\\d{0,128})", [](std::string_view text) { return IsNumber(text, 129); }};
constexpr Pattern kArn{"arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+", IsArn};

constexpr std::string_view kModes[] = {"PROVISIONED", "ON_DEMAND"};
constexpr std::string_view kEncryptions[] = {"NONE", "KMS"};
constexpr std::string_view kScalings[] = {"UNIFORM_SCALING"};
constexpr std::string_view kIterators[] = {"AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER",
                                           "TRIM_HORIZON"};
constexpr std::string_view kFilters[] = {"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON",
                                         "AT_LATEST",      "AT_TIMESTAMP",    "FROM_TIMESTAMP"};
constexpr std::string_view kMetrics[] = {"IncomingBytes",
                                         "IncomingRecords",
                                         "OutgoingBytes",
                                         "OutgoingRecords",
                                         "WriteProvisionedThroughputExceeded",
                                         "ReadProvisionedThroughputExceeded",
                                         "IteratorAgeMilliseconds",
                                         "ALL"};

constexpr Member Named(std::string_view name, bool required = true) {
  return {.name = name, .required = required, .least = 1, .most = 128, .pattern = &kName};
}

constexpr Member kStreamName{
    .name = "StreamName", .required = true, .instead = "StreamARN", .least = 1, .most = 128, .pattern = &kName};
constexpr Member kStreamArn{.name = "StreamARN", .least = 1, .most = 2048, .pattern = &kArn};
constexpr Member kStreamArnRequired{.name = "StreamARN", .required = true, .least = 1, .most = 2048, .pattern = &kArn};
constexpr Member kConsumerArn{.name = "ConsumerARN", .least = 1, .most = 2048, .pattern = &kArn};
constexpr Member kResourceArn{.name = "ResourceARN", .required = true, .least = 1, .most = 2048, .pattern = &kArn};
constexpr Member kStreamId{.name = "StreamId", .least = 1, .most = 128};
constexpr Member kNextToken{.name = "NextToken", .least = 1, .most = 1'048'576};

constexpr Member Limit(std::string_view name, int64_t most) {
  return {.name = name, .type = Type::kInteger, .least = 1, .most = most};
}

constexpr Member kTagKey{.name = "key", .least = 1, .most = 128};
constexpr Member kTagValue{.name = "value", .least = 0, .most = 256};
constexpr Member Tags(bool required) {
  return {.name = "Tags",
          .type = Type::kMap,
          .required = required,
          .least = required ? std::optional<int64_t>(1) : std::nullopt,
          .most = 200,
          .element = &kTagValue,
          .key = &kTagKey};
}
constexpr Member TagKeys() {
  return {.name = "TagKeys", .type = Type::kList, .required = true, .least = 1, .most = 50, .element = &kTagKey};
}

constexpr Member kModeMembers[] = {{.name = "StreamMode", .required = true, .values = kModes}};
constexpr Member ModeDetails(bool required) {
  return {.name = "StreamModeDetails", .type = Type::kStructure, .required = required, .members = kModeMembers};
}

constexpr Member kExplicitHashKey{.name = "ExplicitHashKey", .pattern = &kHashKey};
constexpr Member kPartitionKey{.name = "PartitionKey", .required = true, .least = 1, .most = 256};
constexpr Member kData{.name = "Data", .type = Type::kBlob, .required = true, .least = 0, .most = 10'485'760};
constexpr Member kEntryMembers[] = {kPartitionKey, kExplicitHashKey, kData};
constexpr Member kEntry{.name = "member",
                        .type = Type::kStructure,
                        .members = kEntryMembers,
                        .printed = "com.amazonaws.kinesis.v20131202.PutRecordsRequestEntry"};

constexpr Member kMetricName{.name = "member", .values = kMetrics};

constexpr Member kFilterMembers[] = {
    {.name = "Type", .required = true, .values = kFilters},
    Named("ShardId", false),
    {.name = "Timestamp", .type = Type::kTimestamp},
};
constexpr Member kPositionMembers[] = {
    {.name = "Type", .required = true, .values = kIterators},
    {.name = "SequenceNumber", .pattern = &kSequence},
    {.name = "Timestamp", .type = Type::kTimestamp},
};

constexpr Member kAddTagsToStreamMembers[] = {kStreamName, kStreamArn, kStreamId, Tags(true)};
constexpr Member kCreateStreamMembers[] = {
    Named("StreamName"),
    {.name = "ShardCount",
     .type = Type::kInteger,
     .required = true,
     .instead = "StreamModeDetails",
     .least = 1,
     .most = 100'000},
    ModeDetails(false),
    Tags(false),
    {.name = "WarmThroughputMiBps", .type = Type::kInteger, .least = 0},
    {.name = "MaxRecordSizeInKiB", .type = Type::kInteger, .least = 1024, .most = 10'240},
};
constexpr Member kChangeRetentionMembers[] = {
    kStreamName,
    kStreamArn,
    kStreamId,
    {.name = "RetentionPeriodHours", .type = Type::kInteger, .required = true, .least = 1}};
constexpr Member kResourceMembers[] = {kResourceArn, kStreamId};
constexpr Member kDeleteStreamMembers[] = {
    kStreamName, kStreamArn, kStreamId, {.name = "EnforceConsumerDeletion", .type = Type::kBoolean}};
constexpr Member kConsumerMembers[] = {kStreamArn, Named("ConsumerName", false), kConsumerArn, kStreamId};
constexpr Member kDescribeStreamMembers[] = {kStreamName, kStreamArn, kStreamId, Limit("Limit", 10'000),
                                             Named("ExclusiveStartShardId", false)};
constexpr Member kStreamMembers[] = {kStreamName, kStreamArn, kStreamId};
constexpr Member kEnhancedMonitoringMembers[] = {kStreamName,
                                                 kStreamArn,
                                                 kStreamId,
                                                 {.name = "ShardLevelMetrics",
                                                  .type = Type::kList,
                                                  .required = true,
                                                  .least = 1,
                                                  .most = 7,
                                                  .element = &kMetricName}};
constexpr Member kGetRecordsMembers[] = {{.name = "ShardIterator", .required = true, .least = 1, .most = 512},
                                         Limit("Limit", 10'000),
                                         kStreamArn,
                                         kStreamId};
constexpr Member kGetShardIteratorMembers[] = {kStreamName,
                                               kStreamArn,
                                               kStreamId,
                                               Named("ShardId"),
                                               {.name = "ShardIteratorType", .required = true, .values = kIterators},
                                               {.name = "StartingSequenceNumber", .pattern = &kSequence},
                                               {.name = "Timestamp", .type = Type::kTimestamp}};
constexpr Member kListShardsMembers[] = {Named("StreamName", false),
                                         kStreamArn,
                                         kStreamId,
                                         kNextToken,
                                         Named("ExclusiveStartShardId", false),
                                         Limit("MaxResults", 10'000),
                                         {.name = "StreamCreationTimestamp", .type = Type::kTimestamp},
                                         {.name = "ShardFilter", .type = Type::kStructure, .members = kFilterMembers}};
constexpr Member kListStreamConsumersMembers[] = {kStreamArnRequired,
                                                  kStreamId,
                                                  kNextToken,
                                                  Limit("MaxResults", 100),
                                                  {.name = "StreamCreationTimestamp", .type = Type::kTimestamp}};
constexpr Member kListStreamsMembers[] = {Limit("Limit", 10'000), Named("ExclusiveStartStreamName", false), kNextToken};
constexpr Member kListTagsForStreamMembers[] = {
    kStreamName, kStreamArn, kStreamId, {.name = "ExclusiveStartTagKey", .least = 1, .most = 128}, Limit("Limit", 50)};
constexpr Member kMergeShardsMembers[] = {kStreamName, kStreamArn, kStreamId, Named("ShardToMerge"),
                                          Named("AdjacentShardToMerge")};
constexpr Member kPutRecordMembers[] = {kStreamName,
                                        kStreamArn,
                                        kStreamId,
                                        kData,
                                        kPartitionKey,
                                        kExplicitHashKey,
                                        {.name = "SequenceNumberForOrdering", .pattern = &kSequence}};
constexpr Member kPutRecordsMembers[] = {
    kStreamName,
    kStreamArn,
    kStreamId,
    {.name = "Records", .type = Type::kList, .required = true, .least = 1, .most = 500, .element = &kEntry}};
constexpr Member kPutResourcePolicyMembers[] = {
    kResourceArn, kStreamId, {.name = "Policy", .required = true, .most = 20'480}};
constexpr Member kRegisterStreamConsumerMembers[] = {kStreamArnRequired, kStreamId, Named("ConsumerName"), Tags(false)};
constexpr Member kRemoveTagsFromStreamMembers[] = {kStreamName, kStreamArn, kStreamId, TagKeys()};
constexpr Member kSplitShardMembers[] = {kStreamName,
                                         kStreamArn,
                                         kStreamId,
                                         Named("ShardToSplit"),
                                         {.name = "NewStartingHashKey", .required = true, .pattern = &kHashKey}};
constexpr Member kStreamEncryptionMembers[] = {kStreamName,
                                               kStreamArn,
                                               kStreamId,
                                               {.name = "EncryptionType", .required = true, .values = kEncryptions},
                                               {.name = "KeyId", .required = true, .least = 1, .most = 2048}};
constexpr Member kSubscribeToShardMembers[] = {
    {.name = "ConsumerARN", .required = true, .least = 1, .most = 2048, .pattern = &kArn},
    kStreamId,
    Named("ShardId"),
    {.name = "StartingPosition", .type = Type::kStructure, .required = true, .members = kPositionMembers}};
constexpr Member kTagResourceMembers[] = {kResourceArn, kStreamId, Tags(true)};
constexpr Member kUntagResourceMembers[] = {kResourceArn, kStreamId, TagKeys()};
constexpr Member kCommitmentMembers[] = {{.name = "Status", .required = true}};
constexpr Member kUpdateAccountSettingsMembers[] = {{.name = "MinimumThroughputBillingCommitment",
                                                     .type = Type::kStructure,
                                                     .required = true,
                                                     .members = kCommitmentMembers}};
constexpr Member kUpdateMaxRecordSizeMembers[] = {
    kStreamArn,
    kStreamId,
    {.name = "MaxRecordSizeInKiB", .type = Type::kInteger, .required = true, .least = 1024, .most = 10'240}};
constexpr Member kUpdateShardCountMembers[] = {
    kStreamName,
    kStreamArn,
    kStreamId,
    {.name = "TargetShardCount", .type = Type::kInteger, .required = true, .least = 1},
    {.name = "ScalingType", .required = true, .values = kScalings}};
constexpr Member kUpdateStreamModeMembers[] = {kStreamArnRequired,
                                               kStreamId,
                                               ModeDetails(true),
                                               {.name = "WarmThroughputMiBps", .type = Type::kInteger, .least = 0}};
constexpr Member kUpdateStreamWarmThroughputMembers[] = {
    kStreamName,
    kStreamArn,
    kStreamId,
    {.name = "WarmThroughputMiBps", .type = Type::kInteger, .required = true, .least = 0}};

}  // namespace

const aws::Shape kAddTagsToStream = kAddTagsToStreamMembers;
const aws::Shape kCreateStream = kCreateStreamMembers;
const aws::Shape kChangeRetention = kChangeRetentionMembers;
const aws::Shape kDeleteResourcePolicy = kResourceMembers;
const aws::Shape kDeleteStream = kDeleteStreamMembers;
const aws::Shape kDeregisterStreamConsumer = kConsumerMembers;
const aws::Shape kDescribeStream = kDescribeStreamMembers;
const aws::Shape kDescribeStreamConsumer = kConsumerMembers;
const aws::Shape kDescribeStreamSummary = kStreamMembers;
const aws::Shape kEnhancedMonitoring = kEnhancedMonitoringMembers;
const aws::Shape kGetRecords = kGetRecordsMembers;
const aws::Shape kGetResourcePolicy = kResourceMembers;
const aws::Shape kGetShardIterator = kGetShardIteratorMembers;
const aws::Shape kListShards = kListShardsMembers;
const aws::Shape kListStreamConsumers = kListStreamConsumersMembers;
const aws::Shape kListStreams = kListStreamsMembers;
const aws::Shape kListTagsForResource = kResourceMembers;
const aws::Shape kListTagsForStream = kListTagsForStreamMembers;
const aws::Shape kMergeShards = kMergeShardsMembers;
const aws::Shape kNothing = {};
const aws::Shape kPutRecord = kPutRecordMembers;
const aws::Shape kPutRecords = kPutRecordsMembers;
const aws::Shape kPutResourcePolicy = kPutResourcePolicyMembers;
const aws::Shape kRegisterStreamConsumer = kRegisterStreamConsumerMembers;
const aws::Shape kRemoveTagsFromStream = kRemoveTagsFromStreamMembers;
const aws::Shape kSplitShard = kSplitShardMembers;
const aws::Shape kStreamEncryption = kStreamEncryptionMembers;
const aws::Shape kSubscribeToShard = kSubscribeToShardMembers;
const aws::Shape kTagResource = kTagResourceMembers;
const aws::Shape kUntagResource = kUntagResourceMembers;
const aws::Shape kUpdateAccountSettings = kUpdateAccountSettingsMembers;
const aws::Shape kUpdateMaxRecordSize = kUpdateMaxRecordSizeMembers;
const aws::Shape kUpdateShardCount = kUpdateShardCountMembers;
const aws::Shape kUpdateStreamMode = kUpdateStreamModeMembers;
const aws::Shape kUpdateStreamWarmThroughput = kUpdateStreamWarmThroughputMembers;

}  // namespace tailrace::api::kinesis::shapes
