#include "ingest/formats/input_schema.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "base/str.h"
#include "ingest/formats/builtin.h"
#include "ingest/formats/json_path.h"

namespace tailrace::ingest {
namespace {

namespace json = boost::json;

std::string Child(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : StrCat(path, ".", name);
}

// Reads members of one object and notes what is wrong with them.
class ObjectReader {
 public:
  ObjectReader(const json::value& value, std::string path, std::vector<SchemaFault>& faults)
      : object_(value.if_object()), path_(std::move(path)), faults_(faults) {
    if (object_ == nullptr) Fault("", "expected an object");
  }

  const json::value* Find(std::string_view name) const {
    return object_ == nullptr ? nullptr : object_->if_contains(name);
  }
  std::string Path(std::string_view name) const { return Child(path_, name); }

  std::optional<std::string> Text(std::string_view name) {
    const json::value* const value = Find(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (const json::string* const text = value->if_string()) return std::string(*text);
    Fault(name, "expected a string");
    return std::nullopt;
  }
  std::string RequiredText(std::string_view name) {
    std::optional<std::string> text = Text(name);
    if (text.has_value() && !text->empty()) return *std::move(text);
    if (object_ != nullptr && (text.has_value() || Find(name) == nullptr)) Fault(name, "is missing");
    return {};
  }
  // Templates write numbers as text at times.
  int64_t Number(std::string_view name, int64_t otherwise) {
    const json::value* const value = Find(name);
    if (value == nullptr || value->is_null()) return otherwise;
    if (const int64_t* const number = value->if_int64()) return *number;
    if (const json::string* const text = value->if_string()) {
      if (const std::optional<int64_t> number = ParseInt64(std::string_view(*text))) return *number;
    }
    Fault(name, "expected a whole number");
    return otherwise;
  }
  void Fault(std::string_view name, std::string message) {
    faults_.push_back({.path = name.empty() ? path_ : Path(name), .message = std::move(message)});
  }

 private:
  const json::object* object_;
  std::string path_;
  std::vector<SchemaFault>& faults_;
};

InputColumn ReadColumn(const json::value& value, std::string path, std::vector<SchemaFault>& faults) {
  ObjectReader reader(value, std::move(path), faults);
  InputColumn column;
  column.name = reader.RequiredText("Name");
  const std::string type_text = reader.RequiredText("SqlType");
  if (!type_text.empty()) {
    Result<data::Type> type = data::ParseType(type_text);
    if (type.ok()) {
      column.type = std::move(type).value();
    } else {
      reader.Fault("SqlType", type.error().message);
    }
  }
  column.mapping = reader.Text("Mapping").value_or("");
  return column;
}

void ReadColumns(ObjectReader& reader, InputSchema& schema, std::vector<SchemaFault>& faults) {
  const json::value* const columns = reader.Find("RecordColumns");
  const json::array* const list = columns == nullptr ? nullptr : columns->if_array();
  if (list == nullptr || list->empty()) return reader.Fault("RecordColumns", "expected at least one column");
  if (list->size() > kInputColumnsMax) {
    return reader.Fault("RecordColumns", StrCat("too many columns: ", list->size(), ", at most ", kInputColumnsMax));
  }
  for (size_t i = 0; i < list->size(); ++i) {
    std::string path = StrCat(reader.Path("RecordColumns"), "[", i, "]");
    InputColumn column = ReadColumn((*list)[i], path, faults);
    for (const InputColumn& earlier : schema.columns) {
      if (!column.name.empty() && earlier.name == column.name) {
        faults.push_back({Child(path, "Name"), StrCat("column \"", column.name, "\" is declared twice")});
        break;
      }
    }
    schema.columns.push_back(std::move(column));
  }
}

// RecordFormat: RecordFormatType and MappingParameters, whose two kinds also stand directly in RecordFormat.
void ReadFormat(ObjectReader& reader, InputSchema& schema, std::vector<SchemaFault>& faults) {
  const json::value* const format_value = reader.Find("RecordFormat");
  if (format_value == nullptr) return reader.Fault("RecordFormat", "is missing");
  ObjectReader format(*format_value, reader.Path("RecordFormat"), faults);
  const json::value* parameters_value = format.Find("MappingParameters");
  std::string parameters_path = format.Path("MappingParameters");
  if (parameters_value == nullptr) {
    parameters_value = format_value;
    parameters_path = reader.Path("RecordFormat");
  }
  ObjectReader parameters(*parameters_value, parameters_path, faults);
  const json::value* const json_parameters = parameters.Find("JSONMappingParameters");
  const json::value* const csv_parameters = parameters.Find("CSVMappingParameters");

  const std::string type = format.Text("RecordFormatType").value_or(csv_parameters != nullptr ? "CSV" : "JSON");
  schema.format = AsciiLower(type);
  if (std::ranges::find(Formats(), schema.format, &Format::name) == Formats().end()) {
    format.Fault("RecordFormatType", StrCat("unknown format \"", type, "\", expected JSON or CSV"));
  }
  if (json_parameters != nullptr && !json_parameters->is_null()) {
    ObjectReader mapping(*json_parameters, Child(parameters_path, "JSONMappingParameters"), faults);
    schema.row_path = mapping.Text("RecordRowPath").value_or("$");
    const Result<JsonPath> path = ParseJsonPath(schema.row_path);
    if (!path.ok()) mapping.Fault("RecordRowPath", path.error().message);
  }
  if (csv_parameters != nullptr && !csv_parameters->is_null()) {
    ObjectReader mapping(*csv_parameters, Child(parameters_path, "CSVMappingParameters"), faults);
    schema.row_delimiter = mapping.Text("RecordRowDelimiter").value_or("\n");
    schema.column_delimiter = mapping.Text("RecordColumnDelimiter").value_or(",");
    if (schema.row_delimiter.empty()) mapping.Fault("RecordRowDelimiter", "is empty");
    if (schema.column_delimiter.empty()) mapping.Fault("RecordColumnDelimiter", "is empty");
  }
}

// The array of inputs inside `value`, and the path to it.
const json::value* FindInputs(const json::value& value, std::string& path) {
  if (value.is_array()) {
    path = "Inputs";
    return &value;
  }
  const json::object* const object = value.if_object();
  if (object == nullptr) return nullptr;
  for (const std::string_view name : {"Inputs", "InputDescriptions"}) {
    if (const json::value* const inputs = object->if_contains(name)) {
      path = Child(path, name);
      return inputs;
    }
  }
  static constexpr std::string_view kHolders[] = {"Properties",
                                                  "ApplicationDetail",
                                                  "ApplicationConfiguration",
                                                  "ApplicationConfigurationDescription",
                                                  "SqlApplicationConfiguration",
                                                  "SqlApplicationConfigurationDescription"};
  for (const std::string_view name : kHolders) {
    if (const json::value* const holder = object->if_contains(name)) {
      std::string inner = Child(path, name);
      if (const json::value* const inputs = FindInputs(*holder, inner)) {
        path = std::move(inner);
        return inputs;
      }
    }
  }
  return nullptr;
}

InputDefinition ReadInput(const json::value& value, const std::string& path, std::vector<SchemaFault>& faults) {
  ObjectReader reader(value, path, faults);
  InputDefinition input;
  input.name_prefix = reader.RequiredText("NamePrefix");
  if (const json::value* const parallelism = reader.Find("InputParallelism")) {
    ObjectReader counts(*parallelism, reader.Path("InputParallelism"), faults);
    input.parallelism = counts.Number("Count", 1);
    if (input.parallelism < 1 || input.parallelism > kInputParallelismMax) {
      counts.Fault("Count", StrCat("out of range: ", input.parallelism, ", allowed 1 to ", kInputParallelismMax));
    }
  }
  if (const json::value* const schema = reader.Find("InputSchema")) {
    input.schema = ReadInputSchema(*schema, reader.Path("InputSchema"), faults);
  } else {
    reader.Fault("InputSchema", "is missing");
  }
  return input;
}

}  // namespace

data::Schema InputSchema::ToSchema() const {
  data::Schema schema;
  schema.fields.reserve(columns.size());
  for (const InputColumn& column : columns) schema.fields.push_back({.name = column.name, .type = column.type});
  return schema;
}

InputSchema ReadInputSchema(const json::value& value, std::string_view path, std::vector<SchemaFault>& faults) {
  InputSchema schema;
  ObjectReader reader(value, std::string(path), faults);
  if (!value.is_object()) return schema;
  ReadColumns(reader, schema, faults);
  ReadFormat(reader, schema, faults);
  const std::string encoding = reader.Text("RecordEncoding").value_or("UTF-8");
  if (!EqualsIgnoreCase(encoding, "UTF-8") && !EqualsIgnoreCase(encoding, "UTF8")) {
    reader.Fault("RecordEncoding", StrCat("unknown encoding \"", encoding, "\", expected UTF-8"));
  }
  if (schema.format != "json") return schema;
  bool flattens = false;
  std::string flattened;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    const std::string where = StrCat(reader.Path("RecordColumns"), "[", i, "].Mapping");
    if (schema.columns[i].mapping.empty()) continue;
    const Result<JsonPath> parsed = ParseJsonPath(schema.columns[i].mapping);
    if (!parsed.ok()) {
      faults.push_back({where, parsed.error().message});
    } else if (parsed->flattens()) {
      if (flattens && flattened != parsed->ArrayText()) {
        faults.push_back({where, StrCat("a second array is flattened: ", parsed->ArrayText(), " beside ", flattened)});
      }
      flattens = true;
      flattened = parsed->ArrayText();
    }
  }
  return schema;
}

std::vector<InputDefinition> ReadInputs(const json::value& value, std::vector<SchemaFault>& faults) {
  std::vector<InputDefinition> inputs;
  std::string path;
  const json::value* const found = FindInputs(value, path);
  const json::array* const list = found == nullptr ? nullptr : found->if_array();
  if (list == nullptr) {
    faults.push_back({path.empty() ? "Inputs" : path, found == nullptr ? "is missing" : "expected an array"});
    return inputs;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    inputs.push_back(ReadInput((*list)[i], StrCat(path, "[", i, "]"), faults));
  }
  return inputs;
}

Result<std::vector<InputDefinition>> ReadInputs(std::string_view text) {
  boost::system::error_code code;
  const json::value value = json::parse(text, code);
  if (code) return Error{ErrorCode::kInvalidArgument, StrCat("Inputs: not JSON: ", code.message())};
  std::vector<SchemaFault> faults;
  std::vector<InputDefinition> inputs = ReadInputs(value, faults);
  if (faults.empty()) return inputs;
  std::string message;
  for (const SchemaFault& fault : faults) {
    if (!message.empty()) message += "\n";
    message += StrCat(fault.path, ": ", fault.message);
  }
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

std::string InputSchemaToJson(const InputSchema& schema) {
  json::array columns;
  for (const InputColumn& column : schema.columns) {
    json::object object{{"Name", column.name}, {"SqlType", column.type.ToString()}};
    if (!column.mapping.empty()) object["Mapping"] = column.mapping;
    columns.push_back(std::move(object));
  }
  json::object format{{"RecordFormatType", AsciiUpper(schema.format)}};
  if (schema.format == "json") {
    format["MappingParameters"] = {{"JSONMappingParameters", {{"RecordRowPath", schema.row_path}}}};
  } else if (schema.format == "csv") {
    format["MappingParameters"] = {
        {"CSVMappingParameters",
         {{"RecordRowDelimiter", schema.row_delimiter}, {"RecordColumnDelimiter", schema.column_delimiter}}}};
  }
  return json::serialize(json::object{
      {"RecordFormat", std::move(format)}, {"RecordEncoding", "UTF-8"}, {"RecordColumns", std::move(columns)}});
}

std::string InputStreamName(std::string_view name_prefix, int64_t index) {
  return fmt::format("{}_{:03}", name_prefix, index);
}

}  // namespace tailrace::ingest
