#include "sql/foreign_names.h"

#include <algorithm>

namespace tailrace::sql {
namespace {

struct ForeignFunction {
  std::string_view name;
  std::string_view hint;
};

constexpr std::string_view kWindow = "a window is a key of GROUP BY: STEP(s.ROWTIME BY INTERVAL '1' MINUTE)";
constexpr std::string_view kWindowTime =
    "STEP(s.ROWTIME BY ...) in the select list is the window's start, ROWTIME its end";
constexpr std::string_view kSubstring = "write SUBSTRING(text FROM start FOR length)";
constexpr std::string_view kLength = "write CHAR_LENGTH(text)";
constexpr std::string_view kNow =
    "write CURRENT_ROW_TIMESTAMP for the row's time, CURRENT_TIMESTAMP for the program's start";
constexpr std::string_view kCoalesce = "write COALESCE(a, b)";
constexpr std::string_view kCase = "write CASE WHEN condition THEN a ELSE b END";
constexpr std::string_view kParse = "write CHAR_TO_TIMESTAMP('yyyy-MM-dd HH:mm:ss', text)";
constexpr std::string_view kFormat = "write TIMESTAMP_TO_CHAR('yyyy-MM-dd HH:mm:ss', timestamp)";
constexpr std::string_view kDifference = "write TSDIFF(a, b) for a - b in ms, or (a - b) SECOND";
constexpr std::string_view kShift = "add an interval: t + INTERVAL '5' MINUTE";
constexpr std::string_view kFloor = "write FLOOR(t TO HOUR) or STEP(t BY INTERVAL '10' MINUTE)";
constexpr std::string_view kPosition = "write POSITION(part IN text)";
constexpr std::string_view kReplace = "write REGEX_REPLACE(text, 'regex', 'replacement', 1, 0)";
constexpr std::string_view kFind = "write SUBSTRING(text FROM 'regex'), or REGEX_LOG_PARSE for its groups";
constexpr std::string_view kPart = "write EXTRACT(HOUR FROM t)";
constexpr std::string_view kConcat = "write a || b";
constexpr std::string_view kPower = "write POWER(x, y)";
constexpr std::string_view kCount = "write COUNT(*)";

constexpr ForeignFunction kFunctions[] = {
    {"ADDDATE", kShift},
    {"CHARINDEX", kPosition},
    {"CNT", kCount},
    {"CONCAT", kConcat},
    {"CURDATE", "write CURRENT_DATE"},
    {"DATEADD", kShift},
    {"DATEDIFF", kDifference},
    {"DATEPART", kPart},
    {"DATE_ADD", kShift},
    {"DATE_DIFF", kDifference},
    {"DATE_FORMAT", kFormat},
    {"DATE_PART", kPart},
    {"DATE_SUB", kShift},
    {"DATE_TRUNC", kFloor},
    {"DECODE", kCase},
    {"FORMAT_TIMESTAMP", kFormat},
    {"FROM_UNIXTIME", "write TO_TIMESTAMP(milliseconds)"},
    {"GETDATE", kNow},
    {"GREATEST", kCase},
    {"HOP", kWindow},
    {"IF", kCase},
    {"IFNULL", kCoalesce},
    {"IIF", kCase},
    {"INSTR", kPosition},
    {"ISNULL", "write COALESCE(a, b), or a IS NULL"},
    {"LCASE", "write LOWER(text)"},
    {"LEAST", kCase},
    {"LEFT", kSubstring},
    {"LEN", kLength},
    {"LENGTH", kLength},
    {"LOCATE", kPosition},
    {"LOG", "write LN(x) or LOG10(x)"},
    {"LTRIM", "write TRIM(LEADING ' ' FROM text)"},
    {"MEAN", "write AVG(x)"},
    {"MID", kSubstring},
    {"NOW", kNow},
    {"NVL", kCoalesce},
    {"NVL2", kCase},
    {"PARSE_DATE", kParse},
    {"POW", kPower},
    {"REGEXP_EXTRACT", kFind},
    {"REGEXP_MATCH", kFind},
    {"REGEXP_REPLACE", kReplace},
    {"REPLACE", kReplace},
    {"RIGHT", kSubstring},
    {"RTRIM", "write TRIM(TRAILING ' ' FROM text)"},
    {"SESSION", "write WINDOWED BY STAGGER (...) for windows a key"},
    {"SPLIT_PART", kFind},
    {"STDEV", "write STDDEV_SAMP(x)"},
    {"STRPOS", kPosition},
    {"STR_TO_DATE", kParse},
    {"SUBSTR", kSubstring},
    {"SYSDATE", kNow},
    {"TIMEDIFF", kDifference},
    {"TIMESTAMPADD", kShift},
    {"TIMESTAMPDIFF", kDifference},
    {"TIME_BUCKET", kFloor},
    {"TO_CHAR", kFormat},
    {"TO_DATE", "write CHAR_TO_DATE('yyyy-MM-dd', text)"},
    {"TRUNC", "write TRUNCATE(x, digits), or FLOOR(t TO DAY)"},
    {"TUMBLE", kWindow},
    {"TUMBLE_END", kWindowTime},
    {"TUMBLE_START", kWindowTime},
    {"UCASE", "write UPPER(text)"},
};

}  // namespace

std::string_view ForeignFunctionHint(std::string_view name) {
  const auto* const found = std::ranges::find(kFunctions, name, &ForeignFunction::name);
  return found == std::end(kFunctions) ? std::string_view() : found->hint;
}

}  // namespace tailrace::sql
