#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "app/record_merge.h"
#include "base/result.h"
#include "stream/types.h"

namespace tailrace::app {

// Past records of an application's inputs, in the order in which they arrived.
// Threads  One owner.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // The next records, `records_max` at most, those of each in-application input stream by themselves; none at the end.
  // Views are valid until the next call.
  virtual Result<std::vector<MergedRecords>> Next(size_t records_max) = 0;
  // The hash keys of a shard; nothing when that is not known.
  virtual std::optional<stream::HashKeyRange> RangeOf(int /*source*/, stream::ShardId /*shard*/) const {
    return std::nullopt;
  }
  // How much has been read, 0 to 1.
  virtual double share() const = 0;
  // Whether these are not all records that the application ever had: what was before the first one is not known.
  virtual bool begins_anew() const = 0;
  // What a user must know of these records ("records before 2018-11-01 01:00:00 are gone"); empty: nothing.
  virtual std::string note() const = 0;
};

}  // namespace tailrace::app
