#include "engine/operators/distinct.h"

#include "engine/state.h"

namespace tailrace::engine {

Distinct::Distinct(const sql::Distinct& plan, std::vector<data::Type> types, const LaneOptions& lanes)
    : monotonic_column_(plan.monotonic_column < 0 ? std::nullopt
                                                  : std::optional(static_cast<size_t>(plan.monotonic_column))),
      types_(types),
      seen_(GroupLanes::Make(std::move(types), KeyTable::Lifetime::kTogether, {}, lanes).value()) {}  // No aggregates.

Status Distinct::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  std::vector<uint32_t> kept;
  for (size_t row = 0; row < batch.rows();) {
    size_t end = batch.rows();
    if (monotonic_column_.has_value()) {
      const data::Column& column = *batch.columns[*monotonic_column_];
      data::Value value = column.ValueAt(row);
      if (value != current_) {
        seen_->Clear();
        current_ = std::move(value);
      }
      end = row + 1;
      while (end < batch.rows() && column.ValueAt(end) == current_) ++end;
    }
    seen_->Absorb(batch.columns, row, end, &added_);
    for (const GroupLanes::Added& added : added_) kept.push_back(added.row);
    row = end;
  }
  return kept.empty() ? Ok() : out.Emit(batch.Gather(kept));
}

Status Distinct::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

uint64_t Distinct::StateBytes() const { return seen_->bytes(); }

void Distinct::Save(ByteWriter& writer) const {
  SaveValue(writer, current_);
  writer.U64(seen_->size());
  seen_->Save(writer, {});
}

Status Distinct::Load(ByteReader& reader) {
  const data::Type type = monotonic_column_.has_value() ? types_[*monotonic_column_] : data::Type::Null();
  TAILRACE_ASSIGN_OR_RETURN(current_, LoadValue(reader, type));
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 1));
  TAILRACE_TRY(seen_->Load(reader, count));
  return Ok();
}

}  // namespace tailrace::engine
