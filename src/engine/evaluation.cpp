#include "engine/evaluation.h"

#include <algorithm>
#include <memory>
#include <variant>

namespace tailrace::engine {
namespace {

template <typename Visit>
void VisitChildren(const sql::BoundExpr& expr, const Visit& visit) {
  const auto visit_all = [&](const std::vector<sql::BoundExprPtr>& exprs) {
    for (const sql::BoundExprPtr& child : exprs) visit(*child);
  };
  if (const auto* call = std::get_if<sql::BoundCall>(&expr.node)) {
    visit_all(call->args);
  } else if (const auto* choice = std::get_if<sql::BoundCase>(&expr.node)) {
    for (const auto& [condition, result] : choice->whens) {
      visit(*condition);
      visit(*result);
    }
    if (choice->otherwise != nullptr) visit(*choice->otherwise);
  } else if (const auto* conjunction = std::get_if<sql::BoundAnd>(&expr.node)) {
    visit_all(conjunction->args);
  } else if (const auto* disjunction = std::get_if<sql::BoundOr>(&expr.node)) {
    visit_all(disjunction->args);
  } else if (const auto* cast = std::get_if<sql::BoundCast>(&expr.node)) {
    visit(*cast->operand);
  } else if (const auto* field = std::get_if<sql::BoundField>(&expr.node)) {
    visit(*field->row);
  }
}

// The rows of [0, rows) without an error.
std::vector<uint32_t> GoodRows(const sql::RowErrors& errors, size_t rows) {
  std::vector<bool> bad(rows);
  for (const sql::RowErrors::Entry& entry : errors.entries()) bad[entry.row] = true;
  std::vector<uint32_t> good;
  for (uint32_t row = 0; row < rows; ++row) {
    if (!bad[row]) good.push_back(row);
  }
  return good;
}

// In order of rows, whatever the order in which the expressions failed. `row_of` gives an entry's row in `batch`.
template <typename RowOf>
void ReportAll(const data::Schema& schema, const data::Batch& batch, const sql::RowErrors& errors,
               ErrorReporter& reporter, const RowOf& row_of) {
  std::vector<const sql::RowErrors::Entry*> entries;
  for (const sql::RowErrors::Entry& entry : errors.entries()) entries.push_back(&entry);
  std::ranges::stable_sort(entries, {}, &sql::RowErrors::Entry::row);
  for (const sql::RowErrors::Entry* entry : entries) {
    reporter.Report(schema, batch, row_of(entry->row), entry->name, entry->message);
  }
}

uint32_t SameRow(uint32_t row) { return row; }

}  // namespace

std::vector<data::ColumnPtr> RowEvaluator::Columns(std::span<const sql::BoundExprPtr> exprs, const data::Batch& batch) {
  std::vector<data::ColumnPtr> results;
  results.reserve(exprs.size());
  for (size_t i = 0; i < exprs.size(); ++i) {
    const sql::BoundExprPtr& expr = exprs[i];
    if (const auto* column = std::get_if<sql::BoundColumn>(&expr->node)) {
      results.push_back(batch.columns[static_cast<size_t>(column->index)]);
    } else if (std::holds_alternative<sql::BoundRowtime>(expr->node)) {
      results.push_back(batch.rowtimes);
    } else {
      results.push_back(sql::Evaluate(*expr, batch, context_.eval, errors_));
      if (errors_.cuts() != cuts_) [[unlikely]]
        TellCuts(i);
    }
  }
  return results;
}

void RowEvaluator::TellCuts(size_t expr) {
  const bool named = output_ != nullptr && expr < output_->fields.size();
  context_.errors.CountCuts(named ? std::string_view(output_->fields[expr].name) : "", errors_.cuts() - cuts_);
  cuts_ = errors_.cuts();
}

void RowEvaluator::DropBadRows(data::Batch& batch, std::vector<data::ColumnPtr>& results) {
  const std::vector<uint32_t> good = GoodRows(errors_, batch.rows());
  errors_.Clear();
  cuts_ = 0;
  batch = batch.Gather(good);
  for (data::ColumnPtr& result : results) result = result->Gather(good);
}

std::vector<data::ColumnPtr> RowEvaluator::Evaluate(std::span<const sql::BoundExprPtr> exprs, data::Batch& batch) {
  std::vector<data::ColumnPtr> results = Columns(exprs, batch);
  if (errors_.empty()) [[likely]]
    return results;
  ReportAll(schema_, batch, errors_, context_.errors, SameRow);
  DropBadRows(batch, results);
  return results;
}

std::vector<data::ColumnPtr> RowEvaluator::Evaluate(std::span<const sql::BoundExprPtr> exprs, data::Batch& batch,
                                                    const data::Batch& origin, std::span<const uint32_t> origin_rows) {
  std::vector<data::ColumnPtr> results = Columns(exprs, batch);
  if (errors_.empty()) [[likely]]
    return results;
  ReportAll(schema_, origin, errors_, context_.errors, [&](uint32_t row) { return origin_rows[row]; });
  DropBadRows(batch, results);
  return results;
}

std::vector<uint32_t> RowEvaluator::Select(const sql::BoundExpr& predicate, const data::Batch& batch) {
  return Select(predicate, batch, [&batch] { return batch; });
}

std::vector<uint32_t> RowEvaluator::Select(const sql::BoundExpr& predicate, const data::Batch& batch,
                                           const std::function<data::Batch()>& whole) {
  std::vector<uint32_t> rows = sql::Select(predicate, batch, context_.eval, errors_);
  if (!errors_.empty()) [[unlikely]] {
    std::erase_if(rows, [&](uint32_t row) { return errors_.Has(row); });
    ReportAll(schema_, whole(), errors_, context_.errors, SameRow);
    errors_.Clear();
    cuts_ = 0;
  }
  return rows;
}

bool DependsOnColumns(const sql::BoundExpr& expr) {
  if (std::holds_alternative<sql::BoundColumn>(expr.node)) return true;
  bool depends = false;
  VisitChildren(expr, [&](const sql::BoundExpr& child) { depends = depends || DependsOnColumns(child); });
  return depends;
}

void MarkColumns(const sql::BoundExpr& expr, std::vector<bool>& used) {
  if (const auto* column = std::get_if<sql::BoundColumn>(&expr.node)) used[static_cast<size_t>(column->index)] = true;
  VisitChildren(expr, [&](const sql::BoundExpr& child) { MarkColumns(child, used); });
}

data::ColumnPtr ConstantRowtimes(int64_t rowtime, size_t rows) {
  return data::Column::MakeConstant(data::Type::Timestamp(), data::Value(rowtime), rows);
}

data::Batch RowtimeBatch(int64_t rowtime) { return {.rowtimes = ConstantRowtimes(rowtime, 1), .columns = {}}; }

data::ColumnPtr NullColumn(const data::Type& type, size_t rows) {
  if (type.physical() != data::Physical::kRow) return data::Column::MakeConstant(type, data::Value(), rows);
  auto column = std::make_shared<data::Column>(type, rows);
  for (size_t row = 0; row < rows; ++row) column->SetNull(row);
  return column;
}

}  // namespace tailrace::engine
