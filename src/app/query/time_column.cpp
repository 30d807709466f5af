#include "app/query/time_column.h"

#include <cmath>
#include <string_view>

#include "base/str.h"
#include "data/text.h"
#include "ingest/formats/log_line.h"

namespace tailrace::app {
namespace {

// Seconds of the year 5138; in milliseconds it is a day in 1973.
constexpr int64_t kSecondsMax = 100'000'000'000;
// What an epoch number in a sample must be to count as a time: from 2001 on.
constexpr int64_t kEpochSecondsMin = 1'000'000'000;

int64_t FromEpoch(double number) {
  if (!std::isfinite(number) || std::abs(number) > 1e15) return 0;
  return static_cast<int64_t>(std::abs(number) < static_cast<double>(kSecondsMax) ? number * 1'000 : number);
}

std::string_view WithoutBrackets(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return text.substr(1, text.size() - 2);
  return text;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  if (const auto time = data::ParseTimestamp(text, /*lenient=*/true)) return time;
  return ingest::ParseLogTime(WithoutBrackets(text));
}

bool NamedLikeTime(std::string_view name) {
  const std::string upper = AsciiUpper(name);
  return upper == "TS" || upper == "T" || upper.find("TIME") != std::string::npos ||
         upper.find("DATE") != std::string::npos || upper.find("EPOCH") != std::string::npos;
}

}  // namespace

bool CanBeTime(const data::Type& type) {
  return type.kind == data::TypeKind::kTimestamp || type.is_character() || type.is_integer() || type.is_approximate();
}

std::optional<size_t> FindTimeColumn(const ingest::Discovery& discovery) {
  const auto& columns = discovery.schema.columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type.kind == data::TypeKind::kTimestamp) return i;
  }
  const auto samples_are = [&](size_t column, const auto& is_time) {
    size_t times = 0;
    for (const auto& row : discovery.rows) {
      if (row[column].empty()) continue;
      if (!is_time(row[column])) return false;
      ++times;
    }
    return times > 0;
  };
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].type.is_character()) continue;
    if (samples_are(i, [](const std::string& text) { return ParseTime(text).has_value(); })) return i;
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].type.is_numeric() || !NamedLikeTime(columns[i].name)) continue;
    const auto epoch = [](const std::string& text) {
      const auto number = ParseInt64(text.substr(0, text.find('.')));
      return number.has_value() && *number >= kEpochSecondsMin;
    };
    if (samples_are(i, epoch)) return i;
  }
  return std::nullopt;
}

std::vector<int64_t> TimesOf(const data::Column& column, int64_t before) {
  std::vector<int64_t> times(column.size());
  ingest::LogTimeParser log_times;
  const data::TypeKind kind = column.type().kind;
  for (size_t row = 0; row < times.size(); ++row) {
    if (!column.null(row)) {
      if (kind == data::TypeKind::kTimestamp) {
        before = column.int64s()[row];
      } else if (column.type().is_character()) {
        const std::string_view text = column.texts()[row];
        auto time = log_times.Parse(WithoutBrackets(text));
        if (!time.has_value()) time = data::ParseTimestamp(text, /*lenient=*/true);
        before = time.value_or(before);
      } else if (kind == data::TypeKind::kDouble || kind == data::TypeKind::kReal) {
        before = FromEpoch(column.doubles()[row]);
      } else {
        before = FromEpoch(static_cast<double>(column.int64s()[row]));
      }
    }
    times[row] = before;
  }
  return times;
}

}  // namespace tailrace::app
