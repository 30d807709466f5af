#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "ingest/formats/decoder.h"
#include "stream/types.h"

namespace tailrace::ingest {

// The hash keys that a shard takes or took; nothing when it is no longer known.
using ShardRangeOf = std::function<std::optional<stream::HashKeyRange>(stream::ShardId shard)>;

// Gives `inner` the records that the Kinesis Producer Library packed into one, as if each had been put alone.
//
// Output  Rows and errors in the order of the parts. Arrival, shard and sequence number are those of the record they
//         came in, the partition key is their own. What is no proper aggregated record goes on as it is.
// Errors  A part that does not belong to the shard gives a kParseError and no row: its producer had an old map of the
//         shards and sends it again to where it belongs. The others are rows. (The service's client library leaves out
//         all parts then; but a producer that has learned of the new shards does not send the others again.)
// Source  awslabs/amazon-kinesis-client, AggregatorUtil; awslabs/amazon-kinesis-producer, retrier.cc.
std::unique_ptr<Decoder> MakeAggregateDecoder(std::unique_ptr<Decoder> inner, ShardRangeOf range_of);

}  // namespace tailrace::ingest
