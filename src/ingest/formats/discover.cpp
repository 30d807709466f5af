#include "ingest/formats/discover.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "base/str.h"
#include "data/text.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/csv_reader.h"
#include "ingest/formats/exact_number.h"
#include "ingest/formats/json_repair.h"
#include "ingest/formats/log_line.h"
#include "ingest/formats/type_guess.h"

namespace tailrace::ingest {
namespace {

namespace json = boost::json;

constexpr size_t kNameCharsMax = 100;
constexpr size_t kRowsShownMax = 100;
constexpr std::array<std::string_view, 4> kDelimiters = {",", "\t", ";", "|"};
constexpr std::string_view kNoDelimiter = "\x1f";  // Stands in no text.
constexpr std::string_view kTextColumn = "log";

// One proposed column while the samples are read.
struct Candidate {
  std::string name;    // Before cleaning.
  std::string parent;  // JSON: the object it stands in; put in front when the name is taken.
  std::string mapping;
  TypeGuess guess;
};

using Candidates = std::vector<Candidate>;

bool Most(size_t count, size_t total) { return total > 0 && count * 5 >= total * 4; }

// All lines of all samples that are not blank.
std::vector<std::string_view> Lines(std::span<const std::string_view> samples, size_t lines_max) {
  std::vector<std::string_view> lines;
  for (const std::string_view sample : samples) {
    for (std::string_view line : Split(sample, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (Trim(line).empty()) continue;
      if (lines.size() == lines_max) return lines;
      lines.push_back(line);
    }
  }
  return lines;
}

std::optional<json::value> ParseSample(std::string_view text) {
  boost::system::error_code code;
  json::value value = json::parse(text, code);
  if (code) value = json::parse(RepairJson(text), code);
  if (code) return std::nullopt;
  return value;
}

// The JSON objects of all samples; `broken` counts documents that are none.
std::vector<json::value> Documents(std::span<const std::string_view> samples, size_t documents_max, size_t& broken) {
  std::vector<json::value> documents;
  for (std::string_view sample : samples) {
    while (!Trim(sample).empty() && documents.size() < documents_max) {
      size_t size = FirstDocumentBytes(sample);
      if (size == 0) size = sample.size();
      std::optional<json::value> value = ParseSample(sample.substr(0, size));
      sample.remove_prefix(size);
      if (value.has_value() && value->is_object()) {
        documents.push_back(*std::move(value));
      } else if (value.has_value() && value->is_array()) {
        for (json::value& element : value->get_array()) {
          if (element.is_object()) documents.push_back(std::move(element));
        }
      } else {
        ++broken;
        break;  // Not JSON: its other bytes would only count again.
      }
    }
  }
  return documents;
}

Candidate& FindOrAdd(Candidates& candidates, std::string_view name, std::string_view parent, std::string mapping) {
  const auto found = std::ranges::find(candidates, mapping, &Candidate::mapping);
  if (found != candidates.end()) return *found;
  candidates.push_back({.name = std::string(name), .parent = std::string(parent), .mapping = std::move(mapping)});
  return candidates.back();
}

// A member as a step of a path.
std::string PathStep(std::string_view name) {
  const bool plain = !name.empty() && name.find_first_of(".['") == std::string_view::npos;
  return plain ? StrCat(".", name) : StrCat("['", name, "']");
}

void SeeScalar(TypeGuess& guess, const json::value& value) {
  if (value.is_null()) return guess.SeeNull();
  if (const json::string* const text = value.if_string()) return guess.SeeText(*text);
  guess.SeeText(json::serialize(value));
}

void SeeObject(const json::object& object, std::string_view parent, const std::string& path, int level,
               Candidates& candidates) {
  constexpr int kLevelsMax = 2;
  for (const auto& [key, value] : object) {
    if (std::string_view(key).find("']") != std::string_view::npos) continue;  // No path leads there.
    const std::string here = path + PathStep(key);
    if (value.is_object() && level < kLevelsMax) {
      SeeObject(value.get_object(), key, here, level + 1, candidates);
    } else if (value.is_array()) {
      FindOrAdd(candidates, key, parent, here + "[0:]").guess.SeeNested(json::serialize(value));
    } else if (value.is_object()) {
      FindOrAdd(candidates, key, parent, here).guess.SeeNested(json::serialize(value));
    } else {
      SeeScalar(FindOrAdd(candidates, key, parent, here).guess, value);
    }
  }
}

// A delimiter that cuts most lines into the same number of fields, two at least; nothing when none does.
std::optional<std::string_view> FindDelimiter(std::span<const std::string_view> lines, std::string_view text) {
  for (const std::string_view delimiter : kDelimiters) {
    CsvReader reader(text, "\n", delimiter);
    std::vector<CsvField> fields;
    std::vector<size_t> counts;
    while (reader.Next(fields) && counts.size() < lines.size()) counts.push_back(fields.size());
    std::ranges::sort(counts);
    if (counts.empty()) continue;
    const size_t middle = counts[counts.size() / 2];
    if (middle >= 2 && Most(static_cast<size_t>(std::ranges::count(counts, middle)), counts.size())) return delimiter;
  }
  return std::nullopt;
}

// Column names have no numbers among them, are all there and all different.
bool LooksLikeHeader(const std::vector<CsvField>& fields) {
  std::vector<std::string_view> names;
  for (const CsvField& field : fields) {
    const std::string_view name = Trim(field.text);
    if (name.empty() || IsJsonNumber(name) || ParseLogTime(name).has_value()) return false;
    if (data::ParseTimestamp(name, /*lenient=*/true).has_value()) return false;
    if (std::ranges::find(names, name) != names.end()) return false;
    names.push_back(name);
  }
  return true;
}

void SeeCsvRow(const std::vector<CsvField>& fields, Candidates& candidates) {
  while (candidates.size() < fields.size()) {
    candidates.push_back({.name = StrCat("COL_", candidates.size())});
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].text.empty() && !fields[i].quoted) continue;
    candidates[i].guess.SeeText(fields[i].text);
  }
}

Candidates DiscoverCsv(const std::string& text, std::string_view delimiter, bool& header) {
  Candidates candidates;
  CsvReader reader(text, "\n", delimiter);
  std::vector<CsvField> fields;
  std::vector<std::string> first;
  if (reader.Next(fields)) {
    header = LooksLikeHeader(fields);
    for (const CsvField& field : fields) first.emplace_back(Trim(field.text));
    if (!header) SeeCsvRow(fields, candidates);
  }
  size_t rows = 0;
  while (reader.Next(fields)) {
    ++rows;
    SeeCsvRow(fields, candidates);
  }
  // A single row of words is data, and so is a first row of words over columns of words.
  const bool typed = std::ranges::any_of(
      candidates, [](const Candidate& candidate) { return !candidate.guess.Propose().is_character(); });
  if (header && (rows == 0 || !typed)) {
    header = false;
    for (size_t i = 0; i < first.size(); ++i) {
      if (i == candidates.size()) candidates.push_back({.name = StrCat("COL_", i)});
      candidates[i].guess.SeeText(first[i]);
    }
  }
  for (size_t i = 0; header && i < candidates.size() && i < first.size(); ++i) candidates[i].name = first[i];
  return candidates;
}

Candidates DiscoverLog(std::span<const std::string_view> lines, bool combined) {
  static constexpr std::string_view kNames[] = {"host",     "ident", "authuser", "datetime", "request",
                                                "response", "bytes", "referrer", "agent"};
  const size_t count = combined ? 9 : 7;
  Candidates candidates;
  for (size_t i = 0; i < count; ++i) candidates.push_back({.name = std::string(kNames[i])});
  for (const std::string_view line : lines) {
    LogLine fields;
    if (!SplitLogLine(line, {.combined = combined}, fields)) continue;
    for (Candidate& candidate : candidates) {
      const std::string_view value = fields[static_cast<size_t>(*FindLogField(candidate.name))];
      if (value != "-") candidate.guess.SeeText(value);
    }
  }
  return candidates;
}

// Cleans names, makes them differ, and takes the guessed types.
void Settle(Candidates candidates, const DiscoverOptions& options, Discovery& discovery) {
  InputSchema& schema = discovery.schema;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    std::string name = CleanColumnName(candidate.name, i, options.is_reserved);
    const auto taken = [&] {
      return std::ranges::find(schema.columns, name, &InputColumn::name) != schema.columns.end();
    };
    if (taken() && !candidate.parent.empty()) {
      name = CleanColumnName(StrCat(candidate.parent, "_", candidate.name), i, options.is_reserved);
    }
    if (taken()) name = StrCat(name, "_", i);
    if (name != candidate.name && schema.format != "csv") {
      discovery.notes.push_back(StrCat("column \"", name, "\" stands for \"", candidate.name, "\""));
    }
    if (candidate.guess.log_time() && schema.format == "json") {
      discovery.notes.push_back(StrCat("column \"", name, "\": log times stay text; in SQL, ",
                                       "CHAR_TO_TIMESTAMP('[dd/MMM/yyyy:HH:mm:ss z]', \"", name, "\") reads them"));
    }
    data::Type type = candidate.guess.Propose();
    if (candidate.guess.log_time() && schema.format != "json" && schema.format != "csv") type = data::Type::Timestamp();
    const bool log_format = schema.format == "common" || schema.format == "combined";
    schema.columns.push_back(
        {.name = std::move(name), .type = std::move(type), .mapping = log_format ? candidate.name : candidate.mapping});
  }
}

void AddRows(std::span<const std::string_view> samples, Discovery& discovery) {
  const auto decoder = MakeDecoder(discovery.schema);
  if (!decoder.ok()) return;
  std::vector<data::Record> records;
  for (const std::string_view sample : samples.first(std::min(samples.size(), kRowsShownMax))) {
    records.push_back({.data = sample});
  }
  const Decoded decoded = (*decoder)->Decode(records);
  const size_t first = discovery.csv_header ? 1 : 0;
  for (size_t row = first; row < std::min(decoded.batch.rows(), kRowsShownMax + first); ++row) {
    std::vector<std::string>& texts = discovery.rows.emplace_back();
    for (size_t i = 0; i < discovery.schema.columns.size(); ++i) {
      const data::Column& column = *decoded.batch.columns[i];
      texts.push_back(column.null(row) ? "" : data::ToSqlText(column.type(), column.ValueAt(row)));
    }
  }
}

}  // namespace

std::string CleanColumnName(std::string_view name, size_t position,
                            const std::function<bool(std::string_view)>& is_reserved) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string clean;
  for (const char c : name) {
    if (is_letter(c) || is_digit(c)) clean.push_back(c);
  }
  const bool kept = clean.size() == name.size() && clean.size() <= kNameCharsMax && !clean.empty();
  if (kept && !is_digit(clean[0]) && (!is_reserved || !is_reserved(AsciiUpper(clean)))) return clean;
  if (clean.empty()) clean = StrCat(position);
  return StrCat("COL_", clean).substr(0, kNameCharsMax);
}

Result<Discovery> Discover(std::span<const std::string_view> samples, const DiscoverOptions& options) {
  const std::vector<std::string_view> lines = Lines(samples, options.samples_max);
  if (lines.empty()) return Error{ErrorCode::kInvalidArgument, "discover: no record to learn from"};

  Discovery discovery;
  InputSchema& schema = discovery.schema;
  size_t broken = 0;
  const std::vector<json::value> documents = Documents(samples, options.samples_max, broken);
  Candidates candidates;
  if (Most(documents.size(), documents.size() + broken)) {
    schema.format = "json";
    for (const json::value& document : documents) SeeObject(document.get_object(), "", "$", 1, candidates);
  } else {
    LogLine fields;
    const auto fits = [&](bool combined) {
      const auto count = std::ranges::count_if(
          lines, [&](std::string_view line) { return SplitLogLine(line, {.combined = combined}, fields); });
      return Most(static_cast<size_t>(count), lines.size());
    };
    std::string text;
    for (const std::string_view line : lines) text += StrCat(line, "\n");
    if (fits(true) || fits(false)) {
      schema.format = fits(true) ? "combined" : "common";
      candidates = DiscoverLog(lines, schema.format == "combined");
    } else if (const std::optional<std::string_view> delimiter = FindDelimiter(lines, text)) {
      schema.format = "csv";
      schema.column_delimiter = *delimiter;
      candidates = DiscoverCsv(text, *delimiter, discovery.csv_header);
    } else {
      schema.format = "csv";
      schema.column_delimiter = kNoDelimiter;
      candidates.push_back({.name = std::string(kTextColumn)});
      for (const std::string_view line : lines) candidates[0].guess.SeeNested(line);
      discovery.notes.push_back("no structure was found: every line is one text");
    }
  }
  if (candidates.empty() || candidates.size() > kInputColumnsMax) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("discover: ", candidates.size(), " columns, allowed are 1 to ", kInputColumnsMax)};
  }
  Settle(std::move(candidates), options, discovery);
  AddRows(samples, discovery);
  return discovery;
}

}  // namespace tailrace::ingest
