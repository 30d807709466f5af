#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "data/batch.h"
#include "engine/job.h"
#include "engine/queue_cut.h"

namespace tailrace::engine {

// Puts the errors of all pumps in one order, (ROWTIME, pump, operator, arrival), and makes them rows of error_stream.
//
// State   The errors that wait for others of an earlier ROWTIME.
class ErrorStream {
 public:
  struct Origin {
    size_t pump = 0;  // 0 for the input, then the pumps in order.
    size_t stage = 0;
  };
  void Add(Origin origin, RowError error);
  // The rows of errors earlier than `bound`, in order; empty when there are none.
  data::Batch TakeBefore(int64_t bound);
  // The bound that would let the first one out.
  std::optional<int64_t> Deadline() const;
  bool empty() const { return waiting_.empty(); }

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

 private:
  struct Waiting {
    int64_t rowtime;
    Origin origin;
    uint64_t number;
    RowError error;
    bool operator<(const Waiting& other) const {
      return std::tie(rowtime, origin.pump, origin.stage, number) <
             std::tie(other.rowtime, other.origin.pump, other.origin.stage, other.number);
    }
  };
  static void SaveOne(const Waiting& waiting, ByteWriter& writer);

  std::set<Waiting> waiting_;
  uint64_t next_number_ = 0;
  int64_t released_ = INT64_MIN;  // ROWTIME of the last row that came out.
  // Of the save that is under way, when there are many; its errors have numbers below the limit.
  mutable std::weak_ptr<QueueCut> cut_;
  mutable uint64_t cut_limit_ = 0;
};

}  // namespace tailrace::engine
