#include "ingest/formats/csv_table.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/csv_reader.h"
#include "ingest/formats/discover.h"
#include "ingest/formats/type_guess.h"

namespace tailrace::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view SkipByteOrderMark(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  return bytes;
}

// For each column of the schema, its place in the header; nothing when the row is no header for it.
std::optional<std::vector<size_t>> MatchHeader(const std::vector<CsvField>& fields, const InputSchema& schema) {
  std::vector<size_t> places;
  for (const InputColumn& column : schema.columns) {
    size_t place = 0;
    while (place < fields.size() && !EqualsIgnoreCase(Trim(fields[place].text), column.name)) ++place;
    if (place == fields.size()) return std::nullopt;
    places.push_back(place);
  }
  return places;
}

// The table's CSV as records in the order of the schema's columns, for the decoder of positional columns.
struct CsvLayout {
  InputSchema schema;          // As the file's columns lie: unnamed ones between them are text.
  std::vector<size_t> places;  // Of the wanted columns among them.
  std::string_view rows;       // Without the header.
  uint64_t header_rows = 0;
};

CsvLayout LayOut(std::string_view bytes, const InputSchema& schema) {
  CsvLayout layout{.schema = schema, .rows = bytes};
  for (size_t i = 0; i < schema.columns.size(); ++i) layout.places.push_back(i);
  CsvReader reader(bytes, schema.row_delimiter, schema.column_delimiter);
  std::vector<CsvField> fields;
  if (!reader.Next(fields)) return layout;
  const std::optional<std::vector<size_t>> places = MatchHeader(fields, schema);
  if (!places.has_value()) return layout;
  layout.header_rows = 1;
  layout.rows = bytes.substr(static_cast<size_t>(reader.row().data() + reader.row().size() - bytes.data()));
  layout.places = *places;
  layout.schema.columns.assign(fields.size(), {.name = "", .type = data::Type::Varchar()});
  for (size_t i = 0; i < places->size(); ++i) layout.schema.columns[(*places)[i]] = schema.columns[i];
  return layout;
}

Result<data::Batch> DecodeRows(std::string_view rows, const InputSchema& schema, const std::vector<size_t>& places,
                               uint64_t header_rows) {
  UsedColumns used(schema.columns.size(), false);
  for (const size_t place : places) used[place] = true;
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<Decoder> decoder, MakeDecoder(schema, std::move(used)));
  const data::Record record{.data = rows};
  Decoded decoded = decoder->Decode({&record, 1});
  if (!decoded.errors.empty()) {
    const DecodeError& error = decoded.errors.front();
    return Error{ErrorCode::kInvalidArgument, StrCat("row \"", Utf8Prefix(Trim(error.bytes), 80), "\": ", error.message,
                                                     header_rows > 0 ? "" : " (the first row is no header)")};
  }
  data::Batch batch;
  for (const size_t place : places) batch.columns.push_back(decoded.batch.columns[place]);
  return batch;
}

class FileTable final : public data::TableReader {
 public:
  FileTable(Disk& disk, std::string path, InputSchema schema)
      : disk_(disk), path_(std::move(path)), schema_(std::move(schema)) {}

  Result<data::Batch> Read(const data::Schema& wanted) override {
    TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk_.Stat(path_));
    if (info.size_bytes > kTableBytesMax) {
      return Error{ErrorCode::kLimitExceeded, StrCat(path_, ": ", FormatBytes(info.size_bytes), ", a table may have ",
                                                     FormatBytes(kTableBytesMax))};
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(disk_, path_));
    Result<data::Batch> all = ReadTable(bytes, schema_);
    if (!all.ok()) return std::move(all).error().Context(path_);
    const data::Schema given = schema_.ToSchema();
    data::Batch batch;
    for (const data::Field& field : wanted.fields) {
      const int index = given.Find(field.name);
      if (index < 0) {
        return Error{ErrorCode::kInvalidArgument, StrCat(path_, ": no column \"", field.name, "\"")};
      }
      batch.columns.push_back(all->columns[static_cast<size_t>(index)]);
    }
    return batch;
  }

 private:
  Disk& disk_;
  const std::string path_;
  const InputSchema schema_;
};

}  // namespace

Result<data::Batch> ReadTable(std::string_view bytes, const InputSchema& schema) {
  if (bytes.size() > kTableBytesMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("table: ", FormatBytes(bytes.size()), ", allowed are ", FormatBytes(kTableBytesMax))};
  }
  bytes = SkipByteOrderMark(bytes);
  if (schema.format == "csv") {
    const CsvLayout layout = LayOut(bytes, schema);
    return DecodeRows(layout.rows, layout.schema, layout.places, layout.header_rows);
  }
  std::vector<size_t> places;
  for (size_t i = 0; i < schema.columns.size(); ++i) places.push_back(i);
  return DecodeRows(bytes, schema, places, /*header_rows=*/1);
}

Result<InputSchema> InferTableSchema(std::string_view bytes, std::string_view format) {
  bytes = SkipByteOrderMark(bytes);
  if (format != "csv") {
    TAILRACE_ASSIGN_OR_RETURN(Discovery discovery, Discover({&bytes, 1}));
    if (discovery.schema.format != format) {
      return Error{ErrorCode::kInvalidArgument, StrCat("table: not of format \"", format, "\"")};
    }
    return std::move(discovery.schema);
  }
  CsvReader reader(bytes, "\n", ",");
  std::vector<CsvField> fields;
  if (!reader.Next(fields)) return Error{ErrorCode::kInvalidArgument, "table: no rows"};
  InputSchema schema{.format = "csv"};
  for (const CsvField& field : fields) {
    const std::string name(Trim(field.text));
    if (name.empty() || std::ranges::find(schema.columns, name, &InputColumn::name) != schema.columns.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("table: the first row is no header: \"", name, "\" is ", name.empty() ? "empty" : "twice")};
    }
    schema.columns.push_back({.name = name});
  }
  std::vector<TypeGuess> guesses(schema.columns.size());
  while (reader.Next(fields)) {
    for (size_t i = 0; i < std::min(fields.size(), guesses.size()); ++i) {
      if (!fields[i].text.empty()) guesses[i].SeeText(fields[i].text);
    }
  }
  for (size_t i = 0; i < guesses.size(); ++i) schema.columns[i].type = guesses[i].Propose();
  return schema;
}

std::unique_ptr<data::TableReader> MakeFileTable(Disk& disk, std::string path, InputSchema schema) {
  return std::make_unique<FileTable>(disk, std::move(path), std::move(schema));
}

}  // namespace tailrace::ingest
