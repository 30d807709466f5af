#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "data/batch.h"
#include "engine/operator.h"
#include "sql/evaluate.h"
#include "sql/expr.h"

namespace tailrace::engine {

// Evaluates an operator's expressions over its input and sends the rows that fail to the reporter.
// `schema` describes the input for the error rows; borrowed, as the context.
class RowEvaluator {
 public:
  // `output`: names of the expressions' results where they are columns, for what is cut to their length.
  RowEvaluator(const data::Schema& schema, const OperatorContext& context, const data::Schema* output = nullptr)
      : schema_(schema), context_(context), output_(output) {}

  // One column an expression. Rows for which any of them fails are reported and taken out of `batch` and the results.
  std::vector<data::ColumnPtr> Evaluate(std::span<const sql::BoundExprPtr> exprs, data::Batch& batch);
  // The same where `batch` holds only some columns of the rows `origin_rows` of `origin`; errors show the latter.
  std::vector<data::ColumnPtr> Evaluate(std::span<const sql::BoundExprPtr> exprs, data::Batch& batch,
                                        const data::Batch& origin, std::span<const uint32_t> origin_rows);
  // Rows for which the predicate is TRUE.
  std::vector<uint32_t> Select(const sql::BoundExpr& predicate, const data::Batch& batch);
  // The same where `batch` has only the columns that take part; errors show the rows of `whole()`.
  std::vector<uint32_t> Select(const sql::BoundExpr& predicate, const data::Batch& batch,
                               const std::function<data::Batch()>& whole);

 private:
  std::vector<data::ColumnPtr> Columns(std::span<const sql::BoundExprPtr> exprs, const data::Batch& batch);
  void TellCuts(size_t expr);
  void DropBadRows(data::Batch& batch, std::vector<data::ColumnPtr>& results);

  const data::Schema& schema_;
  const OperatorContext& context_;
  const data::Schema* output_;
  sql::RowErrors errors_;
  uint64_t cuts_ = 0;  // Already told.
};

// Whether any input column takes part.
bool DependsOnColumns(const sql::BoundExpr& expr);
// Marks in `used` the input columns that take part.
void MarkColumns(const sql::BoundExpr& expr, std::vector<bool>& used);

// A batch of one row that has a ROWTIME and nothing else, for expressions over ROWTIME alone.
data::Batch RowtimeBatch(int64_t rowtime);
data::ColumnPtr ConstantRowtimes(int64_t rowtime, size_t rows);
// `rows` rows of NULL.
data::ColumnPtr NullColumn(const data::Type& type, size_t rows);

}  // namespace tailrace::engine
