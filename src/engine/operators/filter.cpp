#include "engine/operators/filter.h"

namespace tailrace::engine {

Filter::Filter(const sql::BoundExpr& predicate, const data::Schema& schema, const OperatorContext& context)
    : predicate_(predicate), evaluator_(schema, context) {}

Status Filter::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  const std::vector<uint32_t> rows = evaluator_.Select(predicate_, batch);
  if (rows.empty()) return Ok();
  return out.Emit(rows.size() == batch.rows() ? batch : batch.Gather(rows));
}

Status Filter::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

void Filter::Save(ByteWriter& /*writer*/) const {}

Status Filter::Load(ByteReader& /*reader*/) { return Ok(); }

}  // namespace tailrace::engine
