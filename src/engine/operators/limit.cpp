#include "engine/operators/limit.h"

#include <algorithm>

namespace tailrace::engine {

Status Limit::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  const uint64_t taken = std::min<uint64_t>(rows_max_ - std::min(rows_, rows_max_), batch.rows());
  rows_ += taken;
  return taken == 0 ? Ok() : out.Emit(batch.Slice(0, taken));
}

Status Limit::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

void Limit::Save(ByteWriter& writer) const { writer.U64(rows_); }

Status Limit::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(rows_, reader.U64());
  return Ok();
}

}  // namespace tailrace::engine
