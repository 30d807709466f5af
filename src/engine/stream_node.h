#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "data/ports.h"
#include "engine/graph.h"
#include "engine/job.h"
#include "engine/merge.h"
#include "sql/plan.h"

namespace tailrace::engine {

// An in-application stream: a joint of the graph. Numbers the rows, merges the writers where there are several, and
// passes everything to listeners and readers.
class StreamNode {
 public:
  // `info` is borrowed.
  StreamNode(const sql::StreamInfo& info, size_t writers);

  void AddReader(Port reader) { readers_.push_back(reader); }
  void Listen(Job::RowListener listener) { listeners_.push_back(std::move(listener)); }

  Status Write(size_t writer, const data::Batch& batch);
  Status WriteBound(size_t writer, int64_t bound);

  const sql::StreamInfo& info() const { return info_; }
  size_t writers() const { return writers_; }
  uint64_t rows() const { return ordinal_; }
  int64_t bound() const { return bound_; }
  std::optional<int64_t> Deadline() const { return merge_.has_value() ? merge_->Deadline() : std::nullopt; }
  uint64_t state_bytes() const { return merge_.has_value() ? merge_->bytes() : 0; }

  // The number of rows so far: kept whatever else of the program changes.
  void SaveOrdinal(ByteWriter& writer) const { writer.U64(ordinal_); }
  Status LoadOrdinal(ByteReader& reader);
  // Bound and rows that wait: only for the same writers.
  void SaveFlow(ByteWriter& writer) const;
  Status LoadFlow(ByteReader& reader);

 private:
  Status Deliver(const data::Batch& batch);
  Status DeliverBound(int64_t bound);

  const sql::StreamInfo& info_;
  const size_t writers_;
  const std::vector<data::Type> types_;
  std::optional<Merge> merge_;  // With several writers.
  std::vector<Port> readers_;
  std::vector<Job::RowListener> listeners_;
  data::Ordinal ordinal_ = 0;
  int64_t bound_ = kBeginningOfTime;
};

}  // namespace tailrace::engine
