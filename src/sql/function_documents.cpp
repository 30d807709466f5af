#include "sql/function_documents.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tailrace::sql {
namespace {

constexpr std::array<std::string_view, 9> kFamilies = {
    "operator", "conversion", "null", "numeric", "string", "datetime", "log parsing", "aggregate", "table function"};

size_t PlaceOf(const FunctionDocument& document) {
  return static_cast<size_t>(std::ranges::find(kFamilies, document.family) - kFamilies.begin());
}

// What the binder resolves itself: forms with a syntax of their own, and the clock.
std::vector<FunctionDocument> OwnForms() {
  return {
      {"AND, OR",
       "operator",
       "a AND b, a OR b",
       "Three-valued: FALSE decides AND, TRUE decides OR, else NULL wins.",
       {{"TRUE OR NULL", "TRUE"}, {"FALSE AND NULL", "FALSE"}, {"TRUE AND NULL", "NULL"}}},
      {"BETWEEN",
       "operator",
       "x [NOT] BETWEEN [ASYMMETRIC | SYMMETRIC] low AND high",
       "Both ends belong to the range. SYMMETRIC takes the ends in either order.",
       {{"3 BETWEEN 1 AND 3", "TRUE"}, {"2 BETWEEN 3 AND 1", "FALSE"}, {"2 BETWEEN SYMMETRIC 3 AND 1", "TRUE"}}},
      {"IN",
       "operator",
       "x [NOT] IN (a, b, ...)",
       "Whether x equals one of the list. NULL when only a NULL could be it.",
       {{"2 IN (1, 2)", "TRUE"}, {"2 IN (1, NULL)", "NULL"}}},
      {"Period predicates",
       "operator",
       "[PERIOD] (start, end) predicate [PERIOD] (start, end)",
       "EQUALS, CONTAINS, OVERLAPS, PRECEDES, SUCCEEDS, LEADS, LAGS, with STRICTLY or IMMEDIATELY where that has a "
       "meaning; section 6.3 of sql-dialect.md.",
       {{"(TIMESTAMP '2024-06-01 10:00:00', TIMESTAMP '2024-06-01 12:00:00') CONTAINS TIMESTAMP '2024-06-01 11:00:00'",
         "TRUE"}}},
      {"CASE",
       "conversion",
       "CASE [x] WHEN a THEN b ... [ELSE c] END",
       "The first condition that is TRUE decides; without ELSE the rest is NULL.",
       {{"CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b"}, {"CASE 3 WHEN 1 THEN 'one' END", "NULL"}}},
      {"CAST",
       "conversion",
       "CAST(x AS type)",
       "The value as another type; section 2.7 of sql-dialect.md says from what to what.",
       {{"CAST(-1.7 AS INTEGER)", "-2"},
        {"CAST('2007-02-19' AS DATE)", "2007-02-19"},
        {"CAST('x' AS INTEGER)", "ERROR"}}},
      {"CURRENT_DATE", "datetime", "CURRENT_DATE", "The day on which the query started, UTC.", {}},
      {"CURRENT_ROW_TIMESTAMP",
       "datetime",
       "CURRENT_ROW_TIMESTAMP",
       "ROWTIME of the row, so that a replay gives the same.",
       {}},
      {"CURRENT_TIME, LOCALTIME",
       "datetime",
       "CURRENT_TIME[(precision)], LOCALTIME[(precision)]",
       "The time of day at which the query started, UTC.",
       {}},
      {"CURRENT_TIMESTAMP, LOCALTIMESTAMP",
       "datetime",
       "CURRENT_TIMESTAMP[(precision)], LOCALTIMESTAMP[(precision)]",
       "The time at which the query started, UTC; the option current_timestamp_per_row makes it the row's.",
       {}},
      {"MONOTONIC",
       "datetime",
       "MONOTONIC(x)",
       "x, with the promise that it never falls, so that it may be a window key. Nobody checks the promise.",
       {{"MONOTONIC(5)", "5"}}},
  };
}

}  // namespace

std::vector<FunctionDocument> FunctionDocuments() {
  std::vector<FunctionDocument> all = OwnForms();
  for (const auto& [name, function] : BuiltinFunctions().all()) {
    all.push_back({.name = name,
                   .family = function.family,
                   .syntax = function.syntax,
                   .summary = function.summary,
                   .examples = function.examples});
  }
  for (std::vector<FunctionDocument> part : {AggregateDocuments(), TableFunctionDocuments()}) {
    std::ranges::move(part, std::back_inserter(all));
  }
  std::ranges::stable_sort(all, [](const FunctionDocument& a, const FunctionDocument& b) {
    return PlaceOf(a) != PlaceOf(b) ? PlaceOf(a) < PlaceOf(b) : a.name < b.name;
  });
  return all;
}

}  // namespace tailrace::sql
