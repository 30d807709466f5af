#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "data/batch.h"
#include "engine/lanes.h"
#include "sql/evaluate.h"

namespace tailrace::engine {

// The bound after the last row of an input that ends.
inline constexpr int64_t kEndOfTime = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kBeginningOfTime = std::numeric_limits<int64_t>::min();

// `time` + `milliseconds` (not negative), never past kEndOfTime.
inline int64_t AddTime(int64_t time, int64_t milliseconds) {
  return time > kEndOfTime - milliseconds ? kEndOfTime : time + milliseconds;
}

// Where an operator's output goes.
class Emitter {
 public:
  virtual ~Emitter() = default;
  // ROWTIMEs are not below the last one emitted nor below the last bound.
  virtual Status Emit(const data::Batch& batch) = 0;
  // No row earlier than `bound` will follow.
  virtual Status EmitBound(int64_t bound) = 0;
};

// Takes the rows that end in a runtime error.
class ErrorReporter {
 public:
  virtual ~ErrorReporter() = default;
  // `batch` has the columns of `schema`, or the first of them.
  virtual void Report(const data::Schema& schema, const data::Batch& batch, size_t row, std::string_view name,
                      std::string_view message) = 0;
  // Texts cut to the length of the column `column`, or of some text within an expression when that is empty.
  virtual void CountCuts(std::string_view column, uint64_t cuts) = 0;

  // Says which operator reports from now on; gives the one before. Errors of one ROWTIME are put in order of operators.
  size_t EnterStage(size_t stage) { return std::exchange(stage_, stage); }

 protected:
  size_t stage_ = 0;
};

// An operator's surroundings. Borrowed, outlives the operator.
struct OperatorContext {
  sql::EvalContext eval;
  ErrorReporter& errors;
  size_t batch_rows_max = 4096;  // Of a batch that an operator emits from its state.
  LaneOptions lanes = {};        // Of keyed state.
};

// One node of the graph.
//
// Time     Rows of an input come with non-decreasing ROWTIME, and a bound b promises that no row earlier than b comes
//          after it. Every batch is followed by a bound not below its last ROWTIME.
//          Output depends on the rows alone, never on how they are cut into batches nor on which bounds come between.
// Errors   Those of the emitter, passed on. Rows that fail go to the reporter.
// Threads  One owner.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual Status OnBatch(size_t input, const data::Batch& batch, Emitter& out) = 0;
  virtual Status OnBound(size_t input, int64_t bound, Emitter& out) = 0;

  // No row before `time` will come; called before anything else, unless the operator's state is loaded.
  virtual void Begin(int64_t /*time*/) {}

  virtual void Save(ByteWriter& writer) const = 0;
  // Errors  kCorruption.
  virtual Status Load(ByteReader& reader) = 0;

  // The earliest bound that would let something out; nothing when no row waits for time.
  virtual std::optional<int64_t> NextDeadline() const { return std::nullopt; }
  virtual uint64_t StateBytes() const { return 0; }
};

}  // namespace tailrace::engine
