#pragma once

#include "api/aws/service.h"
#include "api/kinesis/kinesis.h"

// The operations, by file; kinesis_service.cpp gives each its name and shape. Requests are checked against their
// shapes.
namespace tailrace::api::kinesis {

#define TAILRACE_KINESIS_OPERATION(name) \
  aws::Answer<void> name(Kinesis& kinesis, const aws::Call& call, aws::Writer& out)

// stream_operations.cpp
TAILRACE_KINESIS_OPERATION(CreateStream);
TAILRACE_KINESIS_OPERATION(DeleteStream);
TAILRACE_KINESIS_OPERATION(DescribeLimits);
TAILRACE_KINESIS_OPERATION(DescribeStream);
TAILRACE_KINESIS_OPERATION(DescribeStreamSummary);
TAILRACE_KINESIS_OPERATION(ListStreams);

// shard_operations.cpp
TAILRACE_KINESIS_OPERATION(ListShards);
TAILRACE_KINESIS_OPERATION(MergeShards);
TAILRACE_KINESIS_OPERATION(SplitShard);
TAILRACE_KINESIS_OPERATION(UpdateShardCount);

// put_operations.cpp: they answer when the records are on disk, and hold no thread until then.
void PutRecord(Kinesis& kinesis, const aws::CallPtr& call);
void PutRecords(Kinesis& kinesis, const aws::CallPtr& call);

// get_operations.cpp
TAILRACE_KINESIS_OPERATION(GetRecords);
TAILRACE_KINESIS_OPERATION(GetShardIterator);

// tag_operations.cpp
TAILRACE_KINESIS_OPERATION(AddTagsToStream);
TAILRACE_KINESIS_OPERATION(ListTagsForResource);
TAILRACE_KINESIS_OPERATION(ListTagsForStream);
TAILRACE_KINESIS_OPERATION(RemoveTagsFromStream);
TAILRACE_KINESIS_OPERATION(TagResource);
TAILRACE_KINESIS_OPERATION(UntagResource);

// consumer_operations.cpp
TAILRACE_KINESIS_OPERATION(DeregisterStreamConsumer);
TAILRACE_KINESIS_OPERATION(DescribeStreamConsumer);
TAILRACE_KINESIS_OPERATION(ListStreamConsumers);
TAILRACE_KINESIS_OPERATION(RegisterStreamConsumer);
void SubscribeToShard(Kinesis& kinesis, const aws::CallPtr& call);

// setting_operations.cpp
TAILRACE_KINESIS_OPERATION(DecreaseStreamRetentionPeriod);
TAILRACE_KINESIS_OPERATION(DeleteResourcePolicy);
TAILRACE_KINESIS_OPERATION(DescribeAccountSettings);
TAILRACE_KINESIS_OPERATION(DisableEnhancedMonitoring);
TAILRACE_KINESIS_OPERATION(EnableEnhancedMonitoring);
TAILRACE_KINESIS_OPERATION(GetResourcePolicy);
TAILRACE_KINESIS_OPERATION(IncreaseStreamRetentionPeriod);
TAILRACE_KINESIS_OPERATION(PutResourcePolicy);
TAILRACE_KINESIS_OPERATION(StartStreamEncryption);
TAILRACE_KINESIS_OPERATION(StopStreamEncryption);
TAILRACE_KINESIS_OPERATION(UpdateAccountSettings);
TAILRACE_KINESIS_OPERATION(UpdateMaxRecordSize);
TAILRACE_KINESIS_OPERATION(UpdateStreamMode);
TAILRACE_KINESIS_OPERATION(UpdateStreamWarmThroughput);

#undef TAILRACE_KINESIS_OPERATION

}  // namespace tailrace::api::kinesis
