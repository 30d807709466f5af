#include "sql/time_form.h"

#include <array>
#include <optional>
#include <string_view>

namespace tailrace::sql {
namespace {

using data::IntervalField;
using Kind = TimeForm::Kind;

constexpr int64_t kDayMs = 86'400'000;
// Far enough from the limits of int64 that no sum below overflows.
constexpr int64_t kMagnitudeMax = int64_t{1} << 60;

int64_t FloorMod(int64_t value, int64_t modulus) {
  const int64_t rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}

std::optional<int64_t> IntegerLiteral(const BoundExpr& expr) {
  const auto* literal = std::get_if<BoundLiteral>(&expr.node);
  if (literal == nullptr || !std::holds_alternative<int64_t>(literal->value.data)) return std::nullopt;
  int64_t value = literal->value.int64();
  for (int32_t digit = 0; expr.type.kind == data::TypeKind::kDecimal && digit < expr.type.scale; ++digit) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  if (value > kMagnitudeMax || value < -kMagnitudeMax) return std::nullopt;
  return value;
}

// A day-time interval in ms, or the ms of a TIMESTAMP literal.
std::optional<int64_t> MillisecondsLiteral(const BoundExpr& expr) {
  const bool milliseconds =
      expr.type.kind == data::TypeKind::kTimestamp || (expr.type.is_interval() && !expr.type.is_year_month());
  return milliseconds ? IntegerLiteral(expr) : std::nullopt;
}

bool HasValue(const TimeForm& form) { return form.kind == Kind::kStep && form.value_known; }

// The form of the value rounded down to multiples of `unit`, or nothing when the changes would not be regular.
std::optional<TimeForm> RoundDown(TimeForm form, int64_t unit) {
  if (!HasValue(form) || unit <= 0 || unit > kMagnitudeMax / form.divisor) return std::nullopt;
  const int64_t step = unit * form.divisor;
  if (step % form.step_ms != 0 || FloorMod(form.origin_ms + form.offset_ms, form.step_ms) != 0) return std::nullopt;
  form.step_ms = step;
  form.origin_ms = FloorMod(-form.offset_ms, step);
  return form;
}

// ceil to `unit` of ROWTIME plus a constant changes 1 ms after each multiple.
std::optional<TimeForm> RoundUp(TimeForm form, int64_t unit) {
  if (!HasValue(form) || form.step_ms != 1 || form.divisor != 1 || unit <= 0 || unit > kMagnitudeMax) {
    return std::nullopt;
  }
  form.step_ms = unit;
  form.origin_ms = FloorMod(1 - form.offset_ms, unit);
  form.offset_ms += unit - 1;
  return form;
}

std::optional<TimeForm> Shift(TimeForm form, int64_t shift_ms) {
  if (!HasValue(form) || shift_ms > kMagnitudeMax / form.divisor || shift_ms < -kMagnitudeMax / form.divisor) {
    return std::nullopt;
  }
  form.offset_ms += shift_ms * form.divisor;
  if (form.offset_ms > kMagnitudeMax || form.offset_ms < -kMagnitudeMax) return std::nullopt;
  return form;
}

std::optional<TimeForm> DivideBy(TimeForm form, int64_t divisor) {
  if (!HasValue(form) || divisor <= 0 || divisor > kMagnitudeMax / form.divisor) return std::nullopt;
  form.divisor *= divisor;
  return form;
}

std::optional<TimeForm> ByMonths(const TimeForm& form, int64_t months) {
  const bool plain_rowtime = HasValue(form) && form.step_ms == 1 && form.offset_ms == 0 && form.divisor == 1;
  if (!plain_rowtime || months <= 0 || months > 12'000) return std::nullopt;
  return TimeForm{.kind = Kind::kCalendar, .months = static_cast<int>(months)};
}

bool IsCalendar(IntervalField unit) { return unit <= IntervalField::kMonth; }

std::optional<TimeForm> FormOfCall(const BoundCall& call, std::span<const TimeForm> columns) {
  if (call.args.empty()) return std::nullopt;
  const std::string_view name = call.name;
  const TimeForm first = TimeFormOf(*call.args[0], columns);
  if (name == "FLOOR_TO" && call.unit.has_value()) {
    const int64_t unit = data::IntervalFieldUnit(*call.unit);
    return IsCalendar(*call.unit) ? ByMonths(first, unit) : RoundDown(first, unit);
  }
  if (name == "CEIL_TO" && call.unit.has_value() && !IsCalendar(*call.unit)) {
    return RoundUp(first, data::IntervalFieldUnit(*call.unit));
  }
  if (call.args.size() < 2) return std::nullopt;
  const BoundExpr& second = *call.args[1];
  if (name == "STEP") {
    if (second.type.is_year_month()) {
      const std::optional<int64_t> months = IntegerLiteral(second);
      return months.has_value() ? ByMonths(first, *months) : std::nullopt;
    }
    const std::optional<int64_t> step = MillisecondsLiteral(second);
    return step.has_value() ? RoundDown(first, *step) : std::nullopt;
  }
  if (name == "+") {
    if (const auto shift = MillisecondsLiteral(second)) return Shift(first, *shift);
    if (const auto shift = MillisecondsLiteral(*call.args[0])) return Shift(TimeFormOf(second, columns), *shift);
  }
  if (name == "-" || name == "DIFFERENCE") {
    const std::optional<int64_t> shift = MillisecondsLiteral(second);
    return shift.has_value() ? Shift(first, -*shift) : std::nullopt;
  }
  if (name == "/" && second.type.is_exact()) {
    const std::optional<int64_t> divisor = IntegerLiteral(second);
    return divisor.has_value() ? DivideBy(first, *divisor) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<TimeForm> FormOfCast(const BoundExpr& expr, const BoundCast& cast, std::span<const TimeForm> columns) {
  const data::Type& from = cast.operand->type;
  TimeForm form = TimeFormOf(*cast.operand, columns);
  if (from.kind == expr.type.kind) return form;  // Neither TIMESTAMP nor interval casts change a value here.
  if (from.kind == data::TypeKind::kTimestamp && expr.type.kind == data::TypeKind::kDate) {
    std::optional<TimeForm> day = RoundDown(form, kDayMs);
    if (day.has_value()) day->value_known = false;  // It is counted in days from here on.
    return day;
  }
  return std::nullopt;
}

bool IsFunctionOfRowtime(const BoundExpr& expr) {
  bool has_rowtime = false;
  bool has_column = false;
  Visit(expr, [&](const BoundExpr& part) {
    const auto* clock = std::get_if<BoundClock>(&part.node);
    has_rowtime |= std::holds_alternative<BoundRowtime>(part.node);
    has_rowtime |= clock != nullptr && clock->kind == ClockKind::kRowTimestamp;
    has_column |= std::holds_alternative<BoundColumn>(part.node);
  });
  return has_rowtime && !has_column;
}

// Whether the expression's value really changes where the form says and nowhere in the step around it. Guards the
// closed form against rounding inside the kernels.
bool HoldsAt(const BoundExpr& expr, const TimeForm& form, int64_t boundary_ms) {
  const std::array<int64_t, 4> times = {boundary_ms - 1, boundary_ms, boundary_ms + form.step_ms - 1,
                                        boundary_ms + form.step_ms};
  data::Column rowtimes(data::Type::Timestamp());
  for (const int64_t time : times) rowtimes.AppendInt64(time);
  const data::Batch batch{.rowtimes = std::make_shared<const data::Column>(std::move(rowtimes))};
  RowErrors errors;
  const data::ColumnPtr values = Evaluate(expr, batch, EvalContext{}, errors);
  if (!errors.empty()) return false;
  const std::array<data::Value, 4> at = {values->ValueAt(0), values->ValueAt(1), values->ValueAt(2),
                                         values->ValueAt(3)};
  return at[0] != at[1] && at[1] == at[2] && at[2] != at[3];
}

bool Holds(const BoundExpr& expr, const TimeForm& form) {
  constexpr int64_t kSomeTimeMs = 1'600'000'000'123;
  const int64_t near_now = kSomeTimeMs - FloorMod(kSomeTimeMs - form.origin_ms, form.step_ms);
  return HoldsAt(expr, form, near_now) && HoldsAt(expr, form, near_now + 7 * form.step_ms);
}

}  // namespace

TimeForm TimeFormOf(const BoundExpr& expr, std::span<const TimeForm> columns) {
  std::optional<TimeForm> form;
  if (std::holds_alternative<BoundRowtime>(expr.node)) return TimeForm::Rowtime();
  if (const auto* column = std::get_if<BoundColumn>(&expr.node)) {
    const auto index = static_cast<size_t>(column->index);
    return index < columns.size() ? columns[index] : TimeForm{};
  }
  if (const auto* call = std::get_if<BoundCall>(&expr.node)) form = FormOfCall(*call, columns);
  if (const auto* cast = std::get_if<BoundCast>(&expr.node)) form = FormOfCast(expr, *cast, columns);
  if (form.has_value() && form->kind != Kind::kNone) return *form;
  return IsFunctionOfRowtime(expr) ? TimeForm{.kind = Kind::kPure} : TimeForm{};
}

TimeForm AfterWindow(const TimeForm& key) {
  if (key.kind == Kind::kStep) {
    TimeForm form = key;
    form.offset_ms -= key.step_ms;  // ROWTIME is now the end of the window, one step after its start.
    form.at_boundary = true;
    return form;
  }
  if (key.kind == Kind::kCalendar) {
    TimeForm form = key;
    form.at_boundary = true;
    return form;
  }
  return {.at_boundary = true};
}

WindowEnd WindowEndOf(const BoundExpr& key, const TimeForm& form) {
  switch (form.kind) {
    case Kind::kStep:
      if (form.step_ms == 1) return {.kind = WindowEnd::Kind::kEveryRowtime};
      if (IsFunctionOfRowtime(key) && !Holds(key, form)) return {.kind = WindowEnd::Kind::kEvaluate};
      return {.kind = WindowEnd::Kind::kFixedStep, .step_ms = form.step_ms, .origin_ms = form.origin_ms};
    case Kind::kCalendar:
      return {.kind = WindowEnd::Kind::kCalendar, .months = form.months};
    case Kind::kPure:
      return {.kind = WindowEnd::Kind::kEvaluate};
    case Kind::kNone:
      break;
  }
  return {.kind = WindowEnd::Kind::kAsserted};
}

WindowEnd SortEndOf(const BoundExpr& key, const TimeForm& form) {
  if (form.at_boundary) return {.kind = WindowEnd::Kind::kEveryRowtime};
  return WindowEndOf(key, form);
}

}  // namespace tailrace::sql
