#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "engine/lanes.h"
#include "engine/sliding_window.h"
#include "sql/evaluate.h"
#include "sql/plan.h"

namespace tailrace::engine {

// A window specification with its partitions in lanes by the hash of their keys. Results are those of one
// SlidingWindow, and either loads what the other saved.
//
// Threads  One owner; lanes work on the threads of LaneOptions while it waits.
class SlidingLanes {
 public:
  // As SlidingWindow::Make.
  static Result<std::unique_ptr<SlidingLanes>> Make(const sql::WindowFrame& frame,
                                                    std::vector<SlidingWindow::CallRef> calls,
                                                    const LaneOptions& options);

  // SlidingWindow::Process, then Expire(`bound`).
  void Process(const data::Batch& batch, std::span<const data::ColumnPtr> keys, std::span<const data::ColumnPtr> args,
               std::span<const std::shared_ptr<data::Column>> results, sql::RowErrors& errors, int64_t bound);
  void Expire(int64_t bound);

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);
  uint64_t bytes() const;

 private:
  // What a lane gets and gives for the rows at work.
  struct Desk {
    std::vector<std::shared_ptr<data::Column>> results;
    sql::RowErrors errors;
  };

  SlidingLanes(std::vector<size_t> used_args, const LaneOptions& options)
      : used_args_(std::move(used_args)), options_(options) {}
  void ProcessLane(size_t lane, const data::Batch& batch, std::span<const data::ColumnPtr> keys,
                   std::span<const data::ColumnPtr> args, std::span<const std::shared_ptr<data::Column>> results);

  const std::vector<size_t> used_args_;  // Columns that the calls look at.
  const LaneOptions options_;
  std::vector<std::unique_ptr<SlidingWindow>> lanes_;
  KeyTable::Hashes hashes_;
  LaneRows rows_;
  std::vector<Desk> desks_;
};

}  // namespace tailrace::engine
