#pragma once

#include <string>

#include "api/aws/service.h"
#include "sink/delivery/delivery_streams.h"

// The operations, each by the name that the service gives it.
namespace tailrace::api::firehose {

using sink::delivery::DeliveryDescription;
using sink::delivery::DeliveryStreams;

aws::Answer<void> CreateDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> DescribeDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> ListDeliveryStreams(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> UpdateDestination(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> DeleteDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> TagDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> UntagDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> ListTagsForDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> StartDeliveryStreamEncryption(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
aws::Answer<void> StopDeliveryStreamEncryption(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out);
// These answer when the records are on disk.
void PutRecord(DeliveryStreams& streams, const aws::CallPtr& call);
void PutRecordBatch(DeliveryStreams& streams, const aws::CallPtr& call);

// The description of the stream that the call names. Errors: ResourceNotFoundException.
aws::Answer<DeliveryDescription> FindNamed(const DeliveryStreams& streams, const aws::Call& call);
// A failure as Firehose tells it.
aws::AwsError ToFirehoseError(const Error& error, const aws::Call& call);

}  // namespace tailrace::api::firehose
