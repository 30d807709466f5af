#include "app/import/folder_texts.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "app/import/delivery.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::app {

std::string YamlScalar(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kWords = {"true", "false", "null", "yes", "no", "on", "off", "y"};
  const auto plain = [](unsigned char byte) {
    return std::isalnum(byte) != 0 || byte == '_' || byte == '-' || byte == '.' || byte == '(' || byte == ')';
  };
  const bool begins = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) != 0 || text[0] == '_');
  if (begins && std::ranges::all_of(text, plain) && !std::ranges::count(kWords, AsciiLower(text)) && text != "n") {
    return std::string(text);
  }
  std::string quoted;
  data::AppendJsonString(quoted, text);
  return quoted;
}

namespace {

std::string ColumnLines(const std::vector<ingest::InputColumn>& columns, bool with_path) {
  std::string text = "    columns:\n";
  for (const ingest::InputColumn& column : columns) {
    text += StrCat("      - {name: ", YamlScalar(column.name), ", type: ", YamlScalar(column.type.ToString()));
    if (with_path && !column.mapping.empty()) text += StrCat(", path: ", YamlScalar(column.mapping));
    text += "}\n";
  }
  return text;
}

// How bytes become rows, without the columns.
std::string FormLines(const ingest::InputSchema& schema) {
  std::string text = StrCat("    format: ", YamlScalar(schema.format), "\n");
  if (schema.format == "json" && schema.row_path != "$")
    text += StrCat("    row_path: ", YamlScalar(schema.row_path), "\n");
  if (schema.format == "csv" && schema.row_delimiter != "\n") {
    text += StrCat("    row_delimiter: ", YamlScalar(schema.row_delimiter), "\n");
  }
  if (schema.format == "csv" && schema.column_delimiter != ",") {
    text += StrCat("    column_delimiter: ", YamlScalar(schema.column_delimiter), "\n");
  }
  return text;
}

std::string InputLines(const ImportedInput& input) {
  const ingest::InputSchema& schema = input.definition.schema;
  std::string text = StrCat("  ", YamlScalar(input.definition.name_prefix), ":\n    ",
                            input.from_delivery ? "delivery_stream" : "stream", ": ", YamlScalar(input.stream), "\n",
                            FormLines(schema));
  if (input.definition.parallelism != 1) text += StrCat("    parallelism: ", input.definition.parallelism, "\n");
  return text + ColumnLines(schema.columns, schema.format == "json");
}

std::string TableLines(const ImportedTable& table) {
  std::string text = StrCat("  ", YamlScalar(table.name), ":\n");
  if (!table.bucket.empty()) {
    text += StrCat("    s3: {bucket: ", YamlScalar(table.bucket), "}\n    key: ", YamlScalar(table.key), "\n");
  }
  return StrCat(text, "    file: ", YamlScalar(table.file), "\n", FormLines(table.schema),
                ColumnLines(table.schema.columns, table.schema.format == "json"));
}

std::string OptionLines(const sql::CompileOptions& options) {
  sql::CompileOptions chosen = options;
  std::string text;
  for (const sql::CompileOptionSpec& spec : sql::kCompileOptionSpecs) {
    const bool value = spec.field(chosen);
    if (value != spec.standard) text += StrCat("  ", spec.name, value ? ": true\n" : ": false\n");
  }
  return text.empty() ? text : "\nsql_options:\n" + text;
}

}  // namespace

std::string DefinitionText(const ImportedApplication& application, std::string_view source) {
  std::string text =
      StrCat("# Imported from ", source,
             "; REPORT.md says what is not as it was.\nname: ", YamlScalar(application.name), "\n\nstreams:\n");
  for (const ImportedStream& stream : application.streams) {
    text += StrCat("  ", YamlScalar(stream.name), ": {shards: ", stream.shards, ", retention: ", stream.retention_hours,
                   "h}\n");
  }
  if (application.streams.empty()) text.erase(text.size() - std::string_view("\nstreams:\n").size());
  if (!application.delivery_streams.empty()) text += "\ndelivery_streams:\n";
  for (const sink::delivery::DeliveryDefinition& delivery : application.delivery_streams) {
    text += DeliveryLines(delivery);
  }
  text += application.inputs.empty() ? "\ninputs: {}\n" : "\ninputs:\n";
  for (const ImportedInput& input : application.inputs) text += InputLines(input);
  text += "\nsql: application.sql\n" + OptionLines(application.sql_options);
  if (application.start_latest) text += "\nstart: latest\n";
  if (!application.tables.empty()) text += "\nreference_tables:\n";
  for (const ImportedTable& table : application.tables) text += TableLines(table);
  if (!application.outputs.empty()) text += "\noutputs:\n";
  for (const ImportedOutput& output : application.outputs) {
    static constexpr std::string_view kKinds[] = {"stream", "delivery_stream", "file"};
    text += StrCat("  - from: ", YamlScalar(output.from), "\n    ", kKinds[static_cast<size_t>(output.kind)], ": ",
                   YamlScalar(output.target),
                   "\n    format: ", output.format == data::OutputFormat::kCsv ? "csv" : "json", "\n    nulls: text\n");
  }
  return text;
}

std::string ReportText(const ImportedApplication& application, const ImportNotes& notes, std::string_view source) {
  std::string text = StrCat("# Import of ", application.name, " from ", source, "\n");
  struct Part {
    NoteKind kind;
    std::string_view title;
  };
  static constexpr Part kParts[] = {{NoteKind::kNotPossible, "Not possible"},
                                    {NoteKind::kApproximated, "Approximated"},
                                    {NoteKind::kTranslated, "Translated"}};
  for (const Part& part : kParts) {
    text += StrCat("\n## ", part.title, "\n\n");
    bool any = false;
    for (const ImportNote& note : notes.all()) {
      if (note.kind != part.kind) continue;
      text += StrCat("- ", note.text, "\n");
      any = true;
    }
    if (!any) text += "Nothing.\n";
  }
  return text;
}

std::string HeaderText(const ImportedTable& table) {
  std::string text;
  const ingest::InputSchema& schema = table.schema;
  if (schema.format != "csv") return text;
  for (const ingest::InputColumn& column : schema.columns) {
    if (!text.empty()) text += schema.column_delimiter;
    const bool plain = column.name.find_first_of("\"\r\n") == std::string::npos &&
                       !column.name.contains(schema.column_delimiter) && !column.name.contains(schema.row_delimiter);
    if (plain) {
      text += column.name;
      continue;
    }
    text += '"';
    for (const char byte : column.name) text += byte == '"' ? std::string("\"\"") : std::string(1, byte);
    text += '"';
  }
  return text + schema.row_delimiter;
}

}  // namespace tailrace::app
