#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/formats/input_schema.h"

namespace tailrace::ingest {

struct DiscoverOptions {
  // Words that must not be column names: those of the SQL. Called with the name in upper case.
  std::function<bool(std::string_view)> is_reserved;
  size_t samples_max = 10'000;
};

struct Discovery {
  InputSchema schema;
  bool csv_header = false;  // The first row was taken for column names.
  // The samples as rows of the proposed schema, each value as text; NULL is empty. At most 100.
  std::vector<std::vector<std::string>> rows;
  // What a reader should know: "column "request_time": log times stay text; ..." One sentence each.
  std::vector<std::string> notes;
};

// Proposes a format, columns and types for records. Recognised are JSON, the access log formats and CSV with comma,
// tab, semicolon or bar; anything else becomes one VARCHAR column named log.
//
// JSON objects are followed two levels deep. Names that SQL could not take unquoted are cleaned: reserved words,
// leading digits, other characters than letters, digits and underscore, more than 100 characters.
//
// Errors  kInvalidArgument: no record, or only blank ones.
// Source  Spec section 9.3; Kinesis Data Analytics API Reference, DiscoverInputSchema.
Result<Discovery> Discover(std::span<const std::string_view> samples, const DiscoverOptions& options = {});

// The proposed column name: "USER" gives COL_USER, "USER@DOMAIN" COL_USERDOMAIN, "@@" at position 0 COL_0.
std::string CleanColumnName(std::string_view name, size_t position,
                            const std::function<bool(std::string_view)>& is_reserved);

}  // namespace tailrace::ingest
