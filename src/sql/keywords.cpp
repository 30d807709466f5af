#include "sql/keywords.h"

#include <algorithm>
#include <iterator>

#include "base/str.h"

namespace tailrace::sql {
namespace {

// Each list is in byte order.
// clang-format off
constexpr std::string_view kReserved[] = {
    "ABS", "ALL", "ALLOCATE", "ALLOW", "ALTER", "ANALYZE", "AND", "ANY", "APPROXIMATE_ARRIVAL_TIME", "ARE",
    "ARRAY", "AS", "ASENSITIVE", "ASYMMETRIC", "AT", "ATOMIC", "AUTHORIZATION", "AVG", "BEGIN", "BETWEEN",
    "BIGINT", "BINARY", "BIT", "BLOB", "BOOLEAN", "BOTH", "BY", "CALL", "CALLED", "CARDINALITY", "CASCADED",
    "CASE", "CAST", "CEIL", "CEILING", "CHAR", "CHARACTER", "CHARACTER_LENGTH", "CHAR_LENGTH", "CHECK",
    "CHECKPOINT", "CLOB", "CLOSE", "CLUSTERED", "COALESCE", "COLLATE", "COLLECT", "COLUMN", "COMMIT", "CONDITION",
    "CONNECT", "CONSTRAINT", "CONVERT", "CORR", "CORRESPONDING", "COUNT", "COVAR_POP", "COVAR_SAMP", "CREATE",
    "CROSS", "CUBE", "CUME_DIST", "CURRENT", "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_DEFAULT_TRANSFORM_GROUP",
    "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME", "CURRENT_TIMESTAMP",
    "CURRENT_TRANSFORM_GROUP_FOR_TYPE", "CURRENT_USER", "CURSOR", "CYCLE", "DATE", "DAY", "DEALLOCATE", "DEC",
    "DECIMAL", "DECLARE", "DEFAULT", "DELETE", "DENSE_RANK", "DEREF", "DESCRIBE", "DETERMINISTIC", "DISALLOW",
    "DISCONNECT", "DISTINCT", "DOUBLE", "DROP", "DYNAMIC", "EACH", "ELEMENT", "ELSE", "END", "END-EXEC", "ESCAPE",
    "EVERY", "EXCEPT", "EXEC", "EXECUTE", "EXISTS", "EXP", "EXPLAIN", "EXP_AVG", "EXTERNAL", "EXTRACT", "FALSE",
    "FETCH", "FILTER", "FIRST_VALUE", "FLOAT", "FLOOR", "FOR", "FOREIGN", "FREE", "FROM", "FULL", "FUNCTION",
    "FUSION", "GET", "GLOBAL", "GRANT", "GROUP", "GROUPING", "HAVING", "HOLD", "HOUR", "IDENTITY", "IGNORE",
    "IMPORT", "IN", "INDICATOR", "INITCAP", "INNER", "INOUT", "INSENSITIVE", "INSERT", "INT", "INTEGER",
    "INTERSECT", "INTERSECTION", "INTERVAL", "INTO", "IS", "JOIN", "LANGUAGE", "LARGE", "LAST_VALUE", "LATERAL",
    "LEADING", "LEFT", "LIKE", "LIMIT", "LN", "LOCAL", "LOCALTIME", "LOCALTIMESTAMP", "LOWER", "MATCH", "MAX",
    "MEMBER", "MERGE", "METHOD", "MIN", "MINUTE", "MOD", "MODIFIES", "MODULE", "MONTH", "MULTISET", "NATIONAL",
    "NATURAL", "NCHAR", "NCLOB", "NEW", "NO", "NODE", "NONE", "NORMALIZE", "NOT", "NTH_VALUE", "NULL", "NULLIF",
    "NUMERIC", "OCTET_LENGTH", "OF", "OLD", "ON", "ONLY", "OPEN", "OR", "ORDER", "OUT", "OUTER", "OVER",
    "OVERLAPS", "OVERLAY", "PARAMETER", "PARTITION", "PARTITION_ID", "PARTITION_KEY", "PERCENTILE_CONT",
    "PERCENTILE_DISC", "PERCENT_RANK", "POSITION", "POWER", "PRECISION", "PREPARE", "PRIMARY", "PROCEDURE",
    "RANGE", "RANK", "READS", "REAL", "RECURSIVE", "REF", "REFERENCES", "REFERENCING", "REGR_AVGX", "REGR_AVGY",
    "REGR_COUNT", "REGR_INTERCEPT", "REGR_R2", "REGR_SLOPE", "REGR_SXX", "REGR_SXY", "RELEASE", "RESPECT",
    "RESULT", "RETURN", "RETURNS", "REVOKE", "RIGHT", "ROLLBACK", "ROLLUP", "ROW", "ROWS", "ROWTIME",
    "ROW_NUMBER", "SAVEPOINT", "SCOPE", "SCROLL", "SEARCH", "SECOND", "SELECT", "SENSITIVE", "SEQUENCE_NUMBER",
    "SESSION_USER", "SET", "SHARD_ID", "SIMILAR", "SMALLINT", "SOME", "SORT", "SPECIFIC", "SQL", "SQLEXCEPTION",
    "SQLSTATE", "SQLWARNING", "SQRT", "START", "STATIC", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "STOP", "STREAM",
    "SUBMULTISET", "SUBSTRING", "SUM", "SYMMETRIC", "SYSTEM", "SYSTEM_USER", "TABLE", "TABLESAMPLE", "THEN",
    "TIME", "TIMESTAMP", "TIMEZONE_HOUR", "TIMEZONE_MINUTE", "TINYINT", "TO", "TRAILING", "TRANSLATE",
    "TRANSLATION", "TREAT", "TRIGGER", "TRIM", "TRUE", "TRUNCATE", "UESCAPE", "UNION", "UNIQUE", "UNKNOWN",
    "UNNEST", "UPDATE", "UPPER", "USER", "USING", "VALUE", "VALUES", "VARBINARY", "VARCHAR", "VARYING", "VAR_POP",
    "VAR_SAMP", "WHEN", "WHENEVER", "WHERE", "WIDTH_BUCKET", "WINDOW", "WITH", "WITHIN", "WITHOUT", "YEAR",
};

constexpr std::string_view kStructural[] = {
    "ALL", "AND", "AS", "BETWEEN", "BY", "CASE", "CREATE", "CROSS", "CURSOR", "DISTINCT", "ELSE", "END", "ESCAPE",
    "EXCEPT", "EXISTS", "FALSE", "FETCH", "FOR", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER", "INSERT",
    "INTERSECT", "INTERVAL", "INTO", "IS", "JOIN", "LEFT", "LIKE", "LIMIT", "NATURAL", "NOT", "NULL", "ON", "OR",
    "ORDER", "OUTER", "OVER", "OVERLAPS", "PARTITION", "RANGE", "RETURN", "RIGHT", "ROWS", "SELECT", "SIMILAR",
    "STREAM", "TABLE", "THEN", "TO", "TRUE", "UESCAPE", "UNION", "UNKNOWN", "USING", "VALUES", "WHEN", "WHERE",
    "WINDOW", "WITH",
};

// Syntax words that the reference leaves unreserved.
constexpr std::string_view kUnreserved[] = {
    "ASC", "CONTAINS", "CURRENT_ROW_TIMESTAMP", "DESC", "DESCRIPTION", "EQUALS", "EXPEDITED", "FIRST",
    "FOLLOWING", "IMMEDIATELY", "INPUT", "LAG", "LAGS", "LAST", "LEADS", "MONOTONIC", "NULLS", "OPTIONS",
    "PERIOD", "PLACING", "PRECEDES", "PRECEDING", "PUMP", "REPLACE", "STAGGER", "STARTED", "STEP", "STOPPED",
    "STRICTLY", "SUCCEEDS", "TYPE", "UNBOUNDED", "VIEW", "WINDOWED",
};
// clang-format on

template <size_t N>
bool Contains(const std::string_view (&sorted)[N], std::string_view word) {
  return std::binary_search(std::begin(sorted), std::end(sorted), word);
}

}  // namespace

bool IsReserved(std::string_view word) { return Contains(kReserved, word); }

bool IsStructural(std::string_view word) { return Contains(kStructural, word); }

bool IsKeyword(std::string_view word) { return IsReserved(word) || Contains(kUnreserved, word); }

std::string_view SlipOf(std::string_view word, std::span<const std::string_view> expected) {
  constexpr size_t kSlipCharsMin = 3;  // Shorter words are near to too much.
  constexpr size_t kKeywordCharsMax = 40;
  if (word.size() < kSlipCharsMin || word.size() > kKeywordCharsMax || IsKeyword(word)) return {};
  if (word.find_first_of("0123456789") != std::string_view::npos) return {};  // LEFT1 is a name.
  for (const std::string_view candidate : expected) {
    if (candidate.size() >= kSlipCharsMin && EditDistance(word, candidate) == 1) return candidate;
  }
  return {};
}

}  // namespace tailrace::sql
