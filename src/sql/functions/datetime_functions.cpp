#include "sql/functions/datetime_functions.h"

#include <limits>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/calendar.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::IntervalField;
using data::Type;
using data::TypeKind;

bool IsCalendarUnit(IntervalField unit) { return unit <= IntervalField::kMonth; }

// Which fields a value of the type has.
bool HasField(const Type& type, IntervalField field) {
  if (type.is_interval()) return IsCalendarUnit(field) == type.is_year_month();
  return type.kind != TypeKind::kTime || field >= IntervalField::kDay;
}

// EXTRACT -----------------------------------------------------------------------------------------------------------

struct ExtractPrepared {
  IntervalField unit;
};

int64_t ExtractFromDays(int64_t days, IntervalField unit) {
  const data::CivilDate date = data::CivilFromDays(days);
  return unit == IntervalField::kYear ? date.year : unit == IntervalField::kMonth ? date.month : date.day;
}

// Of milliseconds within a day; SECOND in thousandths.
int64_t ExtractFromMs(int64_t ms, IntervalField unit) {
  if (unit == IntervalField::kHour) return ms / kHourMs;
  if (unit == IntervalField::kMinute) return ms / kMinuteMs % 60;
  return ms % kMinuteMs;
}

int64_t ExtractFromInterval(const Type& type, int64_t value, IntervalField unit) {
  if (unit == IntervalField::kSecond) return type.from == unit ? value : value % kMinuteMs;
  const int64_t whole = value / data::IntervalFieldUnit(unit);
  if (unit == type.from) return whole;
  switch (unit) {
    case IntervalField::kMonth:
      return value % 12;
    case IntervalField::kHour:
      return whole % 24;
    case IntervalField::kMinute:
      return whole % 60;
    case IntervalField::kYear:
    case IntervalField::kDay:
    case IntervalField::kSecond:
      break;
  }
  return whole;
}

int64_t Extract(const KernelInput& input, int64_t value) {
  const IntervalField unit = static_cast<const ExtractPrepared*>(input.prepared)->unit;
  const Type& type = input.args[0]->type();
  if (type.is_interval()) return ExtractFromInterval(type, value, unit);
  const bool date = type.kind == TypeKind::kDate;
  if (unit <= IntervalField::kDay) return ExtractFromDays(date ? value : FloorDivide(value, kDayMs), unit);
  return ExtractFromMs(date ? 0 : FloorModulo(value, kDayMs), unit);
}

Result<Resolution> ResolveExtract(std::span<const ArgInfo> args, const ast::Call& call) {
  const Type type = TypeOr(args[0], Type::Timestamp());
  const IntervalField unit = call.unit.value_or(IntervalField::kDay);
  if ((!type.is_datetime() && !type.is_interval()) || !HasField(type, unit) ||
      (type.kind == TypeKind::kTime && unit == IntervalField::kDay)) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("Cannot extract ", data::IntervalFieldName(unit), " from ", type.ToString())};
  }
  return Resolution{.kernel = Lift<&Extract>(),
                    .result = unit == IntervalField::kSecond ? Type::Decimal(5, 3) : Type::Bigint(),
                    .arg_types = {type},
                    .monotonicity = ConstantIfAll(args),
                    .prepared = std::make_shared<ExtractPrepared>(unit)};
}

// FLOOR and CEIL to a unit, STEP by an interval ----------------------------------------------------------------------

// Rounds to multiples of `size`, in the unit of the argument's type or, for calendar units, in months.
struct StepPrepared {
  int64_t size;
};

const StepPrepared& Prepared(const KernelInput& input) { return *static_cast<const StepPrepared*>(input.prepared); }

// Largest multiple not above each value. Neighbouring rows mostly share theirs, which spares the division.
data::ColumnPtr FloorKernel(const KernelInput& input) {
  auto result = std::make_shared<data::Column>(input.result_type, input.rows);
  result->mutable_validity() = input.args[0]->validity();
  const auto values = input.args[0]->int64s();
  const auto out = result->mutable_int64s();
  const int64_t size = Prepared(input).size;
  const auto width = static_cast<uint64_t>(size);
  int64_t floor = 0;
  for (size_t row = 0; row < input.rows; ++row) {
    const uint64_t above = static_cast<uint64_t>(values[row]) - static_cast<uint64_t>(floor);
    if (above >= width) {
      floor = static_cast<int64_t>(static_cast<uint64_t>(values[row]) -
                                   static_cast<uint64_t>(FloorModulo(values[row], size)));
    }
    out[row] = floor;
  }
  return result;
}

RowResult<int64_t> CeilTo(const KernelInput& input, int64_t value) {
  const int64_t size = Prepared(input).size;
  const int64_t above = FloorModulo(value, size);
  if (above == 0) return value;
  if (value > std::numeric_limits<int64_t>::max() - size) return Fail(kDatetimeOverflow, "CEIL beyond 64 bits");
  const int64_t ceil = value - above + size;
  return input.result_type.kind == TypeKind::kTime ? ceil % kDayMs : ceil;
}

// The first day of the month group that holds `days`, or of the next one.
int64_t MonthStep(int64_t days, int64_t months, bool up) {
  const int64_t month = MonthsFromDays(days);
  const int64_t floor = month - FloorModulo(month, months);
  const int64_t floor_days = DaysFromMonths(floor);
  return up && floor_days != days ? DaysFromMonths(floor + months) : floor_days;
}

template <bool kUp>
int64_t DateMonthStep(const KernelInput& input, int64_t days) {
  return MonthStep(days, Prepared(input).size, kUp);
}

template <bool kUp>
int64_t TimestampMonthStep(const KernelInput& input, int64_t unix_ms) {
  const int64_t days = FloorDivide(unix_ms, kDayMs);
  const bool midnight = unix_ms == days * kDayMs;
  return MonthStep(kUp && !midnight ? days + 1 : days, Prepared(input).size, kUp) * kDayMs;
}

// A kernel for rounding `type` down or up to multiples of an interval of months or ms.
struct Rounding {
  Kernel kernel;
  int64_t size;
};

std::optional<Rounding> RoundingOf(const Type& type, bool months, int64_t size, bool up) {
  if (months && type.kind == TypeKind::kTimestamp) {
    return Rounding{up ? Lift<&TimestampMonthStep<true>>() : Lift<&TimestampMonthStep<false>>(), size};
  }
  if (months && type.kind == TypeKind::kDate) {
    return Rounding{up ? Lift<&DateMonthStep<true>>() : Lift<&DateMonthStep<false>>(), size};
  }
  if (months != type.is_year_month()) return std::nullopt;
  if (type.kind == TypeKind::kDate) {
    // A step that is no whole number of days falls between midnights; then the day of the step counts.
    if (size % kDayMs != 0)
      return size < kDayMs && kDayMs % size == 0 ? std::optional(Rounding{nullptr, 1}) : std::nullopt;
    size /= kDayMs;
  }
  return Rounding{up ? Lift<&CeilTo>() : &FloorKernel, size};
}

data::ColumnPtr IdentityKernel(const KernelInput& input) { return input.args[0]; }

template <bool kUp>
Result<Resolution> ResolveRoundToUnit(std::span<const ArgInfo> args, const ast::Call& call) {
  const Type type = TypeOr(args[0], Type::Timestamp());
  const IntervalField unit = call.unit.value_or(IntervalField::kDay);
  std::optional<Rounding> rounding;
  if ((type.is_datetime() || type.is_interval()) && HasField(type, unit)) {
    rounding = RoundingOf(type, IsCalendarUnit(unit), data::IntervalFieldUnit(unit), kUp);
  }
  if (!rounding) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("Cannot round ", type.ToString(), " to ", data::IntervalFieldName(unit))};
  }
  return Resolution{.kernel = rounding->kernel == nullptr ? &IdentityKernel : rounding->kernel,
                    .result = type,
                    .arg_types = {type},
                    .can_fail = kUp,
                    .monotonicity = args[0].monotonicity,
                    .prepared = std::make_shared<StepPrepared>(rounding->size)};
}

RowResult<int64_t> StepNumber(int64_t value, int64_t step) {
  if (step == 0) return Fail(kDivisionByZero, StrCat("STEP(", value, " BY 0)"));
  return step == -1 ? value : value / step * step;
}

Result<Resolution> ResolveStep(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type type = TypeOr(args[0], args[1].type.is_interval() ? Type::Timestamp() : Type::Integer());
  if (type.is_integer() && IsNumber(args[1])) {
    const Type step = TypeOr(args[1], Type::Integer());
    if (!step.is_integer()) return CannotApply("STEP", args);
    const bool positive = ConstantSign(args[1]).value_or(0) > 0;
    return Resolution{.kernel = Lift<&StepNumber>(),
                      .result = ArithmeticType(ArithmeticOp::kAdd, type, step),
                      .arg_types = {type, step},
                      .can_fail = !positive,
                      .monotonicity = positive ? KeepsOrder(args) : ConstantIfAll(args)};
  }
  if ((!type.is_datetime() && !type.is_interval()) || !args[1].type.is_interval()) return CannotApply("STEP", args);
  if (args[1].constant == nullptr || args[1].constant->is_null() || args[1].constant->int64() <= 0) {
    return Error{ErrorCode::kInvalidArgument, "STEP: the interval after BY must be a literal greater than zero"};
  }
  const int64_t size = args[1].constant->int64();
  const auto rounding = RoundingOf(type, args[1].type.is_year_month(), size, false);
  if (!rounding) {
    if (type.kind != TypeKind::kDate || args[1].type.is_year_month()) return CannotApply("STEP", args);
    return Error{ErrorCode::kInvalidArgument, "STEP: a DATE steps by whole days"};
  }
  return Resolution{.kernel = rounding->kernel == nullptr ? &IdentityKernel : rounding->kernel,
                    .result = type,
                    .arg_types = {type, args[1].type},
                    .monotonicity = args[0].monotonicity,
                    .prepared = std::make_shared<StepPrepared>(rounding->size)};
}

// TSDIFF, UNIX_TIMESTAMP, TO_TIMESTAMP -------------------------------------------------------------------------------

int64_t Tsdiff(const KernelInput& input, int64_t a, int64_t b) {
  const auto first = static_cast<uint64_t>(input.context.options.tsdiff_documented_sign ? b : a);
  const auto second = static_cast<uint64_t>(input.context.options.tsdiff_documented_sign ? a : b);
  return static_cast<int64_t>(first - second);
}

Result<Resolution> ResolveTsdiff(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type a = TypeOr(args[0], TypeOr(args[1], Type::Timestamp()));
  const Type b = TypeOr(args[1], a);
  const bool timestamps = a.kind == TypeKind::kTimestamp && b.kind == TypeKind::kTimestamp;
  if (!timestamps && !(a.is_integer() && b.is_integer())) return CannotApply("TSDIFF", args);
  const Type type = timestamps ? Type::Timestamp() : Type::Bigint();
  return Resolution{.kernel = Lift<&Tsdiff>(),
                    .result = Type::Bigint(),
                    .arg_types = {type, type},
                    .monotonicity = ConstantIfAll(args)};
}

int64_t SameNumber(int64_t value) { return value; }

Result<Resolution> ResolveUnixTimestamp(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (TypeOr(args[0], Type::Timestamp()).kind != TypeKind::kTimestamp) return CannotApply("UNIX_TIMESTAMP", args);
  return Resolution{.kernel = Lift<&SameNumber>(),
                    .result = Type::Bigint(),
                    .arg_types = {Type::Timestamp()},
                    .monotonicity = ConstantIfAll(args)};
}

RowResult<int64_t> ToTimestamp(int64_t unix_ms) {
  if (unix_ms < kDaysMin * kDayMs || unix_ms >= (kDaysMax + 1) * kDayMs) {
    return Fail(kDatetimeOverflow, StrCat("TO_TIMESTAMP(", unix_ms, ") outside the years 0001 to 9999"));
  }
  return unix_ms;
}

Result<Resolution> ResolveToTimestamp(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!IsNumber(args[0])) return CannotApply("TO_TIMESTAMP", args);
  return Resolution{.kernel = Lift<&ToTimestamp>(),
                    .result = Type::Timestamp(),
                    .arg_types = {Type::Bigint()},
                    .can_fail = true,
                    .monotonicity = ConstantIfAll(args)};
}

void RegisterRounding(FunctionRegistry& registry) {
  registry.Add({.name = "FLOOR_TO",
                .family = "datetime",
                .syntax = "FLOOR(x TO unit)",
                .summary = "The datetime or interval cut to YEAR, MONTH, DAY, HOUR, MINUTE or SECOND. Negative "
                           "intervals go down as well.",
                .examples = {{"FLOOR(TIMESTAMP '2004-09-30 13:48:23' TO HOUR)", "2004-09-30 13:00:00"},
                             {"FLOOR(TIMESTAMP '2004-09-30 13:48:23' TO MINUTE)", "2004-09-30 13:48:00"},
                             {"FLOOR(TIMESTAMP '2004-09-30 13:48:23' TO DAY)", "2004-09-30 00:00:00"},
                             {"FLOOR(TIMESTAMP '2004-09-30 13:48:23' TO YEAR)", "2004-01-01 00:00:00"},
                             {"FLOOR(INTERVAL '5.678' SECOND TO SECOND)", "+5"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveRoundToUnit<false>});
  registry.Add({.name = "CEIL_TO",
                .family = "datetime",
                .syntax = "CEIL(x TO unit)",
                .summary = "The smallest boundary of the unit that is not before x. CEILING is the same.",
                .examples = {{"CEIL(TIMESTAMP '2004-09-30 13:48:23' TO HOUR)", "2004-09-30 14:00:00"},
                             {"CEIL(TIMESTAMP '2004-09-30 13:48:23' TO MINUTE)", "2004-09-30 13:49:00"},
                             {"CEIL(TIMESTAMP '2004-09-30 13:48:23' TO DAY)", "2004-10-01 00:00:00"},
                             {"CEIL(TIMESTAMP '2004-09-30 13:48:23' TO YEAR)", "2005-01-01 00:00:00"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveRoundToUnit<true>});
  registry.Add({.name = "STEP",
                .family = "datetime",
                .syntax = "STEP(x BY interval) | STEP(n BY k)",
                .summary = "The largest multiple of the interval, counted from 1970-01-01 00:00:00, that is not after "
                           "x. For integers (n / k) * k.",
                .examples = {{"STEP(TIMESTAMP '2004-09-30 13:48:23' BY INTERVAL '10' SECOND)", "2004-09-30 13:48:20"},
                             {"STEP(TIMESTAMP '2004-09-30 13:48:23' BY INTERVAL '2' HOUR)", "2004-09-30 12:00:00"},
                             {"STEP(TIMESTAMP '2004-09-30 13:48:23' BY INTERVAL '5' MINUTE)", "2004-09-30 13:45:00"},
                             {"STEP(TIMESTAMP '2004-09-30 13:48:23' BY INTERVAL '1' YEAR)", "2004-01-01 00:00:00"},
                             {"STEP(DATE '2004-09-27' BY INTERVAL '5' DAY)", "2004-09-24"},
                             {"STEP(23 BY 5)", "20"},
                             {"STEP(30 BY 10)", "30"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveStep});
}

}  // namespace

void RegisterDatetimeFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "EXTRACT",
                .family = "datetime",
                .syntax = "EXTRACT(unit FROM x)",
                .summary = "One field of a datetime or interval as BIGINT; SECOND as DECIMAL(5,3).",
                .examples = {{"EXTRACT(DAY FROM INTERVAL '2 3:4:5.678' DAY TO SECOND)", "2"},
                             {"EXTRACT(HOUR FROM INTERVAL '2 3:4:5.678' DAY TO SECOND)", "3"},
                             {"EXTRACT(MINUTE FROM INTERVAL '2 3:4:5.678' DAY TO SECOND)", "4"},
                             {"EXTRACT(SECOND FROM INTERVAL '2 3:4:5.678' DAY TO SECOND)", "5.678"},
                             {"EXTRACT(MONTH FROM DATE '2004-09-30')", "9"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveExtract});
  RegisterRounding(registry);
  registry.Add({.name = "TSDIFF",
                .family = "datetime",
                .syntax = "TSDIFF(a, b)",
                .summary = "a - b in milliseconds, as working applications need it; the option "
                           "tsdiff_documented_sign turns the sign to b - a.",
                .examples = {{"TSDIFF(TIMESTAMP '2004-05-01 12:00:01', TIMESTAMP '2004-05-01 12:00:00')", "1000"},
                             {"TSDIFF(TIMESTAMP '2004-05-01 12:00:01', NULL)", "NULL"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveTsdiff});
  registry.Add({.name = "UNIX_TIMESTAMP",
                .family = "datetime",
                .syntax = "UNIX_TIMESTAMP(timestamp)",
                .summary = "Milliseconds (not seconds) since 1970-01-01 00:00:00.",
                .examples = {{"UNIX_TIMESTAMP(TIMESTAMP '1970-01-02 00:00:01')", "86401000"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveUnixTimestamp});
  registry.Add({.name = "TO_TIMESTAMP",
                .family = "datetime",
                .syntax = "TO_TIMESTAMP(n)",
                .summary = "The timestamp n milliseconds after 1970-01-01 00:00:00.",
                .examples = {{"TO_TIMESTAMP(86401000)", "1970-01-02 00:00:01"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveToTimestamp});
}

}  // namespace tailrace::sql
