#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/query/line_reader.h"
#include "app/record_source.h"
#include "app/replay.h"
#include "base/disk.h"
#include "ingest/formats/decoder.h"

namespace tailrace::app {

// Records from files: a line a record, packed by gzip, zstd or snappy or not. Their arrival is what a column of the
// input says; a record that would go back in time arrives with the one before it.
class ArchivedRecords final : public RecordSource {
 public:
  // `archives`: by prefix or stream of an input, a file or a folder, whose files are read in the order of their paths.
  // An input without archives has no records. `time_column`: of every input; empty: its first TIMESTAMP. Errors:
  // kNotFound: input, file; kInvalidArgument: no column with the time.
  static Result<std::unique_ptr<ArchivedRecords>> Open(Disk& disk, const std::vector<InputConfig>& inputs,
                                                       const std::vector<NamedFile>& archives,
                                                       const std::string& time_column, Timestamp from);

  Result<std::vector<MergedRecords>> Next(size_t records_max) override;
  double share() const override;
  bool begins_anew() const override { return true; }
  std::string note() const override;

 private:
  struct Archive {
    int source = 0;
    std::unique_ptr<LineReader> reader;
    uint64_t bytes_total = 0;
    std::unique_ptr<ingest::Decoder> decoder;  // For the time alone.
    size_t time_column = 0;
    Lines lines;
    std::vector<data::Record> records;  // Into lines.
    size_t next = 0;
    int64_t last_unix_ms = 0;
    uint64_t sequence = 0;
  };

  Result<bool> Fill(Archive& archive);

  std::vector<Archive> archives_;  // By source.
  int64_t from_unix_ms_ = 0;
  uint64_t out_of_order_ = 0;
  int64_t out_of_order_ms_max_ = 0;
};

}  // namespace tailrace::app
