#include "engine/operators/finite_aggregate.h"

#include <algorithm>

#include "engine/finished_rows.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

std::vector<data::Type> TypesOfKeys(const std::vector<sql::BoundExprPtr>& keys) {
  std::vector<data::Type> types;
  for (const sql::BoundExprPtr& key : keys) types.push_back(key->type);
  return types;
}

}  // namespace

Result<std::unique_ptr<Operator>> FiniteAggregate::Make(const sql::FiniteAggregate& plan, const data::Schema& schema,
                                                        const data::Schema& output, const OperatorContext& context) {
  TAILRACE_ASSIGN_OR_RETURN(
      std::unique_ptr<GroupLanes> groups,
      GroupLanes::Make(TypesOfKeys(plan.keys), KeyTable::Lifetime::kTogether, plan.aggregates, context.lanes));
  return std::unique_ptr<Operator>(new FiniteAggregate(plan, schema, output, context, std::move(groups)));
}

FiniteAggregate::FiniteAggregate(const sql::FiniteAggregate& plan, const data::Schema& schema,
                                 const data::Schema& output, const OperatorContext& context,
                                 std::unique_ptr<GroupLanes> groups)
    : output_(output),
      context_(context),
      evaluator_(schema, context),
      groups_(std::move(groups)),
      exprs_(plan.keys),
      last_rowtime_(context.eval.query_start_unix_ms) {
  exprs_.insert(exprs_.end(), groups_->args().begin(), groups_->args().end());
}

Status FiniteAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& /*out*/) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  if (rows.rows() == 0) return Ok();
  groups_->Absorb(columns, 0, rows.rows(), nullptr);
  last_rowtime_ = rows.rowtimes->int64s().back();
  return Ok();
}

Status FiniteAggregate::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (bound != kEndOfTime) return Ok();
  if (!done_) {
    done_ = true;
    if (groups_->key_columns() == 0 && groups_->size() == 0) groups_->AddEmpty();  // No rows at all.
    for (size_t begin = 0; begin < groups_->size(); begin += context_.batch_rows_max) {
      const std::vector<uint32_t> groups =
          groups_->InOrder(begin, std::min(groups_->size(), begin + context_.batch_rows_max));
      data::Batch rows{.rowtimes = ConstantRowtimes(last_rowtime_, groups.size()), .columns = groups_->Keys(groups)};
      sql::RowErrors errors;
      std::vector<data::ColumnPtr> results = groups_->Finish(groups, errors);
      TAILRACE_TRY(EmitFinished(std::move(rows), std::move(results), errors, output_, context_, out));
    }
    groups_->Clear();
  }
  return out.EmitBound(kEndOfTime);
}

uint64_t FiniteAggregate::StateBytes() const { return groups_->bytes(); }

void FiniteAggregate::Save(ByteWriter& writer) const {
  writer.Bool(done_);
  writer.I64(last_rowtime_);
  writer.U64(groups_->size());
  groups_->Save(writer, {});
}

Status FiniteAggregate::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(done_, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(last_rowtime_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 1));
  TAILRACE_TRY(groups_->Load(reader, count));
  return Ok();
}

}  // namespace tailrace::engine
