#include "api/kinesis/kinesis.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/shapes.h"
#include "api/kinesis/subscriptions.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using Where = aws::Operation::Where;
using Simple = aws::Answer<void> (*)(Kinesis& kinesis, const aws::Call& call, aws::Writer& out);
using Later = void (*)(Kinesis& kinesis, const aws::CallPtr& call);

aws::Operation At(Kinesis& kinesis, std::string_view name, aws::Shape input, Simple operation) {
  return {
      .name = name, .input = input, .run = aws::AtOnce([&kinesis, operation](const aws::Call& call, aws::Writer& out) {
                                      return operation(kinesis, call, out);
                                    })};
}

aws::Operation On(Where where, Kinesis& kinesis, std::string_view name, aws::Shape input, Later operation) {
  return {.name = name, .input = input, .where = where, .run = [&kinesis, operation](const aws::CallPtr& call) {
            operation(kinesis, call);
          }};
}

}  // namespace

Kinesis::Kinesis(KinesisOptions options, Environment environment, std::string folder, aws::TokenSealer tokens)
    : options_(options),
      environment_(std::move(environment)),
      folder_(std::move(folder)),
      tokens_(std::move(tokens)),
      directory_(environment_.streams, environment_.clock, options.transition),
      throttle_(options.throttle, environment_.clock),
      subscriptions_(std::make_unique<Subscriptions>(environment_.clock)) {}

Kinesis::~Kinesis() = default;

void Kinesis::Stop() { subscriptions_->Stop(); }

Result<std::unique_ptr<Kinesis>> Kinesis::Open(KinesisOptions options, Environment environment, std::string folder) {
  TAILRACE_TRY(MakeDirectoriesDurably(environment.disk, folder));
  TAILRACE_ASSIGN_OR_RETURN(aws::TokenSealer tokens, aws::TokenSealer::Open(environment.disk, folder + "/token.key"));
  return std::unique_ptr<Kinesis>(new Kinesis(options, std::move(environment), std::move(folder), std::move(tokens)));
}

aws::Service Kinesis::MakeService() {
  Kinesis& k = *this;
  return {
      .target_prefix = "Kinesis_20131202",
      .signing_name = "kinesis",
      .cbor = true,
      .operations =
          {
              At(k, "AddTagsToStream", shapes::kAddTagsToStream, AddTagsToStream),
              At(k, "CreateStream", shapes::kCreateStream, CreateStream),
              At(k, "DecreaseStreamRetentionPeriod", shapes::kChangeRetention, DecreaseStreamRetentionPeriod),
              At(k, "DeleteResourcePolicy", shapes::kDeleteResourcePolicy, DeleteResourcePolicy),
              At(k, "DeleteStream", shapes::kDeleteStream, DeleteStream),
              At(k, "DeregisterStreamConsumer", shapes::kDeregisterStreamConsumer, DeregisterStreamConsumer),
              At(k, "DescribeAccountSettings", shapes::kNothing, DescribeAccountSettings),
              At(k, "DescribeLimits", shapes::kNothing, DescribeLimits),
              At(k, "DescribeStream", shapes::kDescribeStream, DescribeStream),
              At(k, "DescribeStreamConsumer", shapes::kDescribeStreamConsumer, DescribeStreamConsumer),
              At(k, "DescribeStreamSummary", shapes::kDescribeStreamSummary, DescribeStreamSummary),
              At(k, "DisableEnhancedMonitoring", shapes::kEnhancedMonitoring, DisableEnhancedMonitoring),
              At(k, "EnableEnhancedMonitoring", shapes::kEnhancedMonitoring, EnableEnhancedMonitoring),
              At(k, "GetRecords", shapes::kGetRecords, GetRecords),
              At(k, "GetResourcePolicy", shapes::kGetResourcePolicy, GetResourcePolicy),
              At(k, "GetShardIterator", shapes::kGetShardIterator, GetShardIterator),
              At(k, "IncreaseStreamRetentionPeriod", shapes::kChangeRetention, IncreaseStreamRetentionPeriod),
              At(k, "ListShards", shapes::kListShards, ListShards),
              At(k, "ListStreamConsumers", shapes::kListStreamConsumers, ListStreamConsumers),
              At(k, "ListStreams", shapes::kListStreams, ListStreams),
              At(k, "ListTagsForResource", shapes::kListTagsForResource, ListTagsForResource),
              At(k, "ListTagsForStream", shapes::kListTagsForStream, ListTagsForStream),
              At(k, "MergeShards", shapes::kMergeShards, MergeShards),
              On(Where::kNetwork, k, "PutRecord", shapes::kPutRecord, PutRecord),
              On(Where::kNetwork, k, "PutRecords", shapes::kPutRecords, PutRecords),
              At(k, "PutResourcePolicy", shapes::kPutResourcePolicy, PutResourcePolicy),
              At(k, "RegisterStreamConsumer", shapes::kRegisterStreamConsumer, RegisterStreamConsumer),
              At(k, "RemoveTagsFromStream", shapes::kRemoveTagsFromStream, RemoveTagsFromStream),
              At(k, "SplitShard", shapes::kSplitShard, SplitShard),
              At(k, "StartStreamEncryption", shapes::kStreamEncryption, StartStreamEncryption),
              At(k, "StopStreamEncryption", shapes::kStreamEncryption, StopStreamEncryption),
              On(Where::kWorker, k, "SubscribeToShard", shapes::kSubscribeToShard, SubscribeToShard),
              At(k, "TagResource", shapes::kTagResource, TagResource),
              At(k, "UntagResource", shapes::kUntagResource, UntagResource),
              At(k, "UpdateAccountSettings", shapes::kUpdateAccountSettings, UpdateAccountSettings),
              At(k, "UpdateMaxRecordSize", shapes::kUpdateMaxRecordSize, UpdateMaxRecordSize),
              At(k, "UpdateShardCount", shapes::kUpdateShardCount, UpdateShardCount),
              At(k, "UpdateStreamMode", shapes::kUpdateStreamMode, UpdateStreamMode),
              At(k, "UpdateStreamWarmThroughput", shapes::kUpdateStreamWarmThroughput, UpdateStreamWarmThroughput),
          },
  };
}

}  // namespace tailrace::api::kinesis
