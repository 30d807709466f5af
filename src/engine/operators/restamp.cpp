#include "engine/operators/restamp.h"

#include <algorithm>

#include "engine/joined_rows.h"
#include "engine/state.h"

namespace tailrace::engine {

Restamp::Restamp(const sql::Restamp& plan, const data::Schema& schema, const OperatorContext& context)
    : plan_(plan), schema_(schema), context_(context) {}

Status Restamp::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& /*out*/) {
  const auto shared = std::make_shared<const data::Batch>(batch);
  const data::Column& times = *batch.columns[static_cast<size_t>(plan_.time_column)];
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    const int64_t time = times.null(row) ? batch.rowtimes->int64s()[row] : times.int64s()[row];
    held_.emplace(std::pair(time, next_++), Row{.batch = shared, .row = row});
  }
  return Ok();
}

data::Batch Restamp::Rows(Held::const_iterator begin, Held::const_iterator end) const {
  std::vector<RowRef> refs;
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  for (auto at = begin; at != end; ++at) {
    refs.push_back({.batch = at->second.batch.get(), .row = at->second.row});
    rowtimes->AppendInt64(at->first.first);
  }
  data::Batch rows{.rowtimes = std::move(rowtimes), .columns = {}};
  for (size_t i = 0; i < schema_.fields.size(); ++i) {
    rows.columns.push_back(GatherRefs(schema_.fields[i].type, i, refs));
  }
  return rows;
}

Status Restamp::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (bound != kEndOfTime && bound < kBeginningOfTime + plan_.delay_ms) return Ok();
  const int64_t limit = bound == kEndOfTime ? kEndOfTime : bound - plan_.delay_ms;
  while (!held_.empty() && held_.begin()->first.first < limit) {
    auto end = held_.cbegin();
    for (size_t rows = 0; rows < context_.batch_rows_max && end != held_.cend() && end->first.first < limit; ++rows) {
      ++end;
    }
    TAILRACE_TRY(out.Emit(Rows(held_.cbegin(), end)));
    held_.erase(held_.cbegin(), end);
  }
  return out.EmitBound(limit);
}

std::optional<int64_t> Restamp::NextDeadline() const {
  if (held_.empty()) return std::nullopt;
  return AddTime(AddTime(held_.begin()->first.first, plan_.delay_ms), 1);
}

uint64_t Restamp::StateBytes() const {
  uint64_t bytes = held_.size() * (sizeof(Held::value_type) + 4 * sizeof(void*));
  const data::Batch* last = nullptr;
  for (const auto& [place, row] : held_) {
    if (row.batch.get() != last) bytes += BatchBytes(*row.batch);
    last = row.batch.get();
  }
  return bytes;
}

void Restamp::Save(ByteWriter& writer) const { SaveBatch(writer, Rows(held_.cbegin(), held_.cend())); }

Status Restamp::Load(ByteReader& reader) {
  held_.clear();
  TAILRACE_ASSIGN_OR_RETURN(data::Batch rows, LoadBatch(reader, TypesOf(schema_)));
  const auto shared = std::make_shared<const data::Batch>(std::move(rows));
  for (next_ = 0; next_ < shared->rows(); ++next_) {
    const auto row = static_cast<uint32_t>(next_);
    held_.emplace(std::pair(shared->rowtimes->int64s()[row], next_), Row{.batch = shared, .row = row});
  }
  return Ok();
}

}  // namespace tailrace::engine
