#include "engine/operators/distinct.h"

#include "engine/state.h"

namespace tailrace::engine {

Distinct::Distinct(const sql::Distinct& plan, std::vector<data::Type> types)
    : monotonic_column_(plan.monotonic_column < 0 ? std::nullopt
                                                  : std::optional(static_cast<size_t>(plan.monotonic_column))),
      types_(types),
      seen_(std::make_shared<KeyTable>(std::move(types), KeyTable::Lifetime::kTogether)) {}

Status Distinct::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  std::vector<uint32_t> kept;
  for (size_t row = 0; row < batch.rows();) {
    size_t end = batch.rows();
    if (monotonic_column_.has_value()) {
      const data::Column& column = *batch.columns[*monotonic_column_];
      data::Value value = column.ValueAt(row);
      if (value != current_) {
        if (seen_->being_saved()) {  // The save keeps those that it writes.
          seen_ = std::make_shared<KeyTable>(types_, KeyTable::Lifetime::kTogether);
        } else {
          seen_->Clear();
        }
        current_ = std::move(value);
      }
      end = row + 1;
      while (end < batch.rows() && column.ValueAt(end) == current_) ++end;
    }
    added_.clear();
    seen_->FindOrInsert(batch.columns, row, end, indices_, added_);
    size_t next = 0;  // New keys come in order of their first rows.
    for (size_t i = row; i < end && next < added_.size(); ++i) {
      if (indices_[i - row] != added_[next]) continue;
      kept.push_back(static_cast<uint32_t>(i));
      ++next;
    }
    row = end;
  }
  return kept.empty() ? Ok() : out.Emit(batch.Gather(kept));
}

Status Distinct::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

uint64_t Distinct::StateBytes() const { return seen_->bytes(); }

void Distinct::Save(ByteWriter& writer) const {
  SaveValue(writer, current_);
  writer.U64(seen_->size());
  seen_->SaveEntries(writer, {.write = [seen = seen_](uint32_t, size_t, ByteWriter&) {}});
}

Status Distinct::Load(ByteReader& reader) {
  const data::Type type = monotonic_column_.has_value() ? types_[*monotonic_column_] : data::Type::Null();
  TAILRACE_ASSIGN_OR_RETURN(current_, LoadValue(reader, type));
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 1));
  return seen_->Load(reader, count);
}

}  // namespace tailrace::engine
