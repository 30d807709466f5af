#include "engine/operators/set_operation.h"

#include <algorithm>

#include "engine/graph.h"
#include "engine/key_table.h"
#include "engine/state.h"

namespace tailrace::engine {

SetOperation::SetOperation(const sql::SetNode& plan, const data::Schema& schema, const OperatorContext& context)
    : op_(plan.op), schema_(schema), context_(context) {}

Status SetOperation::OnBatch(size_t input, const data::Batch& batch, Emitter& /*out*/) {
  inputs_[input].push_back(batch);
  return Ok();
}

Status SetOperation::OnBound(size_t input, int64_t bound, Emitter& out) {
  if (bound != kEndOfTime) return Ok();
  ended_[input] = true;
  if (!ended_[0] || !ended_[1]) return Ok();
  const data::Batch rows = Compute();
  inputs_ = {};
  for (size_t begin = 0; begin < rows.rows(); begin += context_.batch_rows_max) {
    TAILRACE_TRY(out.Emit(rows.Slice(begin, std::min(rows.rows(), begin + context_.batch_rows_max))));
  }
  return out.EmitBound(kEndOfTime);
}

data::Batch SetOperation::Compute() {
  const data::Batch left = ConcatAll(std::move(inputs_[0]), schema_);
  const data::Batch right = ConcatAll(std::move(inputs_[1]), schema_);
  const bool all = op_ == sql::ast::SetOp::kUnionAll;
  const bool both = all || op_ == sql::ast::SetOp::kUnion;
  const data::Batch rows = both ? data::Concat(left, right) : left;
  if (all) return rows;
  KeyTable others(TypesOf(schema_), KeyTable::Lifetime::kTogether);
  std::vector<uint32_t> indices;
  std::vector<uint32_t> added;
  if (!both) others.FindOrInsert(right.columns, 0, right.rows(), indices, added);
  std::vector<uint32_t> in_others;
  others.Find(rows.columns, 0, rows.rows(), in_others);
  KeyTable own(TypesOf(schema_), KeyTable::Lifetime::kTogether);
  added.clear();
  own.FindOrInsert(rows.columns, 0, rows.rows(), indices, added);
  std::vector<uint32_t> kept;
  size_t next = 0;  // New keys come in order of their first rows.
  for (uint32_t row = 0; row < rows.rows() && next < added.size(); ++row) {
    if (indices[row] != added[next]) continue;
    ++next;
    const bool found = in_others[row] != KeyTable::kNone;
    if (both || found == (op_ == sql::ast::SetOp::kIntersect)) kept.push_back(row);
  }
  return rows.Gather(kept);
}

void SetOperation::Save(ByteWriter& writer) const {
  for (size_t input = 0; input < inputs_.size(); ++input) {
    writer.Bool(ended_[input]);
    writer.U64(inputs_[input].size());
    for (const data::Batch& batch : inputs_[input]) SaveBatch(writer, batch);
  }
}

Status SetOperation::Load(ByteReader& reader) {
  const std::vector<data::Type> types = TypesOf(schema_);
  for (size_t input = 0; input < inputs_.size(); ++input) {
    inputs_[input].clear();
    TAILRACE_ASSIGN_OR_RETURN(ended_[input], reader.Bool());
    TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, sizeof(uint64_t)));
    for (size_t i = 0; i < count; ++i) {
      TAILRACE_ASSIGN_OR_RETURN(data::Batch batch, LoadBatch(reader, types));
      inputs_[input].push_back(std::move(batch));
    }
  }
  return Ok();
}

uint64_t SetOperation::StateBytes() const {
  uint64_t bytes = 0;
  for (const auto& batches : inputs_) {
    for (const data::Batch& batch : batches) bytes += BatchBytes(batch);
  }
  return bytes;
}

}  // namespace tailrace::engine
