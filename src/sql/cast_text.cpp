#include "sql/cast_text.h"

#include <cmath>
#include <optional>

#include "base/str.h"
#include "data/text.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

constexpr char kCastFailed[] = "CAST_FAILED";
constexpr char kStringTooLong[] = "STRING_TOO_LONG";

std::string TextAt(const Column& column, size_t row) {
  const Type& type = column.type();
  switch (type.kind) {
    case TypeKind::kBoolean:
      return column.bools()[row] != 0 ? "TRUE" : "FALSE";
    case TypeKind::kReal:
      return data::FloatToText(static_cast<float>(column.doubles()[row]));
    case TypeKind::kDouble:
      return data::DoubleToText(column.doubles()[row]);
    case TypeKind::kDecimal:
      return data::DecimalToText(column.int64s()[row], type.scale);
    case TypeKind::kDate:
      return data::DateToText(column.int64s()[row]);
    case TypeKind::kTime:
      return data::TimeToText(column.int64s()[row]);
    case TypeKind::kTimestamp:
      return data::TimestampToText(column.int64s()[row]);
    case TypeKind::kInterval:
      return data::IntervalToText(type, column.int64s()[row]);
    default:
      return StrCat(column.int64s()[row]);
  }
}

// Values other than text. Their texts are ASCII, so bytes are characters.
ColumnPtr ValuesToText(const Column& from, const Type& to, RowErrors& errors) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  const auto length_max = static_cast<size_t>(to.precision);
  const auto out = result->mutable_texts();
  for (uint32_t row = 0; row < from.size(); ++row) {
    if (from.null(row)) continue;
    std::string text = TextAt(from, row);
    if (text.size() > length_max) {
      if (!from.type().is_interval()) {
        errors.Add(row, kStringTooLong, StrCat("CAST: ", Quoted(text), " does not fit ", to.ToString()));
        result->SetNull(row);
        continue;
      }
      text.resize(length_max);  // Documented: an interval's text is cut.
    }
    if (to.kind == TypeKind::kChar) text.resize(length_max, ' ');
    out[row] = result->arena().Copy(text);
  }
  return result;
}

ColumnPtr TextToText(const Column& from, const Type& to, bool implicit, RowErrors& errors) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  result->AddOwnersOf(from);
  const auto chars_max = static_cast<size_t>(to.precision);
  const auto texts = from.texts();
  const auto out = result->mutable_texts();
  for (size_t row = 0; row < from.size(); ++row) {
    out[row] = texts[row];
    if (texts[row].size() > chars_max) {
      out[row] = Utf8Prefix(texts[row], chars_max);
      if (implicit && out[row].size() < texts[row].size() && !from.null(row)) errors.CountCut();
    }
    if (to.kind == TypeKind::kChar && !from.null(row)) {
      const size_t length = Utf8Length(out[row]);
      if (length < chars_max) out[row] = result->arena().Copy(PadToChars(out[row], to.precision));
    }
  }
  return result;
}

// Parses every text; what gives nothing is the row's error.
template <typename T, typename Parse>
ColumnPtr ParseAll(const Column& from, const Type& to, RowErrors& errors, Parse parse) {
  auto result = std::make_shared<Column>(to, from.size());
  result->mutable_validity() = from.validity();
  const auto texts = from.texts();
  for (uint32_t row = 0; row < from.size(); ++row) {
    if (from.null(row)) continue;
    const std::optional<T> value = parse(Trim(texts[row]));
    if (!value) {
      errors.Add(row, kCastFailed, StrCat("CAST: ", Quoted(texts[row]), " is no ", to.ToString()));
      result->SetNull(row);
    } else if constexpr (std::is_same_v<T, int64_t>) {
      result->mutable_int64s()[row] = *value;
    } else if constexpr (std::is_same_v<T, double>) {
      result->mutable_doubles()[row] = *value;
    } else {
      result->mutable_bools()[row] = *value ? 1 : 0;
    }
  }
  return result;
}

ColumnPtr ParseExact(const Column& from, const Type& to, RowErrors& errors) {
  const Int64Range range = RangeOf(to);
  const int32_t scale = to.kind == TypeKind::kDecimal ? to.scale : 0;
  return ParseAll<int64_t>(from, to, errors, [&](std::string_view text) -> std::optional<int64_t> {
    const auto value = data::ParseDecimal(text, scale);
    if (!value || *value < range.low || *value > range.high) return std::nullopt;
    return value;
  });
}

ColumnPtr ParseApproximate(const Column& from, const Type& to, RowErrors& errors) {
  const bool real = to.kind == TypeKind::kReal;
  return ParseAll<double>(from, to, errors, [&](std::string_view text) -> std::optional<double> {
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    const auto value = ParseDouble(text);
    if (!value) return std::nullopt;
    const double stored = real ? static_cast<double>(static_cast<float>(*value)) : *value;
    return std::isfinite(stored) ? std::optional(stored) : std::nullopt;
  });
}

ColumnPtr ParseBoolean(const Column& from, const Type& to, RowErrors& errors) {
  return ParseAll<bool>(from, to, errors, [](std::string_view text) -> std::optional<bool> {
    if (EqualsIgnoreCase(text, "TRUE")) return true;
    if (EqualsIgnoreCase(text, "FALSE")) return false;
    return std::nullopt;
  });
}

ColumnPtr ParseIntervals(const Column& from, const Type& to, RowErrors& errors) {
  return ParseAll<int64_t>(from, to, errors, [&](std::string_view text) -> std::optional<int64_t> {
    const auto value = data::ParseInterval(to, text);
    return value.ok() ? std::optional(*value) : std::nullopt;
  });
}

}  // namespace

std::string PadToChars(std::string_view text, int32_t chars) {
  const size_t length = Utf8Length(text);
  const auto wanted = static_cast<size_t>(chars);
  std::string padded(text);
  if (length < wanted) padded.append(wanted - length, ' ');
  return padded;
}

ColumnPtr CastToText(const Column& from, const Type& to, bool implicit, RowErrors& errors) {
  return from.type().is_character() ? TextToText(from, to, implicit, errors) : ValuesToText(from, to, errors);
}

ColumnPtr CastFromText(const Column& from, const Type& to, RowErrors& errors) {
  switch (to.kind) {
    case TypeKind::kBoolean:
      return ParseBoolean(from, to, errors);
    case TypeKind::kReal:
    case TypeKind::kDouble:
      return ParseApproximate(from, to, errors);
    case TypeKind::kDate:
      return ParseAll<int64_t>(from, to, errors, data::ParseDate);
    case TypeKind::kTime:
      return ParseAll<int64_t>(from, to, errors, data::ParseTime);
    case TypeKind::kTimestamp:
      return ParseAll<int64_t>(from, to, errors,
                               [](std::string_view text) { return data::ParseTimestamp(text, false); });
    case TypeKind::kInterval:
      return ParseIntervals(from, to, errors);
    default:
      return ParseExact(from, to, errors);
  }
}

}  // namespace tailrace::sql
