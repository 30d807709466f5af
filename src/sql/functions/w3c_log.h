#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::sql {

// The format of an access log as Apache's mod_log_config writes it, read backwards: one column a specifier.
// Source  docs/sql-dialect.md, section 6.13; Apache HTTP Server documentation, mod_log_config, "Custom Log Formats";
//         Microsoft, "IIS Log File Format".
class W3cLogFormat {
 public:
  // `format`: COMMON, COMMON WITH VHOST, NCSA EXTENDED, REFERER, AGENT, IIS (any case), or specifiers and literal text.
  // Errors  kInvalidArgument: unknown specifier, none at all, two without text between.
  static Result<W3cLogFormat> Compile(std::string_view format);

  size_t column_count() const { return fields_.size(); }
  // Writes the columns' texts; false when the line does not have the format. `columns` has column_count() places.
  // What follows the format's end is ignored.
  bool Match(std::string_view line, std::span<std::string_view> columns) const;

 private:
  struct Field {
    bool blanks = false;     // The value may contain blanks.
    bool bracketed = false;  // %t: the value is [ ... ], brackets included, when it begins with one.
    std::string literal_after;
  };
  static bool TakeValue(const Field& field, std::string_view& line, std::string_view& value);

  bool trailing_comma_ = false;
  std::string literal_before_;
  std::vector<Field> fields_;
};

}  // namespace tailrace::sql
