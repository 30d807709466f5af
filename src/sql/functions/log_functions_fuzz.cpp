#include <string>
#include <vector>

#include "base/check.h"
#include "sql/functions/delimited_line.h"
#include "sql/functions/fast_regex.h"
#include "sql/functions/like_pattern.h"
#include "sql/functions/log_columns.h"
#include "sql/functions/similar_pattern.h"
#include "sql/functions/w3c_log.h"

// The first byte chooses a parser; the first line is its pattern, format or column list, the rest the line it reads.
// Every field must lie within the line.

using tailrace::sql::DelimitedLine;
using tailrace::sql::FastRegex;
using tailrace::sql::LikePattern;
using tailrace::sql::W3cLogFormat;

namespace {

void ExpectInside(std::string_view line, const std::vector<std::string_view>& fields) {
  for (const std::string_view field : fields) {
    TAILRACE_CHECK(field.empty() ||
                   (field.data() >= line.data() && field.data() + field.size() <= line.data() + line.size()));
  }
}

void Split(std::string_view form, std::string_view line) {
  DelimitedLine delimited{.delimiter = std::string(form.substr(0, 1))};
  if (form.empty()) return;
  if (form.size() > 1) delimited.escape = form.substr(1, 1);
  if (form.size() > 2) delimited.quote_begin = form.substr(2, 1);
  delimited.quote_end = form.size() > 3 ? form.substr(3, 1) : delimited.quote_begin;
  DelimitedLine::Reader reader(delimited, line);
  std::string text;
  size_t fields = 0;
  while (reader.Next(text)) TAILRACE_CHECK(++fields <= line.size() + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t end = std::min(input.find('\n'), input.size());
  const std::string_view pattern = input.substr(0, end);
  const std::string_view line = input.substr(std::min(end + 1, input.size()));
  switch (data[0] % 6) {
    case 0: {
      const auto regex = FastRegex::Compile(pattern);
      if (!regex.ok()) return 0;
      std::vector<std::string_view> groups(regex->group_count());
      if (regex->Match(line, groups)) ExpectInside(line, groups);
      return 0;
    }
    case 1: {
      const auto format = W3cLogFormat::Compile(pattern);
      if (!format.ok()) return 0;
      std::vector<std::string_view> columns(format->column_count());
      if (format->Match(line, columns)) ExpectInside(line, columns);
      return 0;
    }
    case 2:
      tailrace::sql::ParseLogColumns(pattern).Ignore("any text may be refused");
      return 0;
    case 3:
      Split(pattern, line);
      return 0;
    case 4:
      tailrace::sql::SimilarToJavaRegex(pattern, line.substr(0, 1)).Ignore("any text may be refused");
      return 0;
    default: {
      const auto like = LikePattern::Compile(pattern, "");
      if (like.ok()) like->Matches(line);
      return 0;
    }
  }
}
