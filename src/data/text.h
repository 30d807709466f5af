#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "data/type.h"
#include "data/value.h"

// The one place that turns values into text and text into values. The SQL's CAST, the input mapping, the outputs, the
// dashboards and the tests all call these. Source: spec sections 2.6, 2.7, 9.1 and 9.4 of docs/sql-dialect.md.

namespace tailrace::data {

// Text of a value as CAST(x AS VARCHAR) prints it: "2007-02-19 21:25:35" (fraction only when not zero), "12.50",
// "1.0E10", "TRUE", "+2 00:06:11"; bytes as hex digits. `value` is not NULL and not of a row type.
std::string ToSqlText(const Type& type, const Value& value);

// The same for one type each; a fraction of three digits only when it is not zero.
std::string DateToText(int64_t days);
std::string TimeToText(int64_t ms);
std::string TimestampToText(int64_t unix_ms);

// Text of a TIMESTAMP as outputs write it: always three fraction digits, "2018-11-01 01:00:00.000".
std::string TimestampToOutputText(int64_t unix_ms);

// DOUBLE as Java's Double.toString: "1.0", "0.1", "1.0E10".
std::string DoubleToText(double value);
// REAL as Java's Float.toString.
std::string FloatToText(float value);
// "12.50" from 1250 and scale 2.
std::string DecimalToText(int64_t unscaled, int32_t scale);

// One JSON value without surrounding space: number, string, boolean, null. TIMESTAMP by TimestampToOutputText.
void AppendJson(std::string& json, const Type& type, const Value& value);
// A JSON string; bytes that are not valid UTF-8 are replaced.
void AppendJsonString(std::string& json, std::string_view text);
// The same for text that is known to be valid UTF-8.
void AppendJsonUtf8(std::string& json, std::string_view text);

// Strict parsers behind CAST from text and the input mapping; nothing when the text is not of the form.
std::optional<int64_t> ParseDate(std::string_view text);  // yyyy-MM-dd
std::optional<int64_t> ParseTime(std::string_view text);  // HH:mm:ss[.fff]
// yyyy-MM-dd HH:mm:ss[.f...]; `lenient` also takes T for the blank, a date alone, and Z or an offset at the end.
std::optional<int64_t> ParseTimestamp(std::string_view text, bool lenient);
// Decimal digits to an unscaled value of `scale`, rounding half away from zero; nothing on bad form or overflow.
std::optional<int64_t> ParseDecimal(std::string_view text, int32_t scale);

// Days since 1970-01-01 of a proleptic Gregorian date; nothing when there is no such day.
std::optional<int64_t> DaysFromCivil(int64_t year, int64_t month, int64_t day);
struct CivilDate {
  int64_t year;
  int32_t month;
  int32_t day;
};
CivilDate CivilFromDays(int64_t days);

// Interval text with its sign, "+4 04", and the literal's text back to a value. Errors: kInvalidArgument with the rule
// that the text broke.
std::string IntervalToText(const Type& type, int64_t value);
Result<int64_t> ParseInterval(const Type& type, std::string_view text);

}  // namespace tailrace::data
