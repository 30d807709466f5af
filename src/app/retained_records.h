#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/record_source.h"
#include "base/disk.h"
#include "stream/retained.h"

namespace tailrace::app {

// Where a data folder has the stream of an input.
std::string StreamsFolder(const std::string& data_folder, const InputConfig& input);

// The records that the streams of a data folder still have, merged as RecordMerge does it: by arrival, then input, then
// shard, then sequence. Reads the files alone; a server may be at work on them.
class RetainedRecords final : public RecordSource {
 public:
  // Records that arrived at or after `from`. Errors: kNotFound: no such stream; those of RetainedShard.
  static Result<std::unique_ptr<RetainedRecords>> Open(Disk& disk, const std::string& data_folder,
                                                       const std::vector<InputConfig>& inputs, Timestamp from);

  Result<std::vector<MergedRecords>> Next(size_t records_max) override;
  std::optional<stream::HashKeyRange> RangeOf(int source, stream::ShardId shard) const override;
  double share() const override;
  bool begins_anew() const override { return begins_anew_; }
  std::string note() const override;

 private:
  struct Cursor {
    int source;
    int parallelism;
    stream::HashKeyRange range;
    std::unique_ptr<stream::RetainedShard> shard;
    const stream::RecordView* next = nullptr;  // Null: at the end.
  };

  std::vector<Cursor> cursors_;  // By source, then shard.
  std::string bytes_;            // Of the records given.
  bool trimmed_ = false;
  bool begins_anew_ = false;
};

}  // namespace tailrace::app
