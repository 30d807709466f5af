#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/column.h"
#include "data/type.h"

namespace tailrace::ingest {

// What stands in a record for one column, before it has the column's type.
struct RawValue {
  enum class Kind : uint8_t {
    kNull,  // Absent, or null.
    kTrue,
    kFalse,
    kNumber,   // `text`: the number as written.
    kString,   // `text`: UTF-8, unescaped.
    kNested,   // An array or object; `text`: its source.
    kInstant,  // Log formats only: a time as `instant_unix_ms`, for datetime columns.
  };
  Kind kind = Kind::kNull;
  std::string_view text;
  int64_t instant_unix_ms = 0;
};

// One value of a column's physical form.
struct Slot {
  int64_t int64 = 0;  // Also BOOLEAN, as 0 or 1.
  double float64 = 0;
  std::string_view text;
  bool null = true;
  bool truncated = false;  // The text was cut to the type's length.
};

// Turns a raw value into the column's type. Text that is not just a part of `raw` is put into `arena`.
// Output  False when the value does not fit; `slot` is then unspecified.
// Source  Spec section 9.1, the conversion table; Kinesis Data Analytics developer guide, "Mapping data types".
bool Coerce(const data::Type& type, const RawValue& raw, data::Arena& arena, Slot& slot);

// The reason for an error stream: `column "response": "abc" is not INTEGER`.
std::string CoercionMessage(std::string_view column, const data::Type& type, const RawValue& raw);

}  // namespace tailrace::ingest
