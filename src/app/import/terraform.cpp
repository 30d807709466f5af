#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "app/import/delivery.h"
#include "app/import/document.h"
#include "app/import/hcl.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;

// Member names of Terraform's resource and of the service's API.
struct Member {
  std::string_view terraform;
  std::string_view service;
  bool list = false;  // Repeated blocks are a list; else the first one is the object.
};
// Both resources: what the names mean does not depend on where they stand.
constexpr Member kMembers[] = {
    {"name_prefix", "NamePrefix"},
    {"parallelism", "InputParallelism"},
    {"input_parallelism", "InputParallelism"},
    {"count", "Count"},
    {"processing_configuration", "InputProcessingConfiguration"},
    {"input_processing_configuration", "InputProcessingConfiguration"},
    {"input_lambda_processor", "InputLambdaProcessor"},
    {"resource_arn", "ResourceARN"},
    {"input_schema", "InputSchema"},
    {"reference_schema", "ReferenceSchema"},
    {"record_columns", "RecordColumns", true},
    {"record_column", "RecordColumns", true},
    {"sql_type", "SqlType"},
    {"mapping", "Mapping"},
    {"record_encoding", "RecordEncoding"},
    {"record_format", "RecordFormat"},
    {"record_format_type", "RecordFormatType"},
    {"mapping_parameters", "MappingParameters"},
    {"json", "JSONMappingParameters"},
    {"csv", "CSVMappingParameters"},
    {"json_mapping_parameters", "JSONMappingParameters"},
    {"csv_mapping_parameters", "CSVMappingParameters"},
    {"record_row_path", "RecordRowPath"},
    {"record_row_delimiter", "RecordRowDelimiter"},
    {"record_column_delimiter", "RecordColumnDelimiter"},
    {"kinesis_streams_input", "KinesisStreamsInput"},
    {"kinesis_firehose_input", "KinesisFirehoseInput"},
    {"kinesis_streams_output", "KinesisStreamsOutput"},
    {"kinesis_firehose_output", "KinesisFirehoseOutput"},
    {"lambda_output", "LambdaOutput"},
    {"starting_position_configuration", "InputStartingPositionConfiguration"},
    {"input_starting_position_configuration", "InputStartingPositionConfiguration"},
    {"starting_position", "InputStartingPosition"},
    {"input_starting_position", "InputStartingPosition"},
    {"destination_schema", "DestinationSchema"},
    {"table_name", "TableName"},
    {"s3", "S3ReferenceDataSource"},
    {"s3_reference_data_source", "S3ReferenceDataSource"},
    {"s3_content_location", "S3ContentLocation"},
    {"bucket_arn", "BucketARN"},
    {"file_key", "FileKey"},
    {"text_content", "TextContent"},
    {"name", "Name"},
};
// The first version's names that depend on where they stand.
constexpr Member kInputMembers[] = {{"schema", "InputSchema"},
                                    {"kinesis_stream", "KinesisStreamsInput"},
                                    {"kinesis_firehose", "KinesisFirehoseInput"},
                                    {"lambda", "InputLambdaProcessor"}};
constexpr Member kOutputMembers[] = {{"schema", "DestinationSchema"},
                                     {"kinesis_stream", "KinesisStreamsOutput"},
                                     {"kinesis_firehose", "KinesisFirehoseOutput"},
                                     {"lambda", "LambdaOutput"}};
constexpr Member kTableMembers[] = {{"schema", "ReferenceSchema"}};

// How attributes of a resource resolve.
struct ResourceKind {
  std::string_view type;
  std::string_view name;  // Its attribute with the name.
  std::string_view arn;   // What stands in front of the name.
};
constexpr ResourceKind kResourceKinds[] = {
    {"aws_kinesis_stream", "name", "arn:aws:kinesis:local:000000000000:stream/"},
    {"aws_kinesis_firehose_delivery_stream", "name", "arn:aws:firehose:local:000000000000:deliverystream/"},
    {"aws_lambda_function", "function_name", "arn:aws:lambda:local:000000000000:function:"},
    {"aws_s3_bucket", "bucket", "arn:aws:s3:::"},
};

// Resolves references of the file.
class Module {
 public:
  Module(const std::vector<HclBlock>& blocks, const ImportParameters& given, const ReadNeighbour& read,
         ImportNotes& notes)
      : blocks_(blocks), given_(given), read_(read), notes_(notes) {}

  json::value Resolve(const json::value& value, int depth = 0) {
    if (depth > kImportDepthMax) return nullptr;
    if (value.is_string()) return json::value(Text(TextOf(value), depth));
    if (const json::array* const list = value.if_array()) {
      json::array resolved;
      for (const json::value& item : *list) resolved.push_back(Resolve(item, depth + 1));
      return resolved;
    }
    const json::object* const object = value.if_object();
    if (object == nullptr) return value;
    json::object resolved;
    for (const auto& member : *object) {
      if (member.key() == "dynamic") notes_.NotPossible("blocks made by dynamic are left out; write them in the file");
      resolved[member.key()] = Resolve(member.value(), depth + 1);
    }
    return resolved;
  }

  std::string Text(const std::string& text, int depth = 0) {
    std::string result;
    size_t at = 0;
    while (true) {
      const size_t begin = text.find("${", at);
      if (begin == std::string::npos) return result + text.substr(at);
      if (begin > at && text[begin - 1] == '$') {  // $${ is no interpolation.
        result += text.substr(at, begin - 1 - at) + "${";
        at = begin + 2;
        continue;
      }
      size_t end = begin + 2;
      for (int open = 1; end < text.size(); ++end) {
        open += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
        if (open == 0) break;
      }
      result += text.substr(at, begin - at);
      const std::string expression(Trim(std::string_view(text).substr(begin + 2, end - begin - 2)));
      const std::optional<std::string> value = Value(expression, depth + 1);
      result += value.has_value() ? *value : StrCat("${", expression, "}");
      if (!value.has_value()) {
        notes_.NotPossible(StrCat("expression ", Utf8Prefix(expression, 100), " is not evaluated; it is kept as text"));
      }
      at = std::min(end + 1, text.size());
    }
  }

  // The name that the resource gives itself, or else the file's name for it.
  std::string ResourceName(const HclBlock& block, std::string_view attribute, int depth = 0) {
    const json::value* const name = block.body.if_contains(attribute);
    const std::string text = name == nullptr ? "" : Text(TextOf(*name), depth);
    return text.empty() ? block.labels.back() : text;
  }

 private:
  std::optional<std::string> Value(const std::string& expression, int depth) {
    if (depth > kImportDepthMax) return std::nullopt;
    if (expression.starts_with("file(\"") && expression.ends_with("\")")) {
      return FileText(expression.substr(6, expression.size() - 8));
    }
    for (const char* const wrapper : {"trimspace(", "chomp("}) {
      if (expression.starts_with(wrapper) && expression.ends_with(')')) {
        const size_t begin = std::string_view(wrapper).size();
        return Value(expression.substr(begin, expression.size() - begin - 1), depth + 1);
      }
    }
    if (expression.size() >= 2 && expression.starts_with('"') && expression.find('"', 1) == expression.size() - 1) {
      return Text(expression.substr(1, expression.size() - 2), depth);
    }
    std::vector<std::string> parts;
    for (std::string_view part : Split(expression, '.')) parts.emplace_back(part.substr(0, part.find('[')));
    if (parts.size() < 2) return std::nullopt;
    if (parts[0] == "path") return std::string(".");
    if (parts[0] == "var") return Variable(parts[1], depth);
    if (parts[0] == "terraform") return std::string("default");
    if (parts[0] == "local") {
      for (const HclBlock& block : blocks_) {
        const json::value* const local = block.type == "locals" ? block.body.if_contains(parts[1]) : nullptr;
        if (local != nullptr) return Text(TextOf(*local), depth);
      }
      return std::nullopt;
    }
    const bool data = parts[0] == "data";
    if (data) parts.erase(parts.begin());
    if (parts.size() < 3) return std::nullopt;
    return ResourceAttribute(data ? "data" : "resource", parts, depth);
  }

  std::optional<std::string> Variable(const std::string& name, int depth) {
    for (const auto& [given, value] : given_) {
      if (given == name) return value;
    }
    for (const HclBlock& block : blocks_) {
      if (block.type != "variable" || block.labels.size() != 1 || block.labels[0] != name) continue;
      const json::value* const fallback = block.body.if_contains("default");
      if (fallback != nullptr) return Text(TextOf(*fallback), depth);
    }
    notes_.Approximated(StrCat("variable ", name, " has no default: its name is its value; give --parameter ", name,
                               "=VALUE for another"));
    return name;
  }

  std::optional<std::string> ResourceAttribute(std::string_view block_type, const std::vector<std::string>& parts,
                                               int depth) {
    for (const HclBlock& block : blocks_) {
      if (block.type != block_type || block.labels.size() != 2) continue;
      if (block.labels[0] != parts[0] || block.labels[1] != parts[1]) continue;
      for (const ResourceKind& kind : kResourceKinds) {
        if (kind.type != parts[0]) continue;
        const std::string name = ResourceName(block, kind.name, depth);
        return parts[2].ends_with("arn") ? StrCat(kind.arn, name) : name;
      }
      const json::value* const attribute = block.body.if_contains(parts[2]);
      if (attribute != nullptr && attribute->is_string()) return Text(TextOf(*attribute), depth);
    }
    return std::nullopt;
  }

  std::optional<std::string> FileText(std::string path) {
    for (const std::string_view here : {"${path.module}/", "${path.root}/", "./"}) {
      if (path.starts_with(here)) path.erase(0, here.size());
    }
    if (path.empty() || path.starts_with('/') || path.find("..") != std::string::npos ||
        path.find("${") != std::string::npos) {
      notes_.NotPossible(StrCat("file ", path, " lies outside the folder and is not read"));
      return std::nullopt;
    }
    auto text = read_(path);
    if (!text.ok()) {
      notes_.NotPossible(StrCat("file ", path, " is not read: ", text.error().message));
      return std::nullopt;
    }
    return std::move(text).value();
  }

  const std::vector<HclBlock>& blocks_;
  const ImportParameters& given_;
  const ReadNeighbour& read_;
  ImportNotes& notes_;
};

// Renames the members of a body.
json::value Rename(const json::value& value, std::span<const Member> special) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return value;
  json::object result;
  for (const auto& member : *object) {
    const Member* found = nullptr;
    for (const std::span<const Member> list : {special, std::span<const Member>(kMembers)}) {
      const auto entry = std::ranges::find(list, std::string_view(member.key()), &Member::terraform);
      if (found == nullptr && entry != list.end()) found = &*entry;
    }
    if (found == nullptr) continue;
    const json::array* const blocks = member.value().if_array();
    json::value renamed;
    if (blocks == nullptr) {
      renamed = Rename(member.value(), special);
    } else if (found->list) {
      json::array list;
      for (const json::value& block : *blocks) list.push_back(Rename(block, special));
      renamed = std::move(list);
    } else if (!blocks->empty()) {
      renamed = Rename(blocks->front(), special);
    }
    if (!renamed.is_null()) result[found->service] = std::move(renamed);
  }
  return result;
}

// The bodies of all blocks of that name, renamed.
json::array RenameAll(const json::value& body, std::string_view name, std::span<const Member> special) {
  json::array result;
  const json::value* const blocks = Find(body, {name});
  if (blocks == nullptr || !blocks->is_array()) return result;
  for (const json::value& block : blocks->get_array()) result.push_back(Rename(block, special));
  return result;
}

// Body of the first block of that name, or nothing.
json::value FirstBlock(const json::value& body, std::string_view name) {
  const json::value* const blocks = Find(body, {name});
  const json::array* const list = blocks == nullptr ? nullptr : blocks->if_array();
  return list == nullptr || list->empty() ? json::value(json::object()) : list->front();
}

json::value FirstVersion(const json::value& body) {
  json::object result;
  result["ApplicationCode"] = json::value(TextAt(body, {"code"}));
  result["Inputs"] = RenameAll(body, "inputs", kInputMembers);
  result["Outputs"] = RenameAll(body, "outputs", kOutputMembers);
  result["ReferenceDataSources"] = RenameAll(body, "reference_data_sources", kTableMembers);
  return result;
}

json::value SecondVersion(const json::value& body) {
  const json::value configuration = FirstBlock(body, "application_configuration");
  const json::value sql = FirstBlock(configuration, "sql_application_configuration");
  const json::value code = FirstBlock(configuration, "application_code_configuration");
  json::object code_configuration;
  code_configuration["CodeContent"] = Rename(FirstBlock(code, "code_content"), {});
  json::object result;
  result["ApplicationCodeConfiguration"] = std::move(code_configuration);
  result["Inputs"] = RenameAll(sql, "input", {});
  result["Outputs"] = RenameAll(sql, "output", {});
  result["ReferenceDataSources"] = RenameAll(sql, "reference_data_source", {});
  return result;
}

}  // namespace

Result<ServiceDocument> ReadTerraform(std::string_view text, const ImportParameters& parameters,
                                      const ReadNeighbour& read) {
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<HclBlock> blocks, ParseHcl(text));
  ServiceDocument result;
  Module module(blocks, parameters, read, result.notes);
  for (const HclBlock& block : blocks) {
    if (block.type != "resource" || block.labels.size() != 2) continue;
    const std::string& type = block.labels[0];
    const std::string place = StrCat(type, ".", block.labels[1]);
    const bool first = type == "aws_kinesis_analytics_application";
    if (first || type == "aws_kinesisanalyticsv2_application") {
      const json::value body = module.Resolve(json::value(block.body));
      const std::string runtime = TextAt(body, {"runtime_environment"});
      if (!runtime.empty() && !runtime.starts_with("SQL")) {
        result.notes.NotPossible(StrCat(place, " runs ", runtime, ", not SQL"));
        continue;
      }
      json::value value = first ? FirstVersion(body) : SecondVersion(body);
      value.as_object()["ApplicationName"] = json::value(module.ResourceName(block, "name"));
      result.applications.push_back({place, std::move(value)});
    } else if (type == "aws_kinesis_stream") {
      const json::value body = module.Resolve(json::value(block.body));
      result.streams.push_back({.name = NameOfResource(module.ResourceName(block, "name")),
                                .shards = ParseInt64(TextAt(body, {"shard_count"})).value_or(1),
                                .retention_hours = ParseInt64(TextAt(body, {"retention_period"})).value_or(24)});
    } else if (type == "aws_kinesis_firehose_delivery_stream") {
      const std::string name = NameOfResource(module.ResourceName(block, "name"));
      result.delivery_streams.push_back({name, FirehoseDocumentOf(module.Resolve(json::value(block.body)), name)});
    } else if (!type.starts_with("aws_iam_")) {
      result.notes.NotPossible(StrCat("resource ", place, " is not part of a streaming application"));
    }
  }
  return result;
}

}  // namespace tailrace::app
