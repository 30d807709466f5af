#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/output_format.h"
#include "data/ports.h"

namespace tailrace::app {

struct SampledRow {
  data::Ordinal ordinal = 0;
  int64_t rowtime_unix_ms = 0;
  std::string json;  // The row's columns as one object.
};

struct ChartPoint {
  int64_t second_unix = 0;
  double max = 0;  // Of the second's rows.
};

// The newest rows of one in-application stream, for people who watch. A busy stream is sampled: at most `kRowsPerBatch`
// rows of a batch are kept, so watching costs next to nothing.
//
// Threads  Take: the job's owner. The rest: any.
class LiveView {
 public:
  static constexpr size_t kRowsMax = 200;
  static constexpr size_t kRowsPerBatch = 20;
  static constexpr size_t kPointsMax = 900;  // A quarter of an hour.

  LiveView(std::string name, data::SchemaPtr schema);
  // Draws this column from now on. False when there is no such numeric column.
  bool Chart(const std::string& column);

  void Take(const data::Batch& rows, data::Ordinal first);

  const std::string& name() const { return name_; }
  const data::Schema& schema() const { return *schema_; }
  data::Ordinal last_ordinal() const;
  // Rows with a greater ordinal, the newest `rows_max` of them, oldest first.
  std::vector<SampledRow> RowsAfter(data::Ordinal ordinal, size_t rows_max) const;
  std::vector<ChartPoint> Points(int64_t after_second) const;

 private:
  const std::string name_;
  const data::SchemaPtr schema_;
  const data::RowWriter writer_;
  mutable std::mutex mutex_;
  std::deque<SampledRow> rows_;
  std::deque<ChartPoint> points_;
  data::Ordinal last_ordinal_ = 0;
  int chart_column_ = -1;
};

}  // namespace tailrace::app
