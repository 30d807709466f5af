#include "engine/operators/project.h"

#include <algorithm>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::engine {

Project::Project(const sql::Project& plan, const sql::BoundExpr* predicate, const data::Schema& schema,
                 const data::Schema& output, const OperatorContext& context)
    : plan_(plan),
      predicate_(predicate),
      schema_(schema),
      context_(context),
      evaluator_(schema, context, &output),
      exprs_(plan.exprs),
      used_(schema.fields.size()) {
  if (plan.rowtime != nullptr) {
    exprs_.push_back(plan.rowtime);
    rowtime_of_columns_ =
        DependsOnColumns(*plan.rowtime) || plan.rowtime->monotonicity != sql::Monotonicity::kAscending;
  }
  for (const sql::BoundExprPtr& expr : exprs_) MarkColumns(*expr, used_);
  if (plan.rowtime != nullptr) used_.assign(used_.size(), true);  // A late row is reported whole.
}

// Only the columns that take part are moved; the others become columns without storage.
data::Batch Project::Narrow(const data::Batch& batch, std::span<const uint32_t> rows) const {
  data::Batch narrow{.rowtimes = batch.rowtimes->Gather(rows), .columns = {}};
  narrow.columns.reserve(batch.columns.size());
  data::ColumnPtr unused;
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (used_[i]) {
      narrow.columns.push_back(batch.columns[i]->Gather(rows));
      continue;
    }
    if (unused == nullptr) unused = std::make_shared<data::Column>(data::Type::Null(), rows.size());
    narrow.columns.push_back(unused);
  }
  return narrow;
}

Status Project::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  data::Batch input = batch;
  std::vector<data::ColumnPtr> columns;
  if (predicate_ == nullptr) {
    columns = evaluator_.Evaluate(exprs_, input);
  } else {
    const std::vector<uint32_t> rows = evaluator_.Select(*predicate_, batch);
    if (rows.empty()) return Ok();
    if (rows.size() == batch.rows()) {
      columns = evaluator_.Evaluate(exprs_, input);
    } else {
      input = Narrow(batch, rows);
      columns = evaluator_.Evaluate(exprs_, input, batch, rows);
    }
  }
  if (input.rows() == 0) return Ok();
  if (plan_.rowtime != nullptr) return EmitInOrder(input, std::move(columns), out);
  return out.Emit({.rowtimes = input.rowtimes, .columns = std::move(columns)});
}

Status Project::EmitInOrder(const data::Batch& input, std::vector<data::ColumnPtr> columns, Emitter& out) {
  const data::ColumnPtr rowtimes = columns.back();
  columns.pop_back();
  std::vector<uint32_t> kept;
  for (uint32_t row = 0; row < rowtimes->size(); ++row) {
    if (rowtimes->null(row)) {
      context_.errors.Report(schema_, input, row, "LATE_ROW", "ROWTIME is NULL");
    } else if (const int64_t rowtime = rowtimes->int64s()[row]; rowtime < last_rowtime_) {
      context_.errors.Report(schema_, input, row, "LATE_ROW",
                             StrCat("ROWTIME ", data::TimestampToOutputText(rowtime), " is earlier than ",
                                    data::TimestampToOutputText(last_rowtime_), " of a row before"));
    } else {
      last_rowtime_ = rowtime;
      kept.push_back(row);
    }
  }
  if (kept.empty()) return Ok();
  auto times = std::make_shared<data::Column>(data::Type::Timestamp(), kept.size());
  for (size_t i = 0; i < kept.size(); ++i) times->mutable_int64s()[i] = rowtimes->int64s()[kept[i]];
  if (kept.size() < rowtimes->size()) {
    for (data::ColumnPtr& column : columns) column = column->Gather(kept);
  }
  return out.Emit({.rowtimes = std::move(times), .columns = std::move(columns)});
}

Status Project::OnBound(size_t /*input*/, int64_t bound, Emitter& out) {
  if (plan_.rowtime == nullptr || bound == kEndOfTime) return out.EmitBound(bound);
  int64_t rowtime = last_rowtime_;
  if (!rowtime_of_columns_) {
    sql::RowErrors errors;
    const data::ColumnPtr value = sql::Evaluate(*plan_.rowtime, RowtimeBatch(bound), context_.eval, errors);
    if (errors.empty() && !value->null(0)) rowtime = std::max(rowtime, value->int64s()[0]);
  }
  return rowtime == kBeginningOfTime ? Ok() : out.EmitBound(rowtime);
}

void Project::Save(ByteWriter& writer) const { writer.I64(last_rowtime_); }

Status Project::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(last_rowtime_, reader.I64());
  return Ok();
}

}  // namespace tailrace::engine
