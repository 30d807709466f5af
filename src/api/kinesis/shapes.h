#pragma once

#include "api/aws/shape.h"

// The requests of the Kinesis API, version 2013-12-02: members, types and limits of every operation. What the model of
// today leaves open and older clients' tests expect (a missing StreamName is a ValidationException) is as in the older
// model.
namespace tailrace::api::kinesis::shapes {

extern const aws::Shape kAddTagsToStream;
extern const aws::Shape kCreateStream;
extern const aws::Shape kChangeRetention;
extern const aws::Shape kDeleteResourcePolicy;
extern const aws::Shape kDeleteStream;
extern const aws::Shape kDeregisterStreamConsumer;
extern const aws::Shape kDescribeStream;
extern const aws::Shape kDescribeStreamConsumer;
extern const aws::Shape kDescribeStreamSummary;
extern const aws::Shape kEnhancedMonitoring;
extern const aws::Shape kGetRecords;
extern const aws::Shape kGetResourcePolicy;
extern const aws::Shape kGetShardIterator;
extern const aws::Shape kListShards;
extern const aws::Shape kListStreamConsumers;
extern const aws::Shape kListStreams;
extern const aws::Shape kListTagsForResource;
extern const aws::Shape kListTagsForStream;
extern const aws::Shape kMergeShards;
extern const aws::Shape kNothing;
extern const aws::Shape kPutRecord;
extern const aws::Shape kPutRecords;
extern const aws::Shape kPutResourcePolicy;
extern const aws::Shape kRegisterStreamConsumer;
extern const aws::Shape kRemoveTagsFromStream;
extern const aws::Shape kSplitShard;
extern const aws::Shape kStreamEncryption;
extern const aws::Shape kSubscribeToShard;
extern const aws::Shape kTagResource;
extern const aws::Shape kUntagResource;
extern const aws::Shape kUpdateAccountSettings;
extern const aws::Shape kUpdateMaxRecordSize;
extern const aws::Shape kUpdateShardCount;
extern const aws::Shape kUpdateStreamMode;
extern const aws::Shape kUpdateStreamWarmThroughput;

}  // namespace tailrace::api::kinesis::shapes
