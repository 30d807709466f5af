#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::data {

// The SQL types of the dialect, plus kNull (an untyped NULL) and kRow (result of a log-parsing function).
enum class TypeKind : uint8_t {
  kNull,
  kBoolean,
  kTinyint,
  kSmallint,
  kInteger,
  kBigint,
  kDecimal,
  kReal,
  kDouble,
  kChar,
  kVarchar,
  kBinary,
  kVarbinary,
  kDate,
  kTime,
  kTimestamp,
  kInterval,
  kRow,
};

// How values of a type lie in a column.
//   kInt64   all integers; DECIMAL as unscaled value; DATE in days, TIME and TIMESTAMP in ms (since midnight, since
//            1970-01-01 UTC); day-time INTERVAL in ms, year-month INTERVAL in months.
//   kDouble  REAL (rounded to float after every operation) and DOUBLE.
//   kBool    one byte, 0 or 1.
//   kText    CHAR (blank-padded), VARCHAR as UTF-8; BINARY, VARBINARY as bytes.
//   kRow     one child column a field.
//   kNone    untyped NULL: no values.
enum class Physical : uint8_t { kNone, kInt64, kDouble, kBool, kText, kRow };

enum class IntervalField : uint8_t { kYear, kMonth, kDay, kHour, kMinute, kSecond };

struct RowType;

inline constexpr int32_t kVarcharLengthMax = 65'535;
inline constexpr int32_t kDecimalPrecisionMax = 19;  // Arithmetic caps at 18; declarations may say 19.

struct Type {
  TypeKind kind = TypeKind::kNull;
  int32_t precision = 0;  // DECIMAL digits; CHAR, VARCHAR characters; BINARY, VARBINARY bytes; INTERVAL leading digits.
  int32_t scale = 0;      // DECIMAL fraction digits; INTERVAL fractional second digits.
  IntervalField from = IntervalField::kDay;      // INTERVAL only: leading field ...
  IntervalField to = IntervalField::kSecond;     // ... and last field; the same for a single field.
  std::shared_ptr<const RowType> row = nullptr;  // ROW only.

  static Type Null() { return {}; }
  static Type Of(TypeKind kind) { return {.kind = kind}; }
  static Type Boolean() { return Of(TypeKind::kBoolean); }
  static Type Integer() { return Of(TypeKind::kInteger); }
  static Type Bigint() { return Of(TypeKind::kBigint); }
  static Type Double() { return Of(TypeKind::kDouble); }
  static Type Timestamp() { return Of(TypeKind::kTimestamp); }
  static Type Date() { return Of(TypeKind::kDate); }
  static Type Time() { return Of(TypeKind::kTime); }
  static Type Varchar(int32_t chars = kVarcharLengthMax) { return {.kind = TypeKind::kVarchar, .precision = chars}; }
  static Type Char(int32_t chars) { return {.kind = TypeKind::kChar, .precision = chars}; }
  static Type Decimal(int32_t precision, int32_t scale) {
    return {.kind = TypeKind::kDecimal, .precision = precision, .scale = scale};
  }
  static Type Interval(IntervalField from, IntervalField to, int32_t precision = 2, int32_t scale = 3) {
    return {.kind = TypeKind::kInterval, .precision = precision, .scale = scale, .from = from, .to = to};
  }
  static Type Row(std::shared_ptr<const RowType> row) { return {.kind = TypeKind::kRow, .row = std::move(row)}; }

  Physical physical() const;
  bool is_integer() const { return kind >= TypeKind::kTinyint && kind <= TypeKind::kBigint; }
  bool is_exact() const { return kind >= TypeKind::kTinyint && kind <= TypeKind::kDecimal; }
  bool is_approximate() const { return kind == TypeKind::kReal || kind == TypeKind::kDouble; }
  bool is_numeric() const { return is_exact() || is_approximate(); }
  bool is_character() const { return kind == TypeKind::kChar || kind == TypeKind::kVarchar; }
  bool is_binary() const { return kind == TypeKind::kBinary || kind == TypeKind::kVarbinary; }
  bool is_datetime() const { return kind >= TypeKind::kDate && kind <= TypeKind::kTimestamp; }
  bool is_interval() const { return kind == TypeKind::kInterval; }
  bool is_year_month() const { return is_interval() && from <= IntervalField::kMonth; }

  // As written in SQL: "VARCHAR(16)", "DECIMAL(10,2)", "INTERVAL DAY TO SECOND(3)".
  std::string ToString() const;

  bool operator==(const Type& other) const;
};

struct Field {
  std::string name;  // As stored: folded to upper case unless it was quoted.
  Type type;
  bool not_null = false;
  bool hidden = false;  // Travels along, but is no part of the row that people see.
  bool operator==(const Field&) const = default;
};

struct RowType {
  std::vector<Field> fields;
};

std::string_view IntervalFieldName(IntervalField field);  // "SECOND"
// Milliseconds in one unit of a day-time field; months for a year-month field.
int64_t IntervalFieldUnit(IntervalField field);

// Parses a column type as the service's InputSchema and CREATE STREAM write it: "VARCHAR(16)", "DOUBLE PRECISION",
// "decimal(10, 2)". Errors: kInvalidArgument.
Result<Type> ParseType(std::string_view text);

}  // namespace tailrace::data
