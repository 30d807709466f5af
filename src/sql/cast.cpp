#include "sql/cast.h"

#include <cmath>
#include <optional>

#include "base/str.h"
#include "data/text.h"
#include "sql/cast_text.h"
#include "sql/functions/calendar.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::IntervalField;
using data::Type;
using data::TypeKind;

// The same values under another type.
ColumnPtr Retyped(const Column& column, const Type& to) {
  auto result = std::make_shared<Column>(column);
  result->set_type(to);
  return result;
}

// convert(value) gives the value or nothing, which is the row's error.
template <typename Out, typename In, typename Convert>
ColumnPtr ConvertAll(const Column& from, std::span<const In> values, const Type& to, RowErrors& errors,
                     Convert convert) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  const auto out = [&] {
    if constexpr (std::is_same_v<Out, double>)
      return result->mutable_doubles();
    else
      return result->mutable_int64s();
  }();
  for (uint32_t row = 0; row < from.size(); ++row) {
    if (from.null(row)) continue;
    const std::optional<Out> value = convert(values[row]);
    if (value) {
      out[row] = *value;
      continue;
    }
    errors.Add(row, kNumericOverflow,
               StrCat("CAST: ", data::ToSqlText(from.type(), from.ValueAt(row)), " does not fit ", to.ToString()));
    result->SetNull(row);
  }
  return result;
}

int32_t ScaleOf(const Type& type) { return type.kind == TypeKind::kDecimal ? type.scale : 0; }

std::optional<int64_t> WithinRange(__int128 value, const Int64Range& range) {
  if (value < range.low || value > range.high) return std::nullopt;
  return static_cast<int64_t>(value);
}

bool Contains(const Int64Range& outer, const Int64Range& inner) {
  return outer.low <= inner.low && outer.high >= inner.high;
}

ColumnPtr ExactToExact(const Column& from, const Type& to, RowErrors& errors) {
  const Int64Range range = RangeOf(to);
  const int32_t more_digits = ScaleOf(to) - ScaleOf(from.type());
  if (more_digits == 0 && Contains(range, RangeOf(from.type()))) return Retyped(from, to);
  const __int128 power = PowerOfTen(std::abs(more_digits));
  return ConvertAll<int64_t>(from, from.int64s(), to, errors, [&](int64_t value) {
    return WithinRange(more_digits >= 0 ? value * power : DivideRounded(value, power), range);
  });
}

ColumnPtr ExactToApproximate(const Column& from, const Type& to) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  const auto values = from.int64s();
  const auto out = result->mutable_doubles();
  const auto divisor = static_cast<double>(PowerOfTen(ScaleOf(from.type())));
  for (size_t row = 0; row < from.size(); ++row) out[row] = static_cast<double>(values[row]) / divisor;
  if (to.kind == TypeKind::kReal) {
    for (double& value : out) value = static_cast<double>(static_cast<float>(value));
  }
  return result;
}

ColumnPtr ApproximateToExact(const Column& from, const Type& to, RowErrors& errors) {
  const Int64Range range = RangeOf(to);
  const auto factor = static_cast<double>(PowerOfTen(ScaleOf(to)));
  return ConvertAll<int64_t>(from, from.doubles(), to, errors, [&](double value) -> std::optional<int64_t> {
    constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;
    const double rounded = std::round(value * factor);
    if (!(rounded >= -kTwoTo63 && rounded < kTwoTo63)) return std::nullopt;
    return WithinRange(static_cast<int64_t>(rounded), range);
  });
}

ColumnPtr ApproximateToApproximate(const Column& from, const Type& to, RowErrors& errors) {
  if (to.kind == TypeKind::kDouble) return Retyped(from, to);
  return ConvertAll<double>(from, from.doubles(), to, errors, [](double value) -> std::optional<double> {
    const auto narrow = static_cast<double>(static_cast<float>(value));
    return std::isfinite(narrow) ? std::optional(narrow) : std::nullopt;
  });
}

// A single-field interval as the number of its unit. Only SECOND has a fraction.
ColumnPtr IntervalToExact(const Column& from, const Type& to, RowErrors& errors) {
  const Int64Range range = RangeOf(to);
  const IntervalField field = from.type().to;
  const int64_t unit = data::IntervalFieldUnit(field);
  const __int128 power = PowerOfTen(ScaleOf(to));
  return ConvertAll<int64_t>(from, from.int64s(), to, errors, [&](int64_t value) {
    if (field != IntervalField::kSecond) return WithinRange(value / unit * power, range);
    return WithinRange(DivideRounded(value * power, unit), range);
  });
}

// Cut to the last field of `to`; its leading field must have the digits.
ColumnPtr IntervalToInterval(const Column& from, const Type& to, RowErrors& errors) {
  const int64_t unit = data::IntervalFieldUnit(to.to);
  const int64_t leading = data::IntervalFieldUnit(to.from);
  const __int128 limit = PowerOfTen(to.precision) * leading;
  return ConvertAll<int64_t>(from, from.int64s(), to, errors, [&](int64_t value) -> std::optional<int64_t> {
    if (value >= limit || value <= -limit) return std::nullopt;
    return to.to == IntervalField::kSecond ? value : value - value % unit;
  });
}

template <typename Convert>
ColumnPtr MapInt64(const Column& from, const Type& to, Convert convert) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  const auto values = from.int64s();
  const auto out = result->mutable_int64s();
  for (size_t row = 0; row < from.size(); ++row) out[row] = convert(values[row]);
  return result;
}

ColumnPtr DatetimeToDatetime(const Column& from, const Type& to, const EvalContext& context) {
  const TypeKind kind = from.type().kind;
  if (kind == to.kind) return Retyped(from, to);
  if (kind == TypeKind::kDate) return MapInt64(from, to, [](int64_t days) { return days * kDayMs; });
  if (kind == TypeKind::kTime) {  // On the day the query started, as the SQL standard has it.
    const int64_t today_ms = FloorDivide(context.query_start_unix_ms, kDayMs) * kDayMs;
    return MapInt64(from, to, [today_ms](int64_t ms) { return today_ms + ms; });
  }
  if (to.kind == TypeKind::kDate) return MapInt64(from, to, [](int64_t ms) { return FloorDivide(ms, kDayMs); });
  return MapInt64(from, to, [](int64_t ms) { return FloorModulo(ms, kDayMs); });
}

// BINARY(n) is filled with zero bytes, what is longer is cut.
ColumnPtr BinaryToBinary(const Column& from, const Type& to, bool implicit, RowErrors& errors) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  result->AddOwnersOf(from);
  const auto length_max = static_cast<size_t>(to.precision);
  const auto bytes = from.texts();
  const auto out = result->mutable_texts();
  for (size_t row = 0; row < from.size(); ++row) {
    out[row] = bytes[row].substr(0, length_max);
    if (from.null(row)) continue;
    if (implicit && bytes[row].size() > length_max) errors.CountCut();
    if (to.kind == TypeKind::kBinary && bytes[row].size() < length_max) {
      std::string padded(bytes[row]);
      padded.resize(length_max, '\0');
      out[row] = result->arena().Copy(padded);
    }
  }
  return result;
}

bool SameFamily(const Type& a, const Type& b) {
  return a.is_interval() && b.is_interval() && a.is_year_month() == b.is_year_month();
}

}  // namespace

bool CanCast(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kNull) return to.kind != TypeKind::kRow;
  if (from == to) return true;
  switch (from.kind) {
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
    case TypeKind::kDecimal:
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return to.is_numeric() || to.is_character();
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return to.is_numeric() || to.is_character() || to.is_datetime() || to.is_interval() ||
             to.kind == TypeKind::kBoolean;
    case TypeKind::kDate:
    case TypeKind::kTime:
      return to.kind == from.kind || to.kind == TypeKind::kTimestamp || to.is_character();
    case TypeKind::kTimestamp:
      return to.is_datetime() || to.is_character();
    case TypeKind::kInterval:
      return SameFamily(from, to) || to.is_character() || (to.is_exact() && from.from == from.to);
    case TypeKind::kBoolean:
      return to.kind == TypeKind::kBoolean || to.is_character();
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return to.is_binary();
    case TypeKind::kNull:
    case TypeKind::kRow:
      break;
  }
  return false;
}

bool CanAssign(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kNull) return to.kind != TypeKind::kRow;
  if (from == to) return true;
  if (to.is_numeric()) return from.is_numeric() || from.is_character();
  if (to.is_character()) return from.is_character();
  if (to.is_binary()) return from.is_binary();
  if (to.is_interval()) return SameFamily(from, to);
  return from.kind == to.kind && from.kind != TypeKind::kRow;
}

bool CastCanFail(const Type& from, const Type& to, bool /*implicit*/) {
  if (from.kind == TypeKind::kNull || from == to) return false;
  if (from.is_character()) return !to.is_character();
  if (to.is_character()) {
    constexpr int32_t kLongestText = 40;  // No value but text prints longer.
    return !from.is_interval() && to.precision < kLongestText;
  }
  if (from.is_interval()) return true;
  if (!from.is_numeric() || to.kind == TypeKind::kDouble) return false;
  if (to.kind == TypeKind::kReal) return from.kind == TypeKind::kDouble;
  if (from.is_approximate()) return true;
  return ScaleOf(from) != ScaleOf(to) || !Contains(RangeOf(to), RangeOf(from));
}

bool CastKeepsOrder(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.is_numeric() && to.is_numeric()) return true;
  if (from.is_datetime() && to.is_datetime()) return from.kind != TypeKind::kTime && to.kind != TypeKind::kTime;
  return from.is_interval() && (to.is_interval() || to.is_numeric());
}

ColumnPtr CastColumn(const ColumnPtr& column, const Type& to, bool implicit, const EvalContext& context,
                     RowErrors& errors) {
  const Type& from = column->type();
  if (from == to) return column;
  if (from.kind == TypeKind::kNull) return Column::MakeConstant(to, {}, column->size());
  if (to.is_character()) return CastToText(*column, to, implicit, errors);
  if (from.is_character()) return CastFromText(*column, to, errors);
  if (from.is_exact() && to.is_exact()) return ExactToExact(*column, to, errors);
  if (from.is_exact() && to.is_approximate()) return ExactToApproximate(*column, to);
  if (from.is_approximate() && to.is_exact()) return ApproximateToExact(*column, to, errors);
  if (from.is_approximate() && to.is_approximate()) return ApproximateToApproximate(*column, to, errors);
  if (from.is_datetime() && to.is_datetime()) return DatetimeToDatetime(*column, to, context);
  if (from.is_interval() && to.is_interval()) return IntervalToInterval(*column, to, errors);
  if (from.is_interval() && to.is_exact()) return IntervalToExact(*column, to, errors);
  if (from.is_binary() && to.is_binary()) return BinaryToBinary(*column, to, implicit, errors);
  TAILRACE_CHECK(false);
}

}  // namespace tailrace::sql
