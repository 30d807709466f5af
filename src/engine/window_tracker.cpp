#include "engine/window_tracker.h"

#include <algorithm>
#include <chrono>

#include "engine/state.h"

namespace tailrace::engine {
namespace {

// Beyond this no window of an evaluated key is looked for: about 280 years.
constexpr int64_t kSearchStepMax = int64_t{1} << 43;

int64_t FloorDivide(int64_t dividend, int64_t divisor) {
  const int64_t quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

int64_t CalendarEnd(int64_t time, int months) {
  using namespace std::chrono;
  const year_month_day date(floor<days>(sys_time<milliseconds>(milliseconds(time))));
  const int64_t month = (static_cast<int>(date.year()) - 1970) * int64_t{12} + static_cast<unsigned>(date.month()) - 1;
  const int64_t next = (FloorDivide(month, months) + 1) * months;
  const auto year_number = static_cast<int>(1970 + FloorDivide(next, 12));
  const auto month_number = static_cast<unsigned>(next - FloorDivide(next, 12) * 12 + 1);
  return duration_cast<milliseconds>(sys_days(year(year_number) / month_number / 1).time_since_epoch()).count();
}

bool SameInColumn(const data::Column& column, size_t a, size_t b) {
  if (column.null(a) || column.null(b)) return column.null(a) == column.null(b);
  switch (column.type().physical()) {
    case data::Physical::kInt64:
      return column.int64s()[a] == column.int64s()[b];
    case data::Physical::kDouble:
      return column.doubles()[a] == column.doubles()[b];
    case data::Physical::kBool:
      return column.bools()[a] == column.bools()[b];
    case data::Physical::kText:
      return column.texts()[a] == column.texts()[b];
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
  return true;
}

}  // namespace

WindowTracker::WindowTracker(const sql::WindowEnd& end, const sql::BoundExprPtr& key, const OperatorContext& context)
    : window_end_(end),
      key_expr_(key),
      context_(context),
      key_of_columns_(DependsOnColumns(*key)),
      by_value_(end.kind == sql::WindowEnd::Kind::kAsserted ||
                (end.kind == sql::WindowEnd::Kind::kEvaluate && key_of_columns_)) {}

std::optional<int64_t> WindowTracker::EndBefore(const data::Batch& batch, const data::Column* keys, size_t row) const {
  if (!open_) return std::nullopt;
  const int64_t rowtime = batch.rowtimes->int64s()[row];
  if (!by_value_) return rowtime >= end_ ? std::optional(end_) : std::nullopt;
  return keys->ValueAt(row) == key_ ? std::nullopt : std::optional(rowtime);
}

std::optional<int64_t> WindowTracker::EndBy(int64_t bound) const {
  if (!open_) return std::nullopt;
  if (by_value_) return bound == kEndOfTime ? std::optional(last_rowtime_) : std::nullopt;
  return bound >= end_ ? std::optional(end_) : std::nullopt;
}

bool WindowTracker::Open(const data::Batch& batch, const data::Column* keys, size_t row, RowEvaluator& evaluator) {
  if (by_value_) {
    key_ = keys->ValueAt(row);
  } else {
    const int64_t rowtime = batch.rowtimes->int64s()[row];
    data::Batch one = key_of_columns_ ? batch.Slice(row, row + 1) : RowtimeBatch(rowtime);
    const std::vector<data::ColumnPtr> key = evaluator.Evaluate({&key_expr_, 1}, one);
    if (one.rows() == 0) return false;
    key_ = key[0]->ValueAt(0);
    end_ = EndOf(rowtime);
  }
  open_ = true;
  return true;
}

size_t WindowTracker::TakeRun(const data::Batch& batch, const data::Column* keys, size_t row) {
  const auto rowtimes = batch.rowtimes->int64s();
  size_t end = row + 1;
  if (by_value_) {
    while (end < rowtimes.size() && SameInColumn(*keys, row, end)) ++end;
    last_rowtime_ = rowtimes[end - 1];
    return end;
  }
  if (rowtimes.back() < end_) return rowtimes.size();
  return static_cast<size_t>(std::lower_bound(rowtimes.begin() + static_cast<ptrdiff_t>(end), rowtimes.end(), end_) -
                             rowtimes.begin());
}

int64_t WindowTracker::EndsFrom(int64_t bound) const {
  if (by_value_ || bound == kEndOfTime) return bound;
  if (open_) return std::max(bound, end_);
  if (window_end_.kind == sql::WindowEnd::Kind::kEvaluate) return AddTime(bound, 1);
  return EndOf(bound);
}

std::optional<int64_t> WindowTracker::Deadline() const {
  if (!open_ || by_value_ || end_ == kEndOfTime) return std::nullopt;
  return end_;
}

int64_t WindowTracker::EndOf(int64_t rowtime) const {
  switch (window_end_.kind) {
    case sql::WindowEnd::Kind::kFixedStep: {
      const int64_t step = std::max<int64_t>(window_end_.step_ms, 1);
      return (FloorDivide(rowtime - window_end_.origin_ms, step) + 1) * step + window_end_.origin_ms;
    }
    case sql::WindowEnd::Kind::kCalendar:
      return CalendarEnd(rowtime - window_end_.origin_ms, std::max(window_end_.months, 1)) + window_end_.origin_ms;
    case sql::WindowEnd::Kind::kEveryRowtime:
      return rowtime + 1;
    case sql::WindowEnd::Kind::kEvaluate:
      return SearchEnd(rowtime);
    case sql::WindowEnd::Kind::kAsserted:
      break;
  }
  return kEndOfTime;
}

data::Value WindowTracker::KeyAt(int64_t rowtime) const {
  sql::RowErrors errors;  // A key that fails is NULL here; the row that has it is reported when it comes.
  return sql::Evaluate(*key_expr_, RowtimeBatch(rowtime), context_.eval, errors)->ValueAt(0);
}

int64_t WindowTracker::SearchEnd(int64_t rowtime) const {
  const data::Value key = KeyAt(rowtime);
  int64_t step = 1;
  while (step < kSearchStepMax && KeyAt(rowtime + step) == key) step *= 2;
  if (step >= kSearchStepMax) return kEndOfTime;
  int64_t same = step / 2;  // The key is the same this far, and another at `step`.
  while (step - same > 1) {
    const int64_t middle = same + (step - same) / 2;
    (KeyAt(rowtime + middle) == key ? same : step) = middle;
  }
  return rowtime + step;
}

void WindowTracker::Save(ByteWriter& writer) const {
  writer.Bool(open_);
  writer.I64(end_);
  writer.I64(last_rowtime_);
  SaveValue(writer, key_);
}

Status WindowTracker::Load(ByteReader& reader) {
  TAILRACE_ASSIGN_OR_RETURN(open_, reader.Bool());
  TAILRACE_ASSIGN_OR_RETURN(end_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(last_rowtime_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(key_, LoadValue(reader, key_expr_->type));
  return Ok();
}

}  // namespace tailrace::engine
