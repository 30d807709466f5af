#include "engine/compare.h"

namespace tailrace::engine {

int CompareRows(const data::Column& column, size_t a, size_t b) {
  const bool null_a = column.null(a);
  const bool null_b = column.null(b);
  if (null_a || null_b) return static_cast<int>(null_b) - static_cast<int>(null_a);
  const auto compare = [](const auto& left, const auto& right) { return left < right ? -1 : right < left ? 1 : 0; };
  switch (column.type().physical()) {
    case data::Physical::kInt64:
      return compare(column.int64s()[a], column.int64s()[b]);
    case data::Physical::kDouble:
      return compare(column.doubles()[a], column.doubles()[b]);
    case data::Physical::kBool:
      return compare(column.bools()[a], column.bools()[b]);
    case data::Physical::kText:
      return compare(column.texts()[a], column.texts()[b]);
    case data::Physical::kNone:
    case data::Physical::kRow:
      break;
  }
  return 0;
}

}  // namespace tailrace::engine
