#include "ingest/agent/converters.h"

#include <array>
#include <optional>

#include "base/java_regex.h"
#include "base/str.h"
#include "data/text.h"
#include "ingest/agent/csv.h"
#include "ingest/agent/json_node.h"

namespace tailrace::ingest {
namespace {

using Outcome = Converter::Outcome;

std::string_view WithoutLineEnd(std::string_view record) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  return record;
}

// The same, and without the CR of a CR LF: the Java agent leaves that one in the last field.
std::string_view WithoutCrLf(std::string_view record) {
  record = WithoutLineEnd(record);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

// Writes objects that always have the same names: what stands before each value is made once.
class FieldsWriter {
 public:
  FieldsWriter(std::span<const std::string> names, JsonStyle style) {
    for (const std::string& name : names) {
      std::string before = before_.empty() ? "{" : ",";
      if (style == JsonStyle::kPretty) before += "\n  ";
      data::AppendJsonUtf8(before, name);
      before += style == JsonStyle::kPretty ? " : " : ":";
      before_.push_back(std::move(before));
    }
    end_ = style == JsonStyle::kPretty ? (names.empty() ? "{ }\n" : "\n}\n") : (names.empty() ? "{}\n" : "}\n");
  }
  size_t size() const { return before_.size(); }
  void Text(std::string& json, size_t field, std::string_view value) const {
    json += before_[field];
    data::AppendJsonUtf8(json, value);
  }
  void Null(std::string& json, size_t field) const {
    json += before_[field];
    json += "null";
  }
  void End(std::string& json) const { json += end_; }

 private:
  std::vector<std::string> before_;
  std::string end_;
};

class SingleLineConverter final : public Converter {
 public:
  explicit SingleLineConverter(SingleLineOption option) : option_(option) {}

  Outcome Convert(std::string_view record, std::string& output, std::string& /*reason*/) override {
    while (record.ends_with('\n')) record.remove_suffix(1);  // String.split drops empty lines at the end.
    bool first = true;
    for (std::string_view line : Split(record, '\n')) {
      if (!first && option_.escape_new_line) output += "\\\\n";
      first = false;
      if (option_.trim) {  // String.trim: everything up to the blank is white space.
        while (!line.empty() && static_cast<unsigned char>(line.front()) <= ' ') line.remove_prefix(1);
        while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
      }
      output += line;
    }
    output += '\n';
    return Outcome::kConverted;
  }

 private:
  const SingleLineOption option_;
};

class CsvToJsonConverter final : public Converter {
 public:
  CsvToJsonConverter(const CsvToJsonOption& option, CsvSplitter splitter)
      : fields_(option.field_names, option.style), splitter_(std::move(splitter)) {}

  Outcome Convert(std::string_view record, std::string& output, std::string& /*reason*/) override {
    const std::string_view line = splitter_.quotes() ? WithoutCrLf(record) : WithoutLineEnd(record);
    const std::vector<CsvColumn>& columns = splitter_.Columns(line, fields_.size());
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (i < columns.size()) {
        fields_.Text(output, i, columns[i].text);
      } else {
        fields_.Null(output, i);
      }
    }
    fields_.End(output);
    return Outcome::kConverted;
  }

 private:
  const FieldsWriter fields_;
  CsvSplitter splitter_;
};

// Patterns of the built-in formats, each for the whole record.
std::string BuiltinPattern(LogFormat format) {
  // A host name or dotted address; an IPv6 address too, which the Java agent does not take.
  static constexpr std::string_view kHost =
      R"(([0-9A-Za-z][0-9A-Za-z-]*(?:\.[0-9A-Za-z][0-9A-Za-z-]*)*\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*))";
  // Text without inner quotes, or with quotes escaped by a backslash as Apache writes them.
  static constexpr std::string_view kQuoted = R"re("((?:[^"\\]++|\\.)++|[^"]+)")re";
  static constexpr std::string_view kSyslogRest = R"( (?:<\d+\.\d+> )?(\S+) ([\w._/%-]+)(?:\[(\d+)\])?: ?(.*))";
  const std::string common = StrCat(
      kHost, R"( ([a-zA-Z0-9._-]+) ([a-zA-Z0-9._-]+) \[(\d{2}/[A-Za-z]{3}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\] )",
      kQuoted, R"( ([+-]?\d+|-) ([+-]?\d+|-))");
  switch (format) {
    case LogFormat::kCommonApache:
      return StrCat(common, ".*");
    case LogFormat::kCombinedApache:
      return StrCat(common, " ", kQuoted, " ", kQuoted, ".*");
    case LogFormat::kApacheError:
      return R"(\[([A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}(?:\.\d+)? \d{4})\] )"
             R"(\[(?:([\w-]+)?:)?([\w-]+)\] \[pid (\d+)(?::tid (\d+))?\] (?:\[client ([^\]]+)\] )?(.*))";
    case LogFormat::kSyslog:
      return StrCat(R"(([A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}))", kSyslogRest);
    case LogFormat::kRfc3339Syslog:
      return StrCat(R"((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})))", kSyslogRest);
  }
  TAILRACE_CHECK(false);
}

class LogToJsonConverter final : public Converter {
 public:
  LogToJsonConverter(std::span<const std::string> names, const LogToJsonOption& option, JavaRegex regex)
      : fields_(names, option.style),
        dash_is_null_(option.format != LogFormat::kSyslog && option.format != LogFormat::kRfc3339Syslog),
        regex_(std::move(regex)),
        groups_(regex_.group_count() + 1) {}

  Outcome Convert(std::string_view record, std::string& output, std::string& reason) override {
    const std::string_view line = WithoutCrLf(record);
    const auto matched = regex_.Match(line, 0, scratch_, groups_);
    if (!matched.ok()) {
      reason = matched.error().message;
      return Outcome::kSkipped;
    }
    if (!*matched) {
      reason = "does not match the log format's pattern";
      return Outcome::kSkipped;
    }
    if (regex_.group_count() != fields_.size()) {
      reason = StrCat("pattern has ", regex_.group_count(), " groups for ", fields_.size(), " field names");
      return Outcome::kSkipped;
    }
    for (size_t i = 0; i < fields_.size(); ++i) {
      const RegexGroup& group = groups_[i + 1];
      const std::string_view value = group.matched ? group.In(line) : std::string_view();
      if (!group.matched || (dash_is_null_ && value == "-")) {
        fields_.Null(output, i);
      } else {
        fields_.Text(output, i, value);
      }
    }
    fields_.End(output);
    return Outcome::kConverted;
  }

 private:
  const FieldsWriter fields_;
  const bool dash_is_null_;
  const JavaRegex regex_;
  RegexScratch scratch_;
  std::vector<RegexGroup> groups_;
};

class AddMetadataConverter final : public Converter {
 public:
  AddMetadataConverter(const AddMetadataOption& option, const Clock& clock) : option_(option), clock_(clock) {}

  Outcome Convert(std::string_view record, std::string& output, std::string& /*reason*/) override {
    JsonObjectWriter writer(output, option_.style);
    if (option_.timestamp) writer.Text("ts", ToIso8601(clock_.Now()));
    writer.Node("metadata", option_.metadata);
    writer.Text("data", WithoutLineEnd(record));
    writer.Close();
    output += '\n';
    return Outcome::kConverted;
  }

 private:
  const AddMetadataOption option_;
  const Clock& clock_;
};

class AddEc2MetadataConverter final : public Converter {
 public:
  AddEc2MetadataConverter(AddEc2MetadataOption option, const Clock& clock, Ec2MetadataSource* source)
      : option_(option), clock_(clock), source_(source) {}

  Outcome Convert(std::string_view record, std::string& output, std::string& reason) override {
    auto object = ReadJson(WithoutLineEnd(record));
    if (!object || object->kind != JsonNode::Kind::kObject) {
      reason = StrCat("ADDEC2METADATA needs a JSON object: ", object ? "it is another value" : object.error().message);
      return Outcome::kFailed;
    }
    Refresh();
    for (const JsonNode::Member& added : added_) {
      if (const JsonNode* const there = object->Find(added.name)) {
        *const_cast<JsonNode*>(there) = added.value;  // `object` is ours.
      } else {
        object->members.push_back(added);
      }
    }
    AppendJsonNode(output, *object, option_.style);
    output += '\n';
    return Outcome::kConverted;
  }

 private:
  static JsonNode TextOrNull(const std::string& text) {
    JsonNode node;
    if (text.empty()) return node;
    node.kind = JsonNode::Kind::kString;
    node.text = text;
    return node;
  }

  void Refresh() {
    const auto now = clock_.Monotonic();
    if (!added_.empty() && now - fetched_ < option_.time_to_live) return;
    fetched_ = now;
    const auto fetched = source_ == nullptr ? Result<Ec2Metadata>(Ec2Metadata{}) : source_->Fetch();
    if (!fetched.ok() && !added_.empty()) return;  // The old values are better than none.
    const Ec2Metadata metadata = fetched.ok() ? *fetched : Ec2Metadata{};
    added_.clear();
    const auto add = [&](std::string_view name, JsonNode value) {
      added_.push_back({.name = std::string(name), .value = std::move(value)});
    };
    add("privateIp", TextOrNull(metadata.private_ip));
    add("availabilityZone", TextOrNull(metadata.availability_zone));
    add("instanceId", TextOrNull(metadata.instance_id));
    add("instanceType", TextOrNull(metadata.instance_type));
    add("accountId", TextOrNull(metadata.account_id));
    add("amiId", TextOrNull(metadata.image_id));
    add("region", TextOrNull(metadata.region));
    // Java's yyyy-MM-dd'T'HH:mm:ssZ.
    add("metadataTimestamp", TextOrNull(StrCat(ToIso8601(clock_.Now()).substr(0, 19), "+0000")));
    JsonNode tags{.kind = JsonNode::Kind::kObject};
    for (const auto& [key, value] : metadata.tags) {
      JsonNode text{.kind = JsonNode::Kind::kString};
      text.text = value;
      tags.members.push_back({.name = key, .value = std::move(text)});
    }
    add("tags", std::move(tags));
  }

  const AddEc2MetadataOption option_;
  const Clock& clock_;
  Ec2MetadataSource* const source_;
  std::chrono::nanoseconds fetched_{};
  std::vector<JsonNode::Member> added_;
};

class AddBracketsConverter final : public Converter {
 public:
  Outcome Convert(std::string_view record, std::string& output, std::string& /*reason*/) override {
    output += '{';
    output += record;
    output += '}';
    return Outcome::kConverted;
  }
};

Result<std::unique_ptr<Converter>> MakeLogToJson(const LogToJsonOption& option) {
  std::vector<std::string> names = option.field_names;
  if (names.empty()) {
    for (const std::string_view name : LogFormatFields(option.format)) names.emplace_back(name);
  }
  const std::string pattern = option.match_pattern.empty() ? BuiltinPattern(option.format) : option.match_pattern;
  TAILRACE_ASSIGN_OR_RETURN(JavaRegex regex, JavaRegex::Compile(pattern, RegexMode::kWhole));
  return std::unique_ptr<Converter>(std::make_unique<LogToJsonConverter>(names, option, std::move(regex)));
}

struct MakeConverter {
  const Clock& clock;
  Ec2MetadataSource* metadata;

  Result<std::unique_ptr<Converter>> operator()(const SingleLineOption& option) const {
    return std::unique_ptr<Converter>(std::make_unique<SingleLineConverter>(option));
  }
  Result<std::unique_ptr<Converter>> operator()(const CsvToJsonOption& option) const {
    TAILRACE_ASSIGN_OR_RETURN(CsvSplitter splitter, CsvSplitter::Make(option.delimiter, option.mode));
    return std::unique_ptr<Converter>(std::make_unique<CsvToJsonConverter>(option, std::move(splitter)));
  }
  Result<std::unique_ptr<Converter>> operator()(const LogToJsonOption& option) const { return MakeLogToJson(option); }
  Result<std::unique_ptr<Converter>> operator()(const AddMetadataOption& option) const {
    return std::unique_ptr<Converter>(std::make_unique<AddMetadataConverter>(option, clock));
  }
  Result<std::unique_ptr<Converter>> operator()(const AddEc2MetadataOption& option) const {
    return std::unique_ptr<Converter>(std::make_unique<AddEc2MetadataConverter>(option, clock, metadata));
  }
  Result<std::unique_ptr<Converter>> operator()(const AddBracketsOption&) const {
    return std::unique_ptr<Converter>(std::make_unique<AddBracketsConverter>());
  }
};

}  // namespace

std::string Latin1ToUtf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

Result<ConverterChain> ConverterChain::Make(const FlowConfig& flow, const Clock& clock, Ec2MetadataSource* metadata) {
  ConverterChain chain;
  chain.encoding_ = flow.source_encoding;
  for (const ProcessingOption& option : flow.processing) {
    TAILRACE_ASSIGN_OR_RETURN(auto converter, std::visit(MakeConverter{clock, metadata}, option));
    chain.converters_.push_back(std::move(converter));
    const auto* const add_metadata = std::get_if<AddMetadataOption>(&option);
    chain.depends_on_time_ |=
        std::holds_alternative<AddEc2MetadataOption>(option) || (add_metadata != nullptr && add_metadata->timestamp);
  }
  return chain;
}

Converter::Outcome ConverterChain::Convert(std::string_view record, std::string_view& output, std::string& reason) {
  std::string decoded;
  if (encoding_ == SourceEncoding::kLatin1) {
    decoded = Latin1ToUtf8(record);
    record = decoded;
  } else if (!converters_.empty() && !IsValidUtf8(record)) {
    decoded = RepairUtf8(record);
    record = decoded;
  }
  if (converters_.empty()) {
    from_ = record;
    output = from_;
    return Outcome::kConverted;
  }
  for (const std::unique_ptr<Converter>& converter : converters_) {
    to_.clear();
    reason.clear();
    const Outcome outcome = converter->Convert(record, to_, reason);
    if (outcome != Outcome::kConverted) return outcome;
    std::swap(from_, to_);
    record = from_;
  }
  output = from_;
  return Outcome::kConverted;
}

InstanceMetadataService::InstanceMetadataService(Net& net, std::string endpoint)
    : net_(net), endpoint_(std::move(endpoint)) {}

Result<std::string> InstanceMetadataService::Get(const std::string& path, const std::string& token) {
  TAILRACE_ASSIGN_OR_RETURN(HttpResponse response, net_.Http({.url = StrCat(endpoint_, path),
                                                              .headers = {{"X-aws-ec2-metadata-token", token}},
                                                              .timeout = std::chrono::milliseconds(1000),
                                                              .response_bytes_max = 64 << 10}));
  if (response.status != 200) {
    return Error{ErrorCode::kUnavailable, StrCat("instance metadata ", path, ": status ", response.status)};
  }
  return std::move(response.body);
}

Result<Ec2Metadata> InstanceMetadataService::Fetch() {
  TAILRACE_ASSIGN_OR_RETURN(const HttpResponse token,
                            net_.Http({.method = "PUT",
                                       .url = StrCat(endpoint_, "/latest/api/token"),
                                       .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}},
                                       .timeout = std::chrono::milliseconds(1000),
                                       .response_bytes_max = 4 << 10}));
  if (token.status != 200) {
    return Error{ErrorCode::kUnavailable, StrCat("instance metadata token: status ", token.status)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string document, Get("/latest/dynamic/instance-identity/document", token.body));
  const auto node = ReadJson(document);
  if (!node) return Error{ErrorCode::kUnavailable, StrCat("instance identity document: ", node.error().message)};
  const auto text = [&](std::string_view name) {
    const JsonNode* const value = node->Find(name);
    return value == nullptr ? std::string() : value->text;
  };
  Ec2Metadata metadata{text("privateIp"), text("availabilityZone"), text("instanceId"), text("instanceType"),
                       text("accountId"), text("imageId"),          text("region")};
  // Tags are there only when the instance allows them in its metadata.
  const auto names = Get("/latest/meta-data/tags/instance/", token.body);
  if (!names.ok()) return metadata;
  for (const std::string_view name : Split(*names, '\n')) {
    auto value = Get(StrCat("/latest/meta-data/tags/instance/", name), token.body);
    if (value.ok()) metadata.tags.emplace_back(AsciiLower(name), std::move(*value));
  }
  return metadata;
}

}  // namespace tailrace::ingest
