#include "data/text.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::data {

std::string ToSqlText(const Type& type, const Value& value) {
  switch (type.kind) {
    case TypeKind::kBoolean:
      return value.boolean() ? "TRUE" : "FALSE";
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInteger:
    case TypeKind::kBigint:
      return StrCat(value.int64());
    case TypeKind::kDecimal:
      return DecimalToText(value.int64(), type.scale);
    case TypeKind::kReal:
      return FloatToText(static_cast<float>(value.float64()));
    case TypeKind::kDouble:
      return DoubleToText(value.float64());
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return value.text();
    case TypeKind::kBinary:
    case TypeKind::kVarbinary:
      return ToHex(value.text());
    case TypeKind::kDate:
      return DateToText(value.int64());
    case TypeKind::kTime:
      return TimeToText(value.int64());
    case TypeKind::kTimestamp:
      return TimestampToText(value.int64());
    case TypeKind::kInterval:
      return IntervalToText(type, value.int64());
    case TypeKind::kNull:
    case TypeKind::kRow:
      break;
  }
  TAILRACE_CHECK(false);
}

}  // namespace tailrace::data
