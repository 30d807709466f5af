#include "sql/functions/numeric_functions.h"

#include <cmath>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;

// ABS, CEIL, FLOOR, SIGN ---------------------------------------------------------------------------------------------

RowResult<int64_t> AbsInt64(const KernelInput& input, int64_t value) {
  if (value < 0 && value < -RangeOf(input.result_type).high) {
    return Fail(kNumericOverflow, StrCat("ABS(", value, ") does not fit ", input.result_type.ToString()));
  }
  return value < 0 ? -value : value;
}
double AbsDouble(double value) { return std::abs(value); }
double CeilDouble(double value) { return std::ceil(value); }
double FloorDouble(double value) { return std::floor(value); }
int64_t SignInt64(int64_t value) { return (value > 0) - (value < 0); }
int64_t SignDouble(double value) { return (value > 0) - (value < 0); }
int64_t Same(int64_t value) { return value; }

// DECIMAL(p,s) to whole numbers of DECIMAL(p,0), down or up.
template <bool kUp>
int64_t WholeDecimal(const KernelInput& input, int64_t value) {
  const __int128 unit = PowerOfTen(input.args[0]->type().scale);
  const auto whole = static_cast<int64_t>(value / unit);
  const __int128 rest = value % unit;
  if (kUp) return rest > 0 ? whole + 1 : whole;
  return rest < 0 ? whole - 1 : whole;
}

template <bool kUp>
Result<Resolution> ResolveWhole(std::string_view name, std::span<const ArgInfo> args) {
  const Type type = TypeOr(args[0], Type::Integer());
  if (!type.is_numeric()) return CannotApply(name, args);
  Resolution resolution{
      .kernel = Lift<&Same>(), .result = type, .arg_types = {type}, .monotonicity = args[0].monotonicity};
  if (type.is_approximate()) resolution.kernel = kUp ? Lift<&CeilDouble>() : Lift<&FloorDouble>();
  if (type.kind == TypeKind::kDecimal && type.scale > 0) {
    resolution.kernel = Lift<&WholeDecimal<kUp>>();
    // One more whole digit: 9.9 goes up to 10.
    resolution.result = Type::Decimal(type.precision - type.scale + 1, 0);
  }
  return resolution;
}

Result<Resolution> ResolveAbs(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type type = TypeOr(args[0], Type::Integer());
  if (!type.is_numeric() && !type.is_interval()) return CannotApply("ABS", args);
  return Resolution{.kernel = type.is_approximate() ? Lift<&AbsDouble>() : Lift<&AbsInt64>(),
                    .result = type,
                    .arg_types = {type},
                    .can_fail = !type.is_approximate(),
                    .monotonicity = ConstantIfAll(args)};
}

Result<Resolution> ResolveSign(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type type = TypeOr(args[0], Type::Integer());
  if (!type.is_numeric()) return CannotApply("SIGN", args);
  return Resolution{.kernel = type.is_approximate() ? Lift<&SignDouble>() : Lift<&SignInt64>(),
                    .result = Type::Integer(),
                    .arg_types = {type},
                    .monotonicity = args[0].monotonicity};
}

// Functions of DOUBLE ------------------------------------------------------------------------------------------------

std::unexpected<RowFailure> OutsideDomain(std::string_view call) {
  return Fail(kDomainError, StrCat(call, " is not defined"));
}

RowResult<double> Finite(double value, std::string_view call) {
  if (!std::isfinite(value)) return Fail(kNumericOverflow, StrCat(call, " does not fit DOUBLE"));
  return value;
}

std::string CallText(std::string_view name, double x) { return StrCat(name, "(", data::DoubleToText(x), ")"); }

RowResult<double> Exp(double x) {
  const double value = std::exp(x);
  return std::isfinite(value) ? RowResult<double>(value) : Finite(value, CallText("EXP", x));
}
RowResult<double> Ln(double x) {
  if (!(x > 0)) return OutsideDomain(CallText("LN", x));
  return std::log(x);
}
RowResult<double> Log10(double x) {
  if (!(x > 0)) return OutsideDomain(CallText("LOG10", x));
  return std::log10(x);
}
RowResult<double> Sqrt(double x) {
  if (!(x >= 0)) return OutsideDomain(CallText("SQRT", x));
  return std::sqrt(x);
}
RowResult<double> Power(double base, double exponent) {
  const double value = std::pow(base, exponent);
  if (std::isfinite(value)) return value;
  const std::string call = StrCat("POWER(", data::DoubleToText(base), ", ", data::DoubleToText(exponent), ")");
  if (std::isnan(value) || base == 0) return OutsideDomain(call);
  return Finite(value, call);
}

void AddDoubleFunction(FunctionRegistry& registry, std::string name, Kernel kernel, int args_count, std::string summary,
                       std::vector<FunctionExample> examples) {
  registry.Add(
      {.name = name,
       .family = "numeric",
       .syntax = StrCat(name, args_count == 1 ? "(x)" : "(x, y)"),
       .summary = std::move(summary),
       .examples = std::move(examples),
       .args_min = args_count,
       .args_max = args_count,
       .resolve = [name, kernel](std::span<const ArgInfo> args, const ast::Call& /*call*/) -> Result<Resolution> {
         for (const ArgInfo& arg : args) {
           if (!IsNumber(arg)) return CannotApply(name, args);
         }
         return Resolution{.kernel = kernel,
                           .result = Type::Double(),
                           .arg_types = std::vector<Type>(args.size(), Type::Double()),
                           .can_fail = true,
                           .monotonicity = ConstantIfAll(args)};
       }});
}

// MOD, ROUND, TRUNCATE -----------------------------------------------------------------------------------------------

RowResult<int64_t> Modulo(int64_t a, int64_t b) {
  if (b == 0) return Fail(kDivisionByZero, StrCat("MOD(", a, ", 0)"));
  return b == -1 ? 0 : a % b;
}

Result<Resolution> ResolveModulo(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type a = TypeOr(args[0], Type::Integer());
  const Type b = TypeOr(args[1], Type::Integer());
  if (!a.is_exact() || !b.is_exact() || a.scale != 0 || b.scale != 0) return CannotApply("MOD", args);
  return Resolution{.kernel = Lift<&Modulo>(),
                    .result = b,
                    .arg_types = {a, b},
                    .can_fail = true,
                    .monotonicity = ConstantIfAll(args)};
}

// To `digits` behind the point (before it when negative), half away from zero or cut.
template <bool kRound>
RowResult<int64_t> RoundExact(const KernelInput& input, int64_t value, int64_t digits) {
  const int scale = input.result_type.kind == TypeKind::kDecimal ? input.result_type.scale : 0;
  if (digits >= scale) return value;
  constexpr int64_t kDigitsMax = 19;
  if (scale - digits > kDigitsMax) return 0;
  const __int128 unit = PowerOfTen(static_cast<int>(scale - digits));
  const __int128 rounded = (kRound ? DivideRounded(value, unit) : value / unit) * unit;
  const Int64Range range = RangeOf(input.result_type);
  if (rounded < range.low || rounded > range.high) {
    return Fail(kNumericOverflow, StrCat("rounded value does not fit ", input.result_type.ToString()));
  }
  return static_cast<int64_t>(rounded);
}

template <bool kRound>
double RoundDouble(double value, int64_t digits) {
  constexpr int64_t kDigitsMax = 300;
  if (digits > kDigitsMax || digits < -kDigitsMax) return digits > 0 ? value : 0;
  const double unit = std::pow(10.0, static_cast<double>(digits));
  const double scaled = value * unit;
  // What is too large to have such digits stays as it is.
  if (!std::isfinite(scaled)) return value;
  return (kRound ? std::round(scaled) : std::trunc(scaled)) / unit;
}

template <bool kRound>
RowResult<int64_t> RoundExactToWhole(const KernelInput& input, int64_t value) {
  return RoundExact<kRound>(input, value, 0);
}
template <bool kRound>
double RoundDoubleToWhole(double value) {
  return kRound ? std::round(value) : std::trunc(value);
}

template <bool kRound>
Result<Resolution> ResolveRound(std::string_view name, std::span<const ArgInfo> args) {
  const Type type = TypeOr(args[0], Type::Integer());
  const bool digits = args.size() == 2;
  if (!type.is_numeric() || (digits && !TypeOr(args[1], Type::Integer()).is_integer())) return CannotApply(name, args);
  Resolution resolution{.result = type, .arg_types = {type}, .monotonicity = KeepsOrder(args)};
  resolution.can_fail = !type.is_approximate();
  if (digits) {
    resolution.arg_types.push_back(Type::Integer());
    resolution.kernel = type.is_approximate() ? Lift<&RoundDouble<kRound>>() : Lift<&RoundExact<kRound>>();
  } else if (type.is_approximate()) {
    resolution.kernel = Lift<&RoundDoubleToWhole<kRound>>();
  } else {
    resolution.kernel = Lift<&RoundExactToWhole<kRound>>();
  }
  return resolution;
}

void RegisterRoundingFunctions(FunctionRegistry& registry) {
  for (const char* name : {"CEIL", "CEILING"}) {
    registry.Add({.name = name,
                  .family = "numeric",
                  .syntax = StrCat(name, "(x)"),
                  .summary = "The smallest whole number that is not less than x.",
                  .examples = {{StrCat(name, "(-3.3)"), "-3"}, {StrCat(name, "(5.2)"), "6"}},
                  .args_min = 1,
                  .args_max = 1,
                  .resolve = [name](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                    return ResolveWhole<true>(name, args);
                  }});
  }
  registry.Add({.name = "FLOOR",
                .family = "numeric",
                .syntax = "FLOOR(x)",
                .summary = "The largest whole number that is not greater than x.",
                .examples = {{"FLOOR(5.2)", "5"}, {"FLOOR(-3 * 3.1)", "-10"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = [](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolveWhole<false>("FLOOR", args);
                }});
  registry.Add({.name = "ROUND",
                .family = "numeric",
                .syntax = "ROUND(x [, digits])",
                .summary = "x rounded to that many digits behind the point, half away from zero. Extension.",
                .examples = {{"ROUND(2.55, 1)", "2.60"}, {"ROUND(-1250, -2)", "-1300"}},
                .args_min = 1,
                .args_max = 2,
                .resolve = [](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolveRound<true>("ROUND", args);
                }});
  registry.Add({.name = "TRUNCATE",
                .family = "numeric",
                .syntax = "TRUNCATE(x [, digits])",
                .summary = "x cut to that many digits behind the point. Extension.",
                .examples = {{"TRUNCATE(2.59, 1)", "2.50"}, {"TRUNCATE(-1250, -2)", "-1200"}},
                .args_min = 1,
                .args_max = 2,
                .resolve = [](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolveRound<false>("TRUNCATE", args);
                }});
}

}  // namespace

void RegisterNumericFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "ABS",
                .family = "numeric",
                .syntax = "ABS(x)",
                .summary = "The number or interval without its sign.",
                .examples = {{"ABS(-5)", "5"}, {"ABS(INTERVAL '-3 4:20' DAY TO MINUTE)", "+3 04:20"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveAbs});
  registry.Add({.name = "SIGN",
                .family = "numeric",
                .syntax = "SIGN(x)",
                .summary = "-1, 0 or 1. Extension.",
                .examples = {{"SIGN(-2.5)", "-1"}},
                .args_min = 1,
                .args_max = 1,
                .resolve = &ResolveSign});
  RegisterRoundingFunctions(registry);
  AddDoubleFunction(registry, "EXP", Lift<&Exp>(), 1, "e to the power x. Overflow is an error of the row.",
                    {{"EXP(0)", "1.0"}, {"EXP(1000)", "ERROR"}});
  AddDoubleFunction(registry, "LN", Lift<&Ln>(), 1, "Natural logarithm; an error of the row for x <= 0.",
                    {{"LN(1)", "0.0"}, {"LN(0)", "ERROR"}});
  AddDoubleFunction(registry, "LOG10", Lift<&Log10>(), 1, "Logarithm to base 10; an error of the row for x <= 0.",
                    {{"LOG10(100)", "2.0"}, {"LOG10(-1)", "ERROR"}});
  AddDoubleFunction(registry, "SQRT", Lift<&Sqrt>(), 1, "Square root; an error of the row for x < 0.",
                    {{"SQRT(6.25)", "2.5"}, {"SQRT(-1)", "ERROR"}});
  AddDoubleFunction(registry, "POWER", Lift<&Power>(), 2,
                    "x to the power y. Zero to a negative power and a negative x to a fractional one are errors.",
                    {{"POWER(3, 2)", "9.0"}, {"POWER(4, -2)", "0.0625"}, {"POWER(0, -1)", "ERROR"}});
  registry.Add({.name = "MOD",
                .family = "numeric",
                .syntax = "MOD(a, b)",
                .summary = "Rest of a / b for whole numbers, with the sign of a. b = 0 is an error of the row.",
                .examples = {{"MOD(5, 3)", "2"}, {"MOD(-4, 3)", "-1"}, {"MOD(4, 0)", "ERROR"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveModulo});
}

}  // namespace tailrace::sql
