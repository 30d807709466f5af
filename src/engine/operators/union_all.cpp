#include "engine/operators/union_all.h"

namespace tailrace::engine {

UnionAll::UnionAll(size_t inputs, std::vector<data::Type> types)
    : inputs_(inputs), types_(std::move(types)), merge_(inputs) {}

Status UnionAll::OnBatch(size_t input, const data::Batch& batch, Emitter& /*out*/) {
  merge_.Add(input, batch);  // Goes on with the bound that follows.
  return Ok();
}

Status UnionAll::OnBound(size_t input, int64_t bound, Emitter& out) {
  merge_.Raise(input, bound);
  TAILRACE_TRY(merge_.Release(types_, [&](const data::Batch& rows) { return out.Emit(rows); }));
  return merge_.bound() == kBeginningOfTime ? Ok() : out.EmitBound(merge_.bound());
}

void UnionAll::Save(ByteWriter& writer) const { merge_.Save(writer); }

Status UnionAll::Load(ByteReader& reader) {
  const std::vector<std::vector<data::Type>> types(inputs_, types_);
  return merge_.Load(reader, types);
}

std::optional<int64_t> UnionAll::NextDeadline() const { return merge_.Deadline(); }

uint64_t UnionAll::StateBytes() const { return merge_.bytes(); }

}  // namespace tailrace::engine
