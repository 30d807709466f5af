#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Java's SimpleDateFormat, non-lenient, English, UTC unless the text names a zone.
// Source: docs/sql-dialect.md, section 6.9; java.text.SimpleDateFormat (JDK 8), methods parse, subParse and format.

namespace tailrace::sql {

class DateFormat {
 public:
  // Errors  kInvalidArgument: a letter without meaning, or a quotation without end.
  static Result<DateFormat> Compile(std::string_view pattern);

  // Parses from the start of `text`; what follows the last element is ignored. Fields that the format does not name are
  // those of 1970-01-01 00:00:00.000.
  // Input   `now_unix_ms` places two-digit years: from 80 years before it to 20 years after.
  // Output  ms since 1970-01-01 UTC; nothing when the text does not fit or a field is out of its range.
  std::optional<int64_t> Parse(std::string_view text, int64_t now_unix_ms) const;

  // Whether Parse looks at `now_unix_ms`.
  bool depends_on_now() const;

  std::string Format(int64_t unix_ms) const;

  // What one field letter means; `kLiteral` stands for text between the fields.
  struct Element {
    char letter = 0;  // 0: literal text.
    int count = 0;
    bool exact_width = false;  // A numeric field follows without anything between: takes `count` characters.
    std::string literal;
  };

 private:
  std::vector<Element> elements_;
};

}  // namespace tailrace::sql
