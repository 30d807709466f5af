#include "engine/operators/finite_aggregate.h"

#include <algorithm>
#include <numeric>

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
  TAILRACE_ASSIGN_OR_RETURN(AccumulatorSet accumulators, AccumulatorSet::Make(plan.aggregates));
  return std::unique_ptr<Operator>(new FiniteAggregate(plan, schema, output, context, std::move(accumulators)));
}

FiniteAggregate::FiniteAggregate(const sql::FiniteAggregate& plan, const data::Schema& schema,
                                 const data::Schema& output, const OperatorContext& context,
                                 AccumulatorSet accumulators)
    : output_(output),
      context_(context),
      evaluator_(schema, context),
      groups_(TypesOfKeys(plan.keys), KeyTable::Lifetime::kTogether),
      accumulators_(std::move(accumulators)),
      exprs_(plan.keys),
      last_rowtime_(context.eval.query_start_unix_ms) {
  exprs_.insert(exprs_.end(), accumulators_.args().begin(), accumulators_.args().end());
}

Status FiniteAggregate::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& /*out*/) {
  data::Batch rows = batch;
  const std::vector<data::ColumnPtr> columns = evaluator_.Evaluate(exprs_, rows);
  if (rows.rows() == 0) return Ok();
  const std::span<const data::ColumnPtr> all = columns;
  added_.clear();
  groups_.FindOrInsert(all.first(groups_.column_count()), 0, rows.rows(), indices_, added_);
  accumulators_.Resize(groups_.index_limit());
  accumulators_.Update(all.subspan(groups_.column_count()), 0, indices_);
  last_rowtime_ = rows.rowtimes->int64s().back();
  return Ok();
}

Status FiniteAggregate::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (bound != kEndOfTime) return Ok();
  if (!done_) {
    done_ = true;
    if (groups_.column_count() == 0 && groups_.size() == 0) {  // No rows at all: one group, empty.
      groups_.FindOrInsert({}, 0, 1, indices_, added_);
      accumulators_.Resize(1);
    }
    for (size_t begin = 0; begin < groups_.size(); begin += context_.batch_rows_max) {
      indices_.resize(std::min(context_.batch_rows_max, groups_.size() - begin));
      std::iota(indices_.begin(), indices_.end(), static_cast<uint32_t>(begin));
      data::Batch rows{.rowtimes = ConstantRowtimes(last_rowtime_, indices_.size()),
                       .columns = groups_.Columns(indices_)};
      TAILRACE_TRY(EmitFinished(std::move(rows), accumulators_, indices_, output_, context_, out));
    }
    groups_.Clear();
    accumulators_.Clear();
  }
  return out.EmitBound(kEndOfTime);
}

uint64_t FiniteAggregate::StateBytes() const { return groups_.bytes() + groups_.size() * accumulators_.group_bytes(); }

void FiniteAggregate::Save(ByteWriter& writer) const {
  writer.Bool(done_);
  writer.I64(last_rowtime_);
  std::vector<uint32_t> all(groups_.size());
  std::iota(all.begin(), all.end(), 0U);
  writer.U64(all.size());
  groups_.Save(writer, all);
  accumulators_.Save(writer, all);
}

Status FiniteAggregate::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(done_, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(last_rowtime_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 1));
  TAILRACE_TRY(groups_.Load(reader, count));
  return accumulators_.Load(reader, count);
}

}  // namespace tailrace::engine
