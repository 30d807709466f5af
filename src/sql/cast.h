#pragma once

#include "data/column.h"
#include "data/type.h"
#include "sql/evaluate.h"

// Conversions between the SQL types. Source: docs/sql-dialect.md, sections 2.3, 2.6 and 2.7.

namespace tailrace::sql {

// Whether CAST(from AS to) is written legally.
bool CanCast(const data::Type& from, const data::Type& to);
// Whether a value may be assigned without CAST: INSERT into a column, an argument to its parameter.
// Text to a number is accepted as the service did.
bool CanAssign(const data::Type& from, const data::Type& to);
// Whether some value of `from` fails on the way.
bool CastCanFail(const data::Type& from, const data::Type& to, bool implicit);
// Whether the conversion keeps the order of values, so that a monotonic expression stays so.
bool CastKeepsOrder(const data::Type& from, const data::Type& to);

// Converts a whole column. CanCast or CanAssign holds for the pair.
//   implicit   text that is too long for its column is cut and counted; explicit casts of text cut without counting.
// Errors  per row: CAST_FAILED (form), NUMERIC_OVERFLOW (range), STRING_TOO_LONG.
data::ColumnPtr CastColumn(const data::ColumnPtr& column, const data::Type& to, bool implicit,
                           const EvalContext& context, RowErrors& errors);

}  // namespace tailrace::sql
