#pragma once

#include "api/aws/service.h"
#include "sink/delivery/delivery_streams.h"

namespace tailrace::api::firehose {

// The Firehose API over the delivery streams. Refers to them.
// Source  Amazon Data Firehose API Reference, version 2015-08-04.
aws::Service MakeService(sink::delivery::DeliveryStreams& streams);

}  // namespace tailrace::api::firehose
