#include "sql/evaluate.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "sql/cast.h"
#include "sql/functions/calendar.h"
#include "sql/functions/function.h"
#include "sql/functions/null_functions.h"

namespace tailrace::sql {
namespace {

using data::Batch;
using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

using Indices = std::vector<uint32_t>;

// The rows of a batch that an expression is evaluated for: all, or some by their numbers. Columns are gathered when
// they are first asked for, and once.
class Rows {
 public:
  explicit Rows(const Batch& batch) : batch_(batch), size_(batch.rows()) {}
  // `selected` are numbers of rows of `parent`, ascending.
  Rows(const Rows& parent, const Indices& selected) : batch_(parent.batch_), size_(selected.size()), all_(false) {
    indices_.reserve(size_);
    for (const uint32_t row : selected) indices_.push_back(parent.all_ ? row : parent.indices_[row]);
    gathered_.resize(batch_.columns.size());
  }

  size_t size() const { return size_; }
  // Numbers of the batch's rows; empty when these are all.
  std::span<const uint32_t> numbers() const { return indices_; }
  // ROWTIME of all of the batch's rows; empty without.
  std::span<const int64_t> batch_rowtimes() const {
    return batch_.rowtimes == nullptr ? std::span<const int64_t>() : batch_.rowtimes->int64s();
  }

  ColumnPtr ColumnAt(int index) {
    const auto at = static_cast<size_t>(index);
    if (all_) return batch_.columns[at];
    if (gathered_[at] == nullptr) gathered_[at] = batch_.columns[at]->Gather(indices_);
    return gathered_[at];
  }

  // Null pointer when the batch has no ROWTIME.
  ColumnPtr Rowtimes() {
    if (all_ || batch_.rowtimes == nullptr) return batch_.rowtimes;
    if (rowtimes_ == nullptr) rowtimes_ = batch_.rowtimes->Gather(indices_);
    return rowtimes_;
  }

 private:
  const Batch& batch_;
  size_t size_;
  bool all_ = true;
  Indices indices_;  // Of the batch; only when not all.
  std::vector<ColumnPtr> gathered_;
  ColumnPtr rowtimes_;
};

// Values of some rows of a result that is put together from several columns.
struct Part {
  Indices rows;  // Of the result; values[i] belongs to rows[i].
  ColumnPtr values;
};

template <typename Span>
void Scatter(const Indices& rows, Span to, auto from) {
  for (size_t i = 0; i < rows.size(); ++i) to[rows[i]] = from[i];
}

// Rows in no part are NULL.
ColumnPtr Blend(const Type& type, size_t size, const std::vector<Part>& parts) {
  auto result = std::make_shared<Column>(type, size);
  data::Validity valid_rows;
  std::vector<uint8_t> valid(size, 0);
  for (const Part& part : parts) {
    const Column& values = *part.values;
    switch (type.physical()) {
      case data::Physical::kNone:
        break;
      case data::Physical::kInt64:
        Scatter(part.rows, result->mutable_int64s(), values.int64s());
        break;
      case data::Physical::kDouble:
        Scatter(part.rows, result->mutable_doubles(), values.doubles());
        break;
      case data::Physical::kBool:
        Scatter(part.rows, result->mutable_bools(), values.bools());
        break;
      case data::Physical::kText:
        Scatter(part.rows, result->mutable_texts(), values.texts());
        result->AddOwnersOf(values);
        break;
      case data::Physical::kRow:
        break;  // Child by child, below.
    }
    for (size_t i = 0; i < part.rows.size(); ++i) valid[part.rows[i]] = values.null(i) ? 0 : 1;
  }
  if (type.kind == TypeKind::kRow) {
    std::vector<ColumnPtr> children;
    for (size_t field = 0; field < type.row->fields.size(); ++field) {
      std::vector<Part> child_parts;
      for (const Part& part : parts) child_parts.push_back({part.rows, part.values->children()[field]});
      children.push_back(Blend(type.row->fields[field].type, size, child_parts));
    }
    result->set_children(std::move(children), size);
  }
  for (size_t row = 0; row < size; ++row) {
    if (valid[row] == 0) valid_rows.SetNull(row, size);
  }
  result->mutable_validity() = std::move(valid_rows);
  return result;
}

class Evaluation {
 public:
  explicit Evaluation(const EvalContext& context) : context_(context) {}

  ColumnPtr Run(const BoundExpr& expr, Rows& rows, RowErrors& errors) {
    return std::visit([&](const auto& node) { return Node(node, expr.type, rows, errors); }, expr.node);
  }

  // Evaluates for some of the rows only; errors are reported under the numbers of `rows`.
  ColumnPtr RunSome(const BoundExpr& expr, Rows& rows, const Indices& selected, RowErrors& errors) {
    if (selected.size() == rows.size()) return Run(expr, rows, errors);
    Rows some(rows, selected);
    RowErrors local;
    ColumnPtr column = Run(expr, some, local);
    for (const RowErrors::Entry& entry : local.entries()) errors.Add(selected[entry.row], entry.name, entry.message);
    for (uint64_t i = 0; i < local.cuts(); ++i) errors.CountCut();
    return column;
  }

 private:
  ColumnPtr Node(const BoundLiteral& literal, const Type& type, Rows& rows, RowErrors& /*errors*/) {
    return Column::MakeConstant(type, literal.value, rows.size());
  }
  ColumnPtr Node(const BoundColumn& column, const Type& /*type*/, Rows& rows, RowErrors& /*errors*/) {
    return rows.ColumnAt(column.index);
  }
  ColumnPtr Node(const BoundRowtime& /*rowtime*/, const Type& /*type*/, Rows& rows, RowErrors& /*errors*/) {
    ColumnPtr rowtimes = rows.Rowtimes();
    TAILRACE_CHECK(rowtimes != nullptr);
    return rowtimes;
  }
  ColumnPtr Node(const BoundCast& cast, const Type& type, Rows& rows, RowErrors& errors) {
    return CastColumn(Run(*cast.operand, rows, errors), type, cast.implicit, context_, errors);
  }
  ColumnPtr Node(const BoundField& field, const Type& /*type*/, Rows& rows, RowErrors& errors) {
    return Run(*field.row, rows, errors)->children()[static_cast<size_t>(field.index)];
  }

  ColumnPtr Node(const BoundCall& call, const Type& type, Rows& rows, RowErrors& errors) {
    if (call.kernel == &CoalesceKernel) return Coalesce(call, type, rows, errors);
    std::vector<ColumnPtr> args;
    args.reserve(call.args.size());
    for (const BoundExprPtr& arg : call.args) args.push_back(Run(*arg, rows, errors));
    return call.kernel({.args = args,
                        .rows = rows.size(),
                        .result_type = type,
                        .prepared = call.prepared.get(),
                        .context = context_,
                        .errors = errors,
                        .rowtimes = rows.batch_rowtimes(),
                        .row_numbers = rows.numbers()});
  }

  ColumnPtr Coalesce(const BoundCall& call, const Type& type, Rows& rows, RowErrors& errors) {
    std::vector<Part> parts;
    Indices missing = All(rows.size());
    for (const BoundExprPtr& arg : call.args) {
      if (missing.empty()) break;
      ColumnPtr values = RunSome(*arg, rows, missing, errors);
      if (parts.empty() && type.kind != TypeKind::kNull && values->validity().all_valid()) return values;
      Indices still_missing;
      for (size_t i = 0; i < missing.size(); ++i) {
        if (values->null(i)) still_missing.push_back(missing[i]);
      }
      parts.push_back({std::exchange(missing, std::move(still_missing)), std::move(values)});
    }
    return Blend(type, rows.size(), parts);
  }

  ColumnPtr Node(const BoundCase& node, const Type& type, Rows& rows, RowErrors& errors) {
    std::vector<Part> parts;
    Indices left = All(rows.size());
    for (const auto& [condition, value] : node.whens) {
      if (left.empty()) break;
      const ColumnPtr holds = RunSome(*condition, rows, left, errors);
      Indices taken;
      Indices not_taken;
      for (size_t i = 0; i < left.size(); ++i) {
        const bool take = holds->bools()[i] != 0 && !holds->null(i);
        (take ? taken : not_taken).push_back(left[i]);
      }
      left = std::move(not_taken);
      if (taken.empty()) continue;
      ColumnPtr values = RunSome(*value, rows, taken, errors);
      if (taken.size() == rows.size()) return values;
      parts.push_back({std::move(taken), std::move(values)});
    }
    if (node.otherwise != nullptr && !left.empty()) {
      ColumnPtr values = RunSome(*node.otherwise, rows, left, errors);
      if (left.size() == rows.size()) return values;
      parts.push_back({std::move(left), std::move(values)});
    }
    return Blend(type, rows.size(), parts);
  }

  ColumnPtr Node(const BoundAnd& node, const Type& /*type*/, Rows& rows, RowErrors& errors) {
    return Junction(node.args, false, rows, errors);
  }
  ColumnPtr Node(const BoundOr& node, const Type& /*type*/, Rows& rows, RowErrors& errors) {
    return Junction(node.args, true, rows, errors);
  }

  // AND is decided by FALSE, OR by TRUE. What is undecided is NULL or the neutral value.
  ColumnPtr Junction(const std::vector<BoundExprPtr>& args, bool deciding, Rows& rows, RowErrors& errors) {
    ColumnPtr first = Run(*args[0], rows, errors);
    if (args.size() == 1) return first;
    auto result = std::make_shared<Column>(*first);
    for (size_t arg = 1; arg < args.size(); ++arg) {
      const Indices open = Undecided(*result, deciding);
      if (open.empty()) break;
      // An expression that cannot fail runs over all rows while gathering would cost more than it spares.
      constexpr size_t kGatherShare = 4;
      if (!args[arg]->can_fail && open.size() > rows.size() / kGatherShare) {
        Decide(*result, *Run(*args[arg], rows, errors), nullptr, deciding);
      } else {
        Decide(*result, *RunSome(*args[arg], rows, open, errors), &open, deciding);
      }
    }
    return result;
  }

  static Indices Undecided(const Column& column, bool deciding) {
    Indices open;
    const auto values = column.bools();
    for (uint32_t row = 0; row < column.size(); ++row) {
      if ((values[row] != 0) != deciding || column.null(row)) open.push_back(row);
    }
    return open;
  }

  // Joins `next` to what is known so far: for all rows, or for those in `open`.
  static void Decide(Column& so_far, const Column& next, const Indices* open, bool deciding) {
    const auto out = so_far.mutable_bools();
    data::Validity validity;
    const bool no_nulls = so_far.validity().all_valid() && next.validity().all_valid();
    if (no_nulls && open == nullptr) {
      for (size_t row = 0; row < out.size(); ++row) {
        out[row] = deciding ? out[row] | next.bools()[row] : out[row] & next.bools()[row];
      }
      return;
    }
    for (size_t row = 0; row < out.size(); ++row) {
      if (so_far.null(row)) validity.SetNull(row, out.size());
    }
    const size_t count = open == nullptr ? out.size() : open->size();
    Indices valid_again;
    for (size_t i = 0; i < count; ++i) {
      const size_t row = open == nullptr ? i : (*open)[i];
      const bool decided = !so_far.null(row) && (out[row] != 0) == deciding;
      if (decided) continue;
      if (next.null(i)) {
        validity.SetNull(row, out.size());
      } else if ((next.bools()[i] != 0) == deciding) {
        out[row] = deciding ? 1 : 0;
        valid_again.push_back(static_cast<uint32_t>(row));
      }
    }
    so_far.mutable_validity() = Without(validity, valid_again, out.size());
  }

  // `validity` with some rows made valid.
  static data::Validity Without(const data::Validity& validity, const Indices& valid_again, size_t rows) {
    if (valid_again.empty() || validity.all_valid()) return validity;
    data::Validity result;
    auto valid = valid_again.begin();
    for (uint32_t row = 0; row < rows; ++row) {
      const bool again = valid != valid_again.end() && *valid == row;
      if (again) ++valid;
      if (!again && validity.null(row)) result.SetNull(row, rows);
    }
    return result;
  }

  ColumnPtr Node(const BoundClock& clock, const Type& type, Rows& rows, RowErrors& /*errors*/) {
    const bool per_row = clock.kind == ClockKind::kRowTimestamp || context_.options.current_timestamp_per_row;
    const ColumnPtr rowtimes = per_row ? rows.Rowtimes() : nullptr;
    if (rowtimes == nullptr) {
      const int64_t unix_ms = per_row ? context_.now_unix_ms : context_.query_start_unix_ms;
      return Column::MakeConstant(type, ClockValue(clock.kind, unix_ms), rows.size());
    }
    auto result = std::make_shared<Column>(type, rows.size());
    const auto out = result->mutable_int64s();
    for (size_t row = 0; row < rows.size(); ++row) out[row] = ClockValue(clock.kind, rowtimes->int64s()[row]);
    return result;
  }

  static int64_t ClockValue(ClockKind kind, int64_t unix_ms) {
    if (kind == ClockKind::kDate) return FloorDivide(unix_ms, kDayMs);
    return kind == ClockKind::kTime ? FloorModulo(unix_ms, kDayMs) : unix_ms;
  }

  static Indices All(size_t size) {
    Indices all(size);
    std::iota(all.begin(), all.end(), 0U);
    return all;
  }

  const EvalContext& context_;
};

}  // namespace

void RowErrors::Add(uint32_t row, std::string_view name, std::string message) {
  if (Has(row)) return;
  if (row / 64 >= failed_.size()) failed_.resize(row / 64 + 1);
  failed_[row / 64] |= uint64_t{1} << (row % 64);
  entries_.push_back({.row = row, .name = std::string(name), .message = std::move(message)});
}

void RowErrors::Clear() {
  entries_.clear();
  failed_.clear();
  cuts_ = 0;
}

ColumnPtr Evaluate(const BoundExpr& expr, const Batch& batch, const EvalContext& context, RowErrors& errors) {
  Rows rows(batch);
  return Evaluation(context).Run(expr, rows, errors);
}

std::vector<uint32_t> Select(const BoundExpr& predicate, const Batch& batch, const EvalContext& context,
                             RowErrors& errors) {
  const ColumnPtr holds = Evaluate(predicate, batch, context, errors);
  const auto values = holds->bools();
  Indices selected(values.size());
  size_t count = 0;
  if (holds->validity().all_valid()) {
    for (uint32_t row = 0; row < values.size(); ++row) {
      selected[count] = row;
      count += values[row];
    }
  } else {
    for (uint32_t row = 0; row < values.size(); ++row) {
      selected[count] = row;
      count += static_cast<size_t>(values[row] & (holds->null(row) ? 0 : 1));
    }
  }
  selected.resize(count);
  return selected;
}

}  // namespace tailrace::sql
