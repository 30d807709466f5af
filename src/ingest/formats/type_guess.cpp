#include "ingest/formats/type_guess.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/str.h"
#include "data/text.h"
#include "ingest/formats/exact_number.h"
#include "ingest/formats/log_line.h"

namespace tailrace::ingest {

void TypeGuess::SeeText(std::string_view text) {
  ++values_;
  chars_max_ = std::max(chars_max_, Utf8Length(text));
  if (IsJsonNumber(text)) {
    ++doubles_;
    if (const std::optional<int64_t> value = ParseInt64(text)) {
      ++bigints_;
      const bool small = *value >= std::numeric_limits<int32_t>::min() && *value <= std::numeric_limits<int32_t>::max();
      if (small) ++integers_;
    }
  } else if (text == "true" || text == "false") {
    ++booleans_;
  } else if (text.size() > 10 && data::ParseTimestamp(text, /*lenient=*/true).has_value()) {
    ++timestamps_;
  } else if (ParseLogTime(text).has_value()) {
    ++log_times_;
  }
}

void TypeGuess::SeeNested(std::string_view source) {
  ++values_;
  chars_max_ = std::max(chars_max_, Utf8Length(source));
}

data::Type TypeGuess::Propose() const {
  if (values_ == 0) return data::Type::Varchar(16);
  if (integers_ == values_) return data::Type::Integer();
  if (bigints_ == values_) return data::Type::Bigint();
  if (doubles_ == values_) return data::Type::Double();
  if (booleans_ == values_) return data::Type::Boolean();
  if (timestamps_ == values_) return data::Type::Timestamp();
  int64_t chars = 4;
  while (chars < static_cast<int64_t>(chars_max_)) chars *= 4;
  return data::Type::Varchar(static_cast<int32_t>(std::min<int64_t>(chars, data::kVarcharLengthMax)));
}

}  // namespace tailrace::ingest
