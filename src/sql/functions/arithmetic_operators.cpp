#include <cmath>
#include <limits>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/arithmetic.h"
#include "sql/functions/calendar.h"
#include "sql/functions/lift.h"

namespace tailrace::sql {
namespace {

using data::IntervalField;
using data::Type;
using data::TypeKind;

constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr int64_t kInt64Min = std::numeric_limits<int64_t>::min();
constexpr int64_t kMonthsMax = 1'200'000;  // More than any two days are apart.

RowResult<int64_t> OutOfRange(std::string_view what) {
  return Fail(kDatetimeOverflow, StrCat(what, " outside the years 0001 to 9999"));
}

RowResult<int64_t> DatePlusMs(int64_t days, int64_t ms) {
  int64_t sum = 0;
  if (__builtin_add_overflow(days * kDayMs, ms, &sum)) return OutOfRange("DATE");
  const int64_t day = FloorDivide(sum, kDayMs);
  if (day < kDaysMin || day > kDaysMax) return OutOfRange("DATE");
  return day;
}

RowResult<int64_t> TimePlusMs(int64_t time_ms, int64_t ms) {
  return FloorModulo(time_ms + FloorModulo(ms, kDayMs), kDayMs);
}

RowResult<int64_t> DatePlusMonths(int64_t days, int64_t months) {
  if (months > kMonthsMax || months < -kMonthsMax) return OutOfRange("DATE");
  const int64_t day = AddMonths(days, months);
  if (day < kDaysMin || day > kDaysMax) return OutOfRange("DATE");
  return day;
}

RowResult<int64_t> TimestampPlusMonths(int64_t unix_ms, int64_t months) {
  const auto day = DatePlusMonths(FloorDivide(unix_ms, kDayMs), months);
  if (!day) return OutOfRange("TIMESTAMP");
  return *day * kDayMs + FloorModulo(unix_ms, kDayMs);
}

template <auto kPlus>
RowResult<int64_t> Reversed(int64_t interval, int64_t datetime) {
  return kPlus(datetime, interval);
}

template <auto kPlus>
RowResult<int64_t> Minus(int64_t datetime, int64_t interval) {
  return kPlus(datetime, interval == kInt64Min ? kInt64Max : -interval);
}

// The kernel for datetime + interval under the way the operands stand.
template <auto kPlus>
Kernel DatetimeKernel(ArithmeticOp op, bool interval_first) {
  if (op == ArithmeticOp::kSubtract) return Lift<&Minus<kPlus>>();
  return interval_first ? Lift<&Reversed<kPlus>>() : Lift<kPlus>();
}

RowResult<int64_t> ToInterval(__int128 value) {
  if (value > kInt64Max || value < kInt64Min) return Fail(kNumericOverflow, "interval out of range");
  return static_cast<int64_t>(value);
}

RowResult<int64_t> ToInterval(double value) {
  constexpr double kLimit = 9.2e18;
  if (!(value > -kLimit && value < kLimit)) return Fail(kNumericOverflow, "interval out of range");
  return static_cast<int64_t>(value);
}

template <bool kIntervalFirst>
RowResult<int64_t> TimesDecimal(const KernelInput& input, int64_t a, int64_t b) {
  const int scale = input.args[kIntervalFirst ? 1 : 0]->type().scale;
  return ToInterval(DivideRounded(static_cast<__int128>(a) * b, PowerOfTen(scale)));
}

RowResult<int64_t> OverDecimal(const KernelInput& input, int64_t interval, int64_t divisor) {
  if (divisor == 0) return Fail(kDivisionByZero, "division by zero: interval / 0");
  return ToInterval(static_cast<__int128>(interval) * PowerOfTen(input.args[1]->type().scale) / divisor);
}

RowResult<int64_t> IntervalTimesDouble(int64_t interval, double factor) {
  return ToInterval(std::round(static_cast<double>(interval) * factor));
}
RowResult<int64_t> DoubleTimesInterval(double factor, int64_t interval) {
  return IntervalTimesDouble(interval, factor);
}

RowResult<int64_t> OverDouble(int64_t interval, double divisor) {
  if (divisor == 0) return Fail(kDivisionByZero, "division by zero: interval / 0");
  return ToInterval(std::trunc(static_cast<double>(interval) / divisor));
}

std::optional<Kernel> ScaleKernel(ArithmeticOp op, const Type& number, bool interval_first) {
  const bool times = op == ArithmeticOp::kMultiply;
  if (!times && (op != ArithmeticOp::kDivide || !interval_first)) return std::nullopt;
  if (number.is_integer()) return Int64Kernel(op);
  if (number.kind == TypeKind::kDecimal) {
    if (!times) return Lift<&OverDecimal>();
    return interval_first ? Lift<&TimesDecimal<true>>() : Lift<&TimesDecimal<false>>();
  }
  if (!times) return Lift<&OverDouble>();
  return interval_first ? Lift<&IntervalTimesDouble>() : Lift<&DoubleTimesInterval>();
}

Resolution Resolved(Kernel kernel, Type result, std::vector<Type> arg_types) {
  return {.kernel = kernel, .result = std::move(result), .arg_types = std::move(arg_types), .can_fail = true};
}

std::optional<Resolution> ResolveIntervals(ArithmeticOp op, const Type& a, const Type& b) {
  if (a.is_interval() && b.is_interval()) {
    const auto common = CommonType(a, b);
    if (!common || op == ArithmeticOp::kMultiply || op == ArithmeticOp::kDivide) return std::nullopt;
    return Resolved(Int64Kernel(op), *common, {a, b});
  }
  const Type& number = a.is_interval() ? b : a;
  if (!number.is_numeric()) return std::nullopt;
  const auto kernel = ScaleKernel(op, number, a.is_interval());
  if (!kernel) return std::nullopt;
  return Resolved(*kernel, a.is_interval() ? a : b, {a, b});
}

std::optional<Resolution> ResolveDatetime(ArithmeticOp op, const Type& a, const Type& b) {
  const bool interval_first = a.is_interval();
  const Type& datetime = interval_first ? b : a;
  const Type& interval = interval_first ? a : b;
  const bool legal = op == ArithmeticOp::kAdd || (op == ArithmeticOp::kSubtract && !interval_first);
  if (!legal || !datetime.is_datetime() || !interval.is_interval()) return std::nullopt;
  Kernel kernel = nullptr;
  if (interval.is_year_month()) {
    if (datetime.kind == TypeKind::kTime) return std::nullopt;
    kernel = datetime.kind == TypeKind::kDate ? DatetimeKernel<&DatePlusMonths>(op, interval_first)
                                              : DatetimeKernel<&TimestampPlusMonths>(op, interval_first);
  } else {
    kernel = datetime.kind == TypeKind::kTimestamp ? Int64Kernel(op)
             : datetime.kind == TypeKind::kDate    ? DatetimeKernel<&DatePlusMs>(op, interval_first)
                                                   : DatetimeKernel<&TimePlusMs>(op, interval_first);
  }
  return Resolved(kernel, datetime, {a, b});
}

Resolution ResolveNumbers(ArithmeticOp op, const Type& a, const Type& b) {
  const Type result = ArithmeticType(op, a, b);
  const auto as_argument = [&](const Type& type) {
    return result.is_approximate() && !type.is_approximate() ? Type::Double() : type;
  };
  return Resolved(NumericKernel(op, result), result, {as_argument(a), as_argument(b)});
}

// What a NULL literal becomes beside `other`.
Type NullBeside(ArithmeticOp op, const Type& other) {
  if (other.kind == TypeKind::kNull) return Type::Integer();
  if (other.is_datetime()) return Type::Interval(IntervalField::kDay, IntervalField::kSecond);
  if (other.is_interval() && (op == ArithmeticOp::kMultiply || op == ArithmeticOp::kDivide)) return Type::Integer();
  return other;
}

Result<Resolution> ResolveArithmetic(ArithmeticOp op, std::string_view name, std::span<const ArgInfo> args) {
  const Type a = TypeOr(args[0], NullBeside(op, args[1].type));
  const Type b = TypeOr(args[1], NullBeside(op, a));
  std::optional<Resolution> resolution;
  if (a.is_numeric() && b.is_numeric()) {
    resolution = ResolveNumbers(op, a, b);
  } else if (a.is_datetime() || b.is_datetime()) {
    resolution = ResolveDatetime(op, a, b);
  } else if (a.is_interval() || b.is_interval()) {
    resolution = ResolveIntervals(op, a, b);
  }
  if (!resolution) return CannotApply(name, args);
  resolution->monotonicity = ArithmeticMonotonicity(op, args[0], args[1]);
  return *std::move(resolution);
}

RowResult<int64_t> NegateInt64(const KernelInput& input, int64_t value) {
  const Int64Range range = RangeOf(input.result_type);
  if (value < 0 && value < -range.high) {
    return Fail(kNumericOverflow, StrCat("-(", value, ") does not fit ", input.result_type.ToString()));
  }
  return -value;
}
double NegateDouble(double value) { return -value; }

Result<Resolution> ResolveNegate(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type type = TypeOr(args[0], Type::Integer());
  if (!type.is_numeric() && !type.is_interval()) return CannotApply("-", args);
  Resolution resolution = Resolved(type.is_approximate() ? Lift<&NegateDouble>() : Lift<&NegateInt64>(), type, {type});
  resolution.can_fail = !type.is_approximate();
  resolution.monotonicity = Reverse(args[0].monotonicity);
  return resolution;
}

// Whole months from b to a, toward zero.
int64_t MonthsBetween(int64_t a_days, int64_t a_ms, int64_t b_days, int64_t b_ms) {
  int64_t months = MonthsFromDays(a_days) - MonthsFromDays(b_days);
  const int64_t day_difference = data::CivilFromDays(a_days).day - data::CivilFromDays(b_days).day;
  const int64_t rest = day_difference != 0 ? day_difference : a_ms - b_ms;
  if (months > 0 && rest < 0) --months;
  if (months < 0 && rest > 0) ++months;
  return months;
}

// Of two datetimes of one type, in the unit that a value of 1 stands for; the third argument only brings the type.
int64_t DifferenceOf(const KernelInput& input, int64_t a, int64_t b) {
  const Type& type = input.result_type;
  const bool date = input.args[0]->type().kind == TypeKind::kDate;
  const int64_t unit = data::IntervalFieldUnit(type.to);
  if (type.is_year_month()) {
    const int64_t months = date ? MonthsBetween(a, 0, b, 0)
                                : MonthsBetween(FloorDivide(a, kDayMs), FloorModulo(a, kDayMs), FloorDivide(b, kDayMs),
                                                FloorModulo(b, kDayMs));
    return months - months % unit;
  }
  // Modulo 2^64: timestamps at the two ends of 64 bits have no difference worth an error.
  const auto ms = static_cast<int64_t>((static_cast<uint64_t>(a) - static_cast<uint64_t>(b)) * (date ? kDayMs : 1));
  return type.to == IntervalField::kSecond ? ms : ms - ms % unit;
}

data::ColumnPtr DifferenceKernel(const KernelInput& input) {
  return Lift<&DifferenceOf>()({.args = input.args.first(2),
                                .rows = input.rows,
                                .result_type = input.result_type,
                                .prepared = nullptr,
                                .context = input.context,
                                .errors = input.errors});
}

Result<Resolution> ResolveDifference(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type a = TypeOr(args[0], TypeOr(args[1], Type::Timestamp()));
  const Type b = TypeOr(args[1], a);
  const Type& qualifier = args[2].type;
  if (!a.is_datetime() || !b.is_datetime() || !qualifier.is_interval()) return CannotApply("-", args.first(2));
  if (a.kind != b.kind) {
    return Error{ErrorCode::kInvalidArgument, "Parameters must be of the same type"};
  }
  if (qualifier.is_year_month() && a.kind == TypeKind::kTime) return CannotApply("-", args.first(2));
  Resolution resolution{.kernel = &DifferenceKernel, .result = qualifier, .arg_types = {a, b, qualifier}};
  resolution.monotonicity = ArithmeticMonotonicity(ArithmeticOp::kSubtract, args[0], args[1]);
  return resolution;
}

void AddArithmetic(FunctionRegistry& registry, std::string name, ArithmeticOp op, std::string summary,
                   std::vector<FunctionExample> examples) {
  registry.Add({.name = name,
                .family = "operator",
                .syntax = StrCat("a ", name, " b"),
                .summary = std::move(summary),
                .examples = std::move(examples),
                .args_min = 2,
                .args_max = 2,
                .resolve = [op, name](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolveArithmetic(op, name, args);
                }});
}

}  // namespace

void RegisterArithmeticOperators(FunctionRegistry& registry) {
  AddArithmetic(registry, "+", ArithmeticOp::kAdd,
                "Sum of two numbers or intervals; a datetime moved by an interval. Overflow is an error of the row.",
                {{"3.0 + 2", "5.0"},
                 {"INTERVAL '1' DAY + INTERVAL '3 4' DAY TO HOUR", "+4 04"},
                 {"DATE '2004-01-31' + INTERVAL '1' MONTH", "2004-02-29"},
                 {"2147483647 + 1", "ERROR"}});
  AddArithmetic(registry, "-", ArithmeticOp::kSubtract,
                "Difference of two numbers or intervals; a datetime moved back by an interval. The difference of two "
                "datetimes needs a qualifier: (a - b) SECOND.",
                {{"5 - 7", "-2"},
                 {"INTERVAL '1' DAY - INTERVAL '3 4' DAY TO HOUR", "-2 04"},
                 {"TIMESTAMP '2004-05-01 12:03:34' - INTERVAL '5' MINUTE", "2004-05-01 11:58:34"}});
  AddArithmetic(registry, "*", ArithmeticOp::kMultiply, "Product of two numbers; an interval times a number.",
                {{"5 * 2 + 2", "12"}, {"2 * INTERVAL '3 4' DAY TO HOUR", "+6 08"}});
  AddArithmetic(
      registry, "/", ArithmeticOp::kDivide,
      "Quotient of two numbers; an interval divided by a number. Of integers it is an integer, cut toward "
      "zero. Division by zero is an error of the row.",
      {{"5 / 2", "2"}, {"5.0 / 2", "2.500000000000"}, {"INTERVAL '3 4' DAY TO HOUR / 2", "+1 14"}, {"1 / 0", "ERROR"}});
  registry.Add({.name = "NEGATE",
                .family = "operator",
                .syntax = "-a",
                .summary = "The number or interval with its sign turned.",
                .examples = {{"-(3 - 5)", "2"}, {"-INTERVAL '3' DAY", "-3"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveNegate});
  registry.Add({.name = "DIFFERENCE",
                .family = "operator",
                .syntax = "(a - b) qualifier",
                .summary = "The time from datetime b to datetime a of the same type, as an interval of the qualifier's "
                           "fields; what is less than the last field is cut.",
                .examples = {{"(TIME '12:03:34' - TIME '11:57:23') MINUTE TO SECOND", "+6:11"},
                             {"(TIME '12:03:34' - TIME '11:57:23') SECOND", "+371"},
                             {"(TIME '12:03:34' - TIME '11:57:23') MINUTE", "+6"},
                             {"(DATE '2004-12-02' - DATE '2003-12-01') DAY", "+367"}},
                .args_min = 3,
                .args_max = 3,
                .resolve = &ResolveDifference});
}

}  // namespace tailrace::sql
