#include "ingest/formats/discover.h"

#include <algorithm>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "sql/keywords.h"

namespace tailrace::cli {
namespace {

constexpr uint64_t kSampleBytes = 4 << 20;

// The columns as the lines of a tailrace.yaml.
std::string YamlColumns(const ingest::InputSchema& schema) {
  std::string text = StrCat("    format: ", schema.format, "\n");
  if (schema.format == "csv" && schema.column_delimiter != ",") {
    text +=
        StrCat("    column_delimiter: \"", schema.column_delimiter == "\t" ? "\\t" : schema.column_delimiter, "\"\n");
  }
  text += "    columns:\n";
  for (const ingest::InputColumn& column : schema.columns) {
    text += StrCat("      - {name: ", column.name, ", type: \"", column.type.ToString(), "\"",
                   column.mapping.empty() ? "" : StrCat(", path: ", column.mapping), "}\n");
  }
  return text;
}

int Run(const Arguments& arguments, const Context& context) {
  const std::string& path = arguments.positional()[0];
  const auto file = context.disk.Open(path, OpenMode::kRead);
  if (!file.ok()) return Fail(context, "discover", file.error().message);
  std::string bytes(kSampleBytes, '\0');
  const auto count = (*file)->ReadAt(0, bytes);
  if (!count.ok()) return Fail(context, "discover", count.error().message);
  bytes.resize(*count);
  std::vector<std::string_view> lines = Split(bytes, '\n');
  lines.pop_back();  // Empty after the last line end, or a line cut off by the sample's end.
  if (lines.empty() && !bytes.empty()) lines.push_back(bytes);
  const auto found =
      ingest::Discover(lines, {.is_reserved = [](std::string_view word) { return sql::IsReserved(word); }});
  if (!found.ok()) return Fail(context, "discover", StrCat(path, ": ", found.error().message));
  if (arguments.Has("--json")) {
    context.Print(ingest::InputSchemaToJson(found->schema) + "\n");
    return kExitDone;
  }
  context.Print(StrCat("inputs:\n  SOURCE_SQL_STREAM:\n    stream: NAME\n", YamlColumns(found->schema)));
  for (const std::string& note : found->notes) context.PrintError(StrCat("note: ", note, "\n"));
  if (!context.terminal || found->rows.empty()) return kExitDone;
  std::vector<std::string> header;
  for (const ingest::InputColumn& column : found->schema.columns) header.push_back(column.name);
  auto rows = found->rows;
  if (rows.size() > 5) rows.resize(5);
  context.PrintError("\n" + AlignedTable(header, rows));
  return kExitDone;
}

constexpr OptionSpec kOptions[] = {{"--json", "", "Print the service's InputSchema."}};
constexpr std::string_view kExamples[] = {"tailrace discover /var/log/apache2/access.log",
                                          "tailrace discover orders.csv --json"};

}  // namespace

const Verb kDiscoverVerb = {
    .name = "discover",
    .summary = "Propose format, columns and types for a file of records",
    .options = kOptions,
    .positional = {"FILE", "A log or data file; its beginning is read", 1, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
