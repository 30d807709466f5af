#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "data/column.h"
#include "data/type.h"
#include "sql/evaluate.h"
#include "sql/plan.h"

namespace tailrace::engine {

// The state of one aggregate call for many groups at once, a column a member, so that a batch is one loop.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  // Groups 0 ... groups - 1 exist; new ones are empty. Never shrinks but by Clear.
  virtual void Resize(size_t groups) = 0;
  virtual void Clear() = 0;
  virtual void Reset(uint32_t group) = 0;  // Makes the group empty again.
  // Takes rows begin, begin + 1, ... of the arguments; `groups` has one group a row.
  virtual void Update(std::span<const data::ColumnPtr> args, size_t begin, std::span<const uint32_t> groups) = 0;
  // Appends the results of `groups` to `out`; a result that does not fit is NULL and an error of its row.
  virtual void Finish(std::span<const uint32_t> groups, data::Column& out, sql::RowErrors& errors) const = 0;

  virtual void Save(ByteWriter& writer, uint32_t group) const = 0;
  // Into an existing group. Errors: kCorruption.
  virtual Status Load(ByteReader& reader, uint32_t group) = 0;
};

// Errors  kUnsupported: a function that needs OVER.
Result<std::unique_ptr<Accumulator>> MakeAccumulator(const sql::AggregateCall& call);

// Rough bytes of state that a group costs, for the statistics.
uint64_t AccumulatorBytes(const sql::AggregateCall& call);

// The calls of one operator: its arguments and states side by side.
class AccumulatorSet {
 public:
  static Result<AccumulatorSet> Make(const std::vector<sql::AggregateCall>& calls);

  // All arguments of all calls in order, to be evaluated over the input.
  const std::vector<sql::BoundExprPtr>& args() const { return args_; }

  void Resize(size_t groups);
  void Clear();
  void Reset(uint32_t group);
  // `args`: columns of args(), in order.
  void Update(std::span<const data::ColumnPtr> args, size_t begin, std::span<const uint32_t> groups);
  std::vector<data::ColumnPtr> Finish(std::span<const uint32_t> groups, sql::RowErrors& errors) const;
  // As sections of KeyTable::SaveEntries: all groups of call 0, then all of call 1 ...
  size_t sections() const { return calls_.size(); }
  void SaveSection(size_t section, uint32_t group, ByteWriter& writer) const;
  Status LoadSection(size_t section, uint32_t group, ByteReader& reader);  // Into an existing group.
  uint64_t group_bytes() const { return group_bytes_; }

 private:
  struct Call {
    std::unique_ptr<Accumulator> accumulator;
    size_t first_arg;
    size_t args;
    data::Type result;
  };
  std::vector<Call> calls_;
  std::vector<sql::BoundExprPtr> args_;
  uint64_t group_bytes_ = 0;
};

}  // namespace tailrace::engine
