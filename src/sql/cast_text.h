#pragma once

#include "data/column.h"
#include "data/type.h"
#include "sql/evaluate.h"

// The halves of CastColumn that deal with text. `to` or `from` is a character type.

namespace tailrace::sql {

data::ColumnPtr CastToText(const data::Column& from, const data::Type& to, bool implicit, RowErrors& errors);
data::ColumnPtr CastFromText(const data::Column& from, const data::Type& to, RowErrors& errors);

// Blanks up to `chars` code points behind `text`, for CHAR(chars).
std::string PadToChars(std::string_view text, int32_t chars);

}  // namespace tailrace::sql
