#include "engine/operators/subquery_mark.h"

namespace tailrace::engine {

SubqueryMark::SubqueryMark(const sql::SubqueryMark& plan, const data::Schema& schema, const OperatorContext& context)
    : plan_(plan),
      evaluator_(schema, context),
      values_(plan.operand == nullptr ? std::vector<data::Type>() : std::vector{plan.operand->type},
              KeyTable::Lifetime::kTogether) {}

void SubqueryMark::SetRelation(data::Batch rows) {
  rows_ = rows.rows();
  values_.Clear();
  has_null_ = false;
  if (plan_.operand == nullptr) return;
  std::vector<uint32_t> indices;
  std::vector<uint32_t> added;
  values_.FindOrInsert({rows.columns.data(), 1}, 0, rows_, indices, added);
  for (size_t row = 0; row < rows_; ++row) has_null_ = has_null_ || rows.columns[0]->null(row);
}

Status SubqueryMark::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch rows = batch;
  if (plan_.operand == nullptr) {
    rows.columns.push_back(data::Column::MakeConstant(data::Type::Boolean(), data::Value(rows_ > 0), rows.rows()));
    return out.Emit(rows);
  }
  const std::vector<data::ColumnPtr> operand = evaluator_.Evaluate({&plan_.operand, 1}, rows);
  if (rows.rows() == 0) return Ok();
  std::vector<uint32_t> found;
  values_.Find(operand, 0, rows.rows(), found);
  auto mark = std::make_shared<data::Column>(data::Type::Boolean(), rows.rows());
  for (size_t row = 0; row < rows.rows(); ++row) {
    if (rows_ == 0) continue;  // FALSE, even for NULL.
    if (operand[0]->null(row)) {
      mark->SetNull(row);
    } else if (found[row] != KeyTable::kNone) {
      mark->mutable_bools()[row] = 1;
    } else if (has_null_) {
      mark->SetNull(row);
    }
  }
  rows.columns.push_back(std::move(mark));
  return out.Emit(rows);
}

Status SubqueryMark::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

void SubqueryMark::Save(ByteWriter& /*writer*/) const {}

Status SubqueryMark::Load(ByteReader& /*reader*/) { return Ok(); }

uint64_t SubqueryMark::StateBytes() const { return values_.bytes(); }

}  // namespace tailrace::engine
