#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "app/import/delivery.h"
#include "app/import/document.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;
using ingest::SchemaFault;

constexpr std::string_view kHolders[] = {"ApplicationConfiguration", "ApplicationConfigurationDescription",
                                         "SqlApplicationConfiguration", "SqlApplicationConfigurationDescription"};

// The member `name` or `NAMEDescription` of the application, or of what its second version nests it in.
const json::value* FindNested(const json::value& value, std::initializer_list<std::string_view> names,
                              std::string& path) {
  for (const std::string_view name : names) {
    if (const json::value* const found = Find(value, {name})) {
      path = StrCat(path, ".", name);
      return found;
    }
  }
  for (const std::string_view holder : kHolders) {
    const json::value* const inner = Find(value, {holder});
    if (inner == nullptr) continue;
    std::string inner_path = StrCat(path, ".", holder);
    if (const json::value* const found = FindNested(*inner, names, inner_path)) {
      path = std::move(inner_path);
      return found;
    }
  }
  return nullptr;
}

// `name`, `nameDescription`; null when neither is there.
const json::value* FindEither(const json::value& value, std::string_view name) {
  const json::value* const found = Find(value, {name});
  return found != nullptr ? found : Find(value, {StrCat(name, "Description")});
}

class Translation {
 public:
  Translation(const ServiceApplication& application, const std::vector<ImportedStream>& streams, ImportNotes& notes)
      : application_(application), known_streams_(streams), notes_(notes) {}

  Result<ImportedApplication> Run(const std::vector<DescribedDelivery>& delivery_streams) {
    AddDeliveries(delivery_streams);
    result_.name = TextAt(application_.value, {"ApplicationName"});
    ReadCode();
    ReadInputs();
    ReadList({"Outputs", "OutputDescriptions"},
             [&](const json::value& value, const std::string& path) { ReadOutput(value, path); });
    ReadList({"ReferenceDataSources", "ReferenceDataSourceDescriptions"},
             [&](const json::value& value, const std::string& path) { ReadTable(value, path); });
    TellNamesApart();
    if (faults_.empty()) return std::move(result_);
    std::string message;
    for (const SchemaFault& fault : faults_) {
      message += StrCat(message.empty() ? "" : "\n", fault.path, ": ", fault.message);
    }
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  }

 private:
  template <typename Read>
  void ReadList(std::initializer_list<std::string_view> names, Read read) {
    std::string path = application_.place;
    const json::value* const found = FindNested(application_.value, names, path);
    if (found == nullptr) return;
    const json::array* const list = found->if_array();
    if (list == nullptr) return Fault(path, "expected a list");
    for (size_t i = 0; i < list->size(); ++i) read((*list)[i], StrCat(path, "[", i, "]"));
  }

  void Fault(std::string path, std::string message) { faults_.push_back({std::move(path), std::move(message)}); }

  void ReadCode() {
    std::string path = application_.place;
    const json::value* code = FindNested(application_.value, {"ApplicationCode"}, path);
    if (code != nullptr) {
      result_.sql = TextOf(*code);
    } else {
      code = FindNested(application_.value, {"ApplicationCodeConfiguration", "ApplicationCodeConfigurationDescription"},
                        path);
      const json::value* const content = code == nullptr ? nullptr : FindEither(*code, "CodeContent");
      if (content != nullptr) {
        result_.sql = TextAt(*content, {"TextContent"});
        for (const char* const stored : {"S3ContentLocation", "S3ApplicationCodeLocationDescription"}) {
          if (Find(*content, {stored}) == nullptr) continue;
          notes_.NotPossible(StrCat("the SQL is the object ", TextAt(*content, {stored, "FileKey"}), " of ",
                                    TextAt(*content, {stored, "BucketARN"}), ": put it into application.sql"));
        }
      }
    }
    if (Trim(result_.sql).empty()) {
      notes_.NotPossible(StrCat(application_.place, " holds no SQL text; application.sql is empty"));
    } else {
      notes_.Translated("SQL program -> application.sql");
    }
  }

  // The stream of that ARN, made when it is new.
  std::string Stream(const std::string& arn) {
    const std::string name = NameOfResource(arn);
    const bool known = std::ranges::any_of(result_.streams, [&](const auto& stream) { return stream.name == name; });
    if (known) return name;
    const auto described = std::ranges::find(known_streams_, name, &ImportedStream::name);
    ImportedStream stream = described == known_streams_.end() ? ImportedStream{.name = name} : *described;
    stream.shards = std::clamp<int64_t>(stream.shards, 1, 1024);
    stream.retention_hours = std::clamp<int64_t>(stream.retention_hours, 1, 24 * 3650);
    notes_.Translated(StrCat("stream ", arn, " -> stream ", name, ", ", stream.shards,
                             stream.shards == 1 ? " shard, " : " shards, ", stream.retention_hours, " h"));
    if (described == known_streams_.end()) {
      notes_.Approximated(StrCat("shards and retention of stream ", name, " are not in the file: 1 shard, 24 h"));
    }
    result_.streams.push_back(std::move(stream));
    return name;
  }

  // The delivery stream of that ARN, made when it is new.
  std::string Delivery(const std::string& arn) {
    const std::string name = NameOfResource(arn);
    const bool known =
        std::ranges::any_of(result_.delivery_streams, [&](const auto& delivery) { return delivery.name == name; });
    if (!known) result_.delivery_streams.push_back(UnknownDelivery(name, notes_));
    return name;
  }

  // Those of the document, whether the application uses them or not: their archives belong to it.
  void AddDeliveries(const std::vector<DescribedDelivery>& described) {
    for (const DescribedDelivery& delivery : described) {
      result_.delivery_streams.push_back(TranslateDelivery(delivery, notes_));
      std::string& source = result_.delivery_streams.back().source_stream;
      if (!source.empty()) source = Stream(source);
    }
  }

  void ReadInputs() {
    std::string path = application_.place;
    const json::value* const inputs = FindNested(application_.value, {"Inputs", "InputDescriptions"}, path);
    if (inputs == nullptr) return Fault(path, "Inputs is missing");
    if (!inputs->is_array() || inputs->get_array().empty()) return Fault(path, "expected a list with one input");
    std::vector<SchemaFault> faults;
    std::vector<ingest::InputDefinition> definitions = ingest::ReadInputs(*inputs, faults);
    for (SchemaFault& fault : faults) {
      if (fault.path.starts_with("Inputs")) fault.path.erase(0, std::string_view("Inputs").size());
      faults_.push_back({path + fault.path, std::move(fault.message)});
    }
    for (size_t i = 0; i < definitions.size(); ++i) {
      ReadInput(inputs->get_array()[i], StrCat(path, "[", i, "]"), std::move(definitions[i]));
    }
  }

  void ReadInput(const json::value& value, const std::string& path, ingest::InputDefinition definition) {
    const json::value* const kinesis = FindEither(value, "KinesisStreamsInput");
    const json::value* const firehose = FindEither(value, "KinesisFirehoseInput");
    const json::value* const source = kinesis != nullptr ? kinesis : firehose;
    if (source == nullptr) return Fault(path, "has neither KinesisStreamsInput nor KinesisFirehoseInput");
    const std::string arn = TextAt(*source, {"ResourceARN"});
    if (arn.empty()) return Fault(path, "ResourceARN of its source is missing");
    const std::string stream = kinesis != nullptr ? Stream(arn) : Delivery(arn);
    if (kinesis == nullptr) {
      notes_.Translated(StrCat("input ", definition.name_prefix, " reads the delivery stream ", stream,
                               ", at once and not when it delivers"));
    }
    notes_.Translated(StrCat("input ", definition.name_prefix, ": ", definition.schema.format, ", ",
                             definition.schema.columns.size(), " columns"));
    if (const json::value* const processing = FindEither(value, "InputProcessingConfiguration")) {
      const json::value* const lambda = FindEither(*processing, "InputLambdaProcessor");
      notes_.NotPossible(StrCat("input ", definition.name_prefix, ": the function ",
                                NameOfResource(lambda == nullptr ? "" : TextAt(*lambda, {"ResourceARN"})),
                                " that prepares records does not run; send records already prepared"));
    }
    const std::string start = TextAt(value, {"InputStartingPositionConfiguration", "InputStartingPosition"});
    if (start == "NOW") {
      result_.start_latest = true;
      notes_.Translated("starting position NOW -> start: latest");
    } else if (start == "LAST_STOPPED_POINT") {
      notes_.Approximated(
          "starting position LAST_STOPPED_POINT -> start: trim_horizon; later runs go on where they were");
    } else if (start == "TRIM_HORIZON") {
      notes_.Translated("starting position TRIM_HORIZON -> start: trim_horizon");
    } else {
      notes_.Approximated("no starting position in the file: start: trim_horizon");
    }
    result_.inputs.push_back({std::move(definition), stream, kinesis == nullptr});
  }

  void ReadOutput(const json::value& value, const std::string& path) {
    ImportedOutput output{.from = TextAt(value, {"Name"})};
    if (output.from.empty()) return Fault(path, "Name is missing");
    const std::string form = AsciiLower(TextAt(value, {"DestinationSchema", "RecordFormatType"}));
    if (form == "csv") output.format = data::OutputFormat::kCsv;
    if (!form.empty() && form != "csv" && form != "json") {
      return Fault(path + ".DestinationSchema.RecordFormatType", StrCat("unknown format \"", form, "\""));
    }
    struct Destination {
      std::string_view member;
      std::string_view what;
    };
    static constexpr Destination kDestinations[] = {
        {"KinesisStreamsOutput", "stream"}, {"KinesisFirehoseOutput", "delivery stream"}, {"LambdaOutput", "function"}};
    for (const Destination& destination : kDestinations) {
      const json::value* const to = FindEither(value, destination.member);
      if (to == nullptr) continue;
      const std::string arn = TextAt(*to, {"ResourceARN"});
      if (arn.empty()) return Fault(StrCat(path, ".", destination.member, ".ResourceARN"), "is missing");
      AddOutput(std::move(output), arn, destination.what);
      return;
    }
    Fault(path, "has none of KinesisStreamsOutput, KinesisFirehoseOutput, LambdaOutput");
  }

  // The service has streams and delivery streams of one name; here the two are kept apart by theirs.
  void TellNamesApart() {
    std::set<std::string> taken;
    for (const ImportedStream& stream : result_.streams) taken.insert(stream.name);
    const std::set<std::string> streams = taken;
    for (const auto& delivery : result_.delivery_streams) taken.insert(delivery.name);
    for (sink::delivery::DeliveryDefinition& delivery : result_.delivery_streams) {
      if (!delivery.source_stream.empty() || !streams.contains(delivery.name)) continue;
      const std::string old = delivery.name;
      for (int number = 1; taken.contains(delivery.name); ++number) {
        const std::string suffix = number == 1 ? "-delivery" : StrCat("-delivery-", number);
        delivery.name = old.substr(0, sink::delivery::kNameCharsMax - suffix.size()) + suffix;
      }
      taken.insert(delivery.name);
      for (ImportedInput& input : result_.inputs) {
        if (input.from_delivery && input.stream == old) input.stream = delivery.name;
      }
      for (ImportedOutput& output : result_.outputs) {
        if (output.kind == ImportedOutput::Kind::kDelivery && output.target == old) output.target = delivery.name;
      }
      notes_.Approximated(StrCat("delivery stream ", old, " has the name of a stream: it is ", delivery.name,
                                 " here; tell those who put to it (deliveryStream of the agent, DeliveryStreamName)"));
    }
  }

  void AddOutput(ImportedOutput output, const std::string& arn, std::string_view what) {
    const bool csv = output.format == data::OutputFormat::kCsv;
    using Kind = ImportedOutput::Kind;
    output.kind = what == "stream" ? Kind::kStream : what == "delivery stream" ? Kind::kDelivery : Kind::kFile;
    output.target = output.kind == Kind::kStream     ? Stream(arn)
                    : output.kind == Kind::kDelivery ? Delivery(arn)
                                                     : StrCat(NameOfResource(arn), csv ? ".csv" : ".ndjson");
    const bool repeated = std::ranges::any_of(result_.outputs, [&](const ImportedOutput& other) {
      return other.from == output.from && other.target == output.target;
    });
    if (repeated) {
      notes_.Approximated(StrCat("output ", output.from, " -> ", what, " ", arn, " is there twice; one is kept"));
      return;
    }
    if (output.kind == Kind::kFile) {
      notes_.Approximated(StrCat("output ", output.from, " -> ", what, " ", NameOfResource(arn),
                                 ": rows go to the file ", output.target,
                                 ", one a line; make it a table or an alarm when that is what the function did"));
    } else {
      notes_.Translated(StrCat("output ", output.from, " -> ", what, " ", output.target, ", ", csv ? "csv" : "json",
                               ", NULL as the service's consumers read it (nulls: text)"));
    }
    result_.outputs.push_back(std::move(output));
  }

  void ReadTable(const json::value& value, const std::string& path) {
    ImportedTable table{.name = TextAt(value, {"TableName"})};
    if (table.name.empty()) return Fault(path, "TableName is missing");
    const json::value* const schema = Find(value, {"ReferenceSchema"});
    if (schema == nullptr) return Fault(path, "ReferenceSchema is missing");
    ingest::InputSchema read = ingest::ReadInputSchema(*schema, path + ".ReferenceSchema", faults_);
    table.schema = std::move(read);
    const bool csv = table.schema.format == "csv";
    table.file = NameOfResource(table.name) + (csv ? ".csv" : ".json");
    if (const json::value* const object = FindEither(value, "S3ReferenceDataSource")) {
      table.key = TextAt(*object, {"FileKey"});
      // Buckets' names have no other characters than this leaves.
      if (!table.key.empty()) table.bucket = NameOfResource(TextAt(*object, {"BucketARN"}));
    }
    const std::string_view has = csv ? " has the header" : " is empty";
    if (table.bucket.empty()) {
      notes_.Approximated(
          StrCat("reference table ", table.name, " names no object: ", table.file, has, "; fill it with the rows"));
    } else {
      notes_.Translated(StrCat("reference table ", table.name, " -> object ", table.key, " of bucket ", table.bucket,
                               ", read with AWS_ACCESS_KEY_ID and the like of the environment, unless s3 says more"));
      notes_.Approximated(StrCat("reference table ", table.name,
                                 ": a changed object is read within 30 s, not only when the application is updated"));
      notes_.Approximated(StrCat("tests of the application have no bucket: ", table.file, has,
                                 "; fill it with the rows that tests use"));
    }
    result_.tables.push_back(std::move(table));
  }

  const ServiceApplication& application_;
  const std::vector<ImportedStream>& known_streams_;
  ImportNotes& notes_;
  std::vector<SchemaFault> faults_;
  ImportedApplication result_;
};

}  // namespace

Result<ImportedApplication> TranslateApplication(const ServiceApplication& application,
                                                 const std::vector<ImportedStream>& streams,
                                                 const std::vector<DescribedDelivery>& delivery_streams,
                                                 ImportNotes& notes) {
  return Translation(application, streams, notes).Run(delivery_streams);
}

}  // namespace tailrace::app
