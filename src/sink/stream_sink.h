#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "data/batch.h"
#include "data/output_format.h"
#include "sink/environment.h"
#include "stream/stream.h"

namespace tailrace::sink {

struct StreamSinkConfig {
  std::string name;  // Unique among all sinks of the data folder.
  data::Schema schema;
  data::OutputOptions output;
  // The column whose text is the partition key; empty: each row has a key of its own, so rows spread over the shards.
  std::string partition_key;
  bool line_ends = true;  // CSV records end with one.
};

// Appends each row as one record. The stream knows a row by the sink's name and the row's ordinal, so a row that comes
// again after a crash is not appended twice. Records have no line end; CSV records have one.
//
// Errors  Of Make: kInvalidArgument: no such partition key column. Of Write: those of the stream; what shards took
//         before the failure stays taken.
Result<std::unique_ptr<RedrivableSink>> MakeStreamSink(const StreamSinkConfig& config,
                                                       std::shared_ptr<stream::Stream> target, Environment& environment,
                                                       OriginLookup origin = {});

}  // namespace tailrace::sink
