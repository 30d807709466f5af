#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>

#include "app/import/document.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;

constexpr std::string_view kApplicationTypes[] = {"AWS::KinesisAnalytics::Application",
                                                  "AWS::KinesisAnalyticsV2::Application"};
constexpr std::string_view kAccount = "000000000000";
constexpr std::string_view kRegion = "local";

// How references to a kind of resource resolve.
struct ResourceKind {
  std::string_view type;
  std::string_view name_property;
  std::string_view arn_service;  // "kinesis" ...
  std::string_view arn_path;     // What stands in front of the name.
};
constexpr ResourceKind kResourceKinds[] = {
    {"AWS::Kinesis::Stream", "Name", "kinesis", "stream/"},
    {"AWS::KinesisFirehose::DeliveryStream", "DeliveryStreamName", "firehose", "deliverystream/"},
    {"AWS::Lambda::Function", "FunctionName", "lambda", "function:"},
    {"AWS::S3::Bucket", "BucketName", "s3", ""},
    {"AWS::KinesisAnalytics::Application", "ApplicationName", "kinesisanalytics", "application/"},
    {"AWS::KinesisAnalyticsV2::Application", "ApplicationName", "kinesisanalytics", "application/"},
};

// Resolves the functions of a template.
class Template {
 public:
  Template(const json::value& document, const std::string& stem, const ImportParameters& given, ImportNotes& notes)
      : document_(document), stem_(stem), given_(given), notes_(notes) {}

  json::value Resolve(const json::value& value, int depth = 0) {
    if (depth > kImportDepthMax) {
      notes_.NotPossible("references that lead back to themselves are left out");
      return nullptr;
    }
    if (const json::array* const list = value.if_array()) {
      json::array resolved;
      for (const json::value& item : *list) {
        json::value one = Resolve(item, depth + 1);
        if (!IsNoValue(one)) resolved.push_back(std::move(one));
      }
      return resolved;
    }
    const json::object* const object = value.if_object();
    if (object == nullptr) return value;
    if (object->size() == 1) {
      const std::string name(object->begin()->key());
      if (name == "Ref") return Reference(TextOf(object->begin()->value()), depth + 1);
      if (name.starts_with("Fn::")) return Function(name.substr(4), object->begin()->value(), depth + 1);
    }
    json::object resolved;
    for (const auto& member : *object) {
      json::value one = Resolve(member.value(), depth + 1);
      if (!IsNoValue(one)) resolved[member.key()] = std::move(one);
    }
    return resolved;
  }

  std::string Text(const json::value& value, int depth = 0) { return TextOf(Resolve(value, depth)); }

  // A condition of the template, by name or as a function.
  bool Holds(const json::value& condition, int depth = 0) {
    if (depth > kImportDepthMax) return false;
    const json::object* const object = condition.if_object();
    if (object == nullptr || object->size() != 1) return TextOf(condition) == "true";
    const std::string name(object->begin()->key());
    const json::value& argument = object->begin()->value();
    if (name == "Condition") return HoldsNamed(TextOf(argument), depth + 1);
    const json::array* const list = argument.if_array();
    if (list == nullptr) return Text(condition, depth + 1) == "true";
    const auto holds = [&](const json::value& item) { return Holds(item, depth + 1); };
    if (name == "Fn::Equals" && list->size() == 2) return Text((*list)[0], depth + 1) == Text((*list)[1], depth + 1);
    if (name == "Fn::And") return std::ranges::all_of(*list, holds);
    if (name == "Fn::Or") return std::ranges::any_of(*list, holds);
    if (name == "Fn::Not" && list->size() == 1) return !holds((*list)[0]);
    return false;
  }
  bool HoldsNamed(const std::string& name, int depth = 0) {
    const json::value* const condition = Find(document_, {"Conditions", name});
    return condition != nullptr && Holds(*condition, depth);
  }

  // The name of a resource: its own, or the template's name for it.
  std::string ResourceName(const std::string& id, int depth = 0) {
    const std::string type = TextAt(document_, {"Resources", id, "Type"});
    for (const ResourceKind& kind : kResourceKinds) {
      if (kind.type != type) continue;
      const json::value* const name = Find(document_, {"Resources", id, "Properties", kind.name_property});
      const std::string text = name == nullptr ? "" : Text(*name, depth + 1);
      if (!text.empty()) return text;
    }
    return id;
  }

 private:
  static bool IsNoValue(const json::value& value) { return value.is_null(); }

  json::value Reference(const std::string& name, int depth) {
    if (name == "AWS::NoValue") return nullptr;
    if (name == "AWS::Region") return json::value(kRegion);
    if (name == "AWS::AccountId") return json::value(kAccount);
    if (name == "AWS::Partition") return "aws";
    if (name == "AWS::URLSuffix") return "amazonaws.com";
    if (name == "AWS::StackName" || name == "AWS::StackId") {
      notes_.Approximated(StrCat(name, " is taken to be ", stem_));
      return json::value(stem_);
    }
    if (const json::value* const parameter = Find(document_, {"Parameters", name})) return Parameter(name, *parameter);
    if (Find(document_, {"Resources", name}) != nullptr) return json::value(ResourceName(name, depth));
    notes_.NotPossible(
        StrCat("reference to ", name, ", which the template does not have; its name stands in its place"));
    return json::value(name);
  }

  json::value Parameter(const std::string& name, const json::value& parameter) {
    for (const auto& [given, value] : given_) {
      if (given == name) return json::value(value);
    }
    const json::value* const fallback = Find(parameter, {"Default"});
    if (fallback == nullptr) {
      notes_.Approximated(StrCat("parameter ", name, " has no default: its name is its value; give --parameter ", name,
                                 "=VALUE for another"));
      return json::value(name);
    }
    const std::string text = TextOf(*fallback);
    if (!TextAt(parameter, {"Type"}).starts_with("List<") && TextAt(parameter, {"Type"}) != "CommaDelimitedList") {
      return json::value(text);
    }
    json::array list;
    for (const std::string_view item : Split(text, ',')) list.push_back(json::value(Trim(item)));
    return list;
  }

  std::string Attribute(const std::string& id, const std::string& attribute, int depth) {
    const std::string type = TextAt(document_, {"Resources", id, "Type"});
    const std::string name = ResourceName(id, depth);
    for (const ResourceKind& kind : kResourceKinds) {
      if (kind.type != type || !EqualsIgnoreCase(attribute, "Arn")) continue;
      if (kind.arn_service == "s3") return StrCat("arn:aws:s3:::", name);
      return StrCat("arn:aws:", kind.arn_service, ":", kRegion, ":", kAccount, ":", kind.arn_path, name);
    }
    return type.empty() ? StrCat(id, ".", attribute) : name;
  }

  std::string Substitute(const std::string& text, const json::value* own, int depth) {
    std::string result;
    size_t at = 0;
    while (at < text.size()) {
      const size_t begin = text.find("${", at);
      const size_t end = begin == std::string::npos ? begin : text.find('}', begin);
      if (end == std::string::npos) break;
      result += text.substr(at, begin - at);
      const std::string name(Trim(std::string_view(text).substr(begin + 2, end - begin - 2)));
      at = end + 1;
      const json::value* const variable = own == nullptr ? nullptr : Find(*own, {name});
      if (name.starts_with('!')) {
        result += StrCat("${", name.substr(1), "}");
      } else if (variable != nullptr) {
        result += Text(*variable, depth);
      } else if (const size_t dot = name.find('.'); dot != std::string::npos) {
        result += Attribute(name.substr(0, dot), name.substr(dot + 1), depth);
      } else {
        result += TextOf(Reference(name, depth));
      }
    }
    return result + text.substr(at);
  }

  json::value Function(const std::string& name, const json::value& argument, int depth) {
    const json::array* const list = argument.if_array();
    const size_t count = list == nullptr ? 0 : list->size();
    if (name == "Sub") {
      if (count == 2) return json::value(Substitute(TextOf((*list)[0]), &(*list)[1], depth));
      return json::value(Substitute(Text(argument, depth), nullptr, depth));
    }
    if (name == "GetAtt") {
      if (count == 2) return json::value(Attribute(TextOf((*list)[0]), Text((*list)[1], depth), depth));
      const std::string text = TextOf(argument);
      const size_t dot = std::min(text.find('.'), text.size());
      return json::value(Attribute(text.substr(0, dot), dot < text.size() ? text.substr(dot + 1) : "", depth));
    }
    if (name == "If" && count == 3) {
      return Resolve((*list)[HoldsNamed(TextOf((*list)[0]), depth) ? 1 : 2], depth);
    }
    if (name == "FindInMap" && count >= 3) {
      const json::value* const found =
          Find(document_, {"Mappings", Text((*list)[0], depth), Text((*list)[1], depth), Text((*list)[2], depth)});
      if (found != nullptr) return Resolve(*found, depth);
      return Unknown(name, argument);
    }
    if (name == "Base64") return Resolve(argument, depth);
    if (name == "GetAZs") return json::array{StrCat(kRegion, "a"), StrCat(kRegion, "b"), StrCat(kRegion, "c")};
    if (name == "ImportValue") {
      const std::string text = Text(argument, depth);
      notes_.Approximated(StrCat("the value that another stack exports as ", text, " is taken to be ", text));
      return json::value(text);
    }
    if (const std::optional<json::value> text = TextFunction(name, argument, depth)) return *text;
    return Unknown(name, argument);
  }

  // Join, Split, Select; nothing when it is none of them.
  std::optional<json::value> TextFunction(const std::string& name, const json::value& argument, int depth) {
    const json::value resolved = Resolve(argument, depth);
    const json::array* const list = resolved.if_array();
    if (list == nullptr || list->size() != 2) return std::nullopt;
    if (name == "Split") {
      json::array parts;
      const std::string text = TextOf((*list)[1]);
      const std::string separator = TextOf((*list)[0]);
      size_t at = 0;
      while (!separator.empty() && text.find(separator, at) != std::string::npos) {
        parts.push_back(json::value(text.substr(at, text.find(separator, at) - at)));
        at = text.find(separator, at) + separator.size();
      }
      parts.push_back(json::value(text.substr(at)));
      return parts;
    }
    const json::array* const items = (*list)[1].if_array();
    if (items == nullptr) return std::nullopt;
    if (name == "Join") {
      std::vector<std::string> texts;
      for (const json::value& item : *items) texts.push_back(TextOf(item));
      return json::value(Join(texts, TextOf((*list)[0])));
    }
    const std::optional<int64_t> index = ParseInt64(TextOf((*list)[0]));
    if (name != "Select" || !index.has_value() || *index < 0 || static_cast<size_t>(*index) >= items->size()) {
      return std::nullopt;
    }
    return (*items)[static_cast<size_t>(*index)];
  }

  json::value Unknown(const std::string& name, const json::value& argument) {
    const std::string text = json::serialize(argument);
    notes_.NotPossible(StrCat("Fn::", name, " of ", Utf8Prefix(text, 100), " is not resolved; it is left empty"));
    return "";
  }

  const json::value& document_;
  const std::string& stem_;
  const ImportParameters& given_;
  ImportNotes& notes_;
};

int64_t NumberOr(const std::string& text, int64_t otherwise) { return ParseInt64(text).value_or(otherwise); }

// The part of a resource that belongs to an application: an output or a reference table.
struct Attachment {
  std::string application;  // Its name.
  std::string_view list;    // "Outputs" or "ReferenceDataSources".
  json::value value;
};

void Attach(ServiceDocument& result, std::vector<Attachment> attachments) {
  for (Attachment& attachment : attachments) {
    bool found = false;
    for (ServiceApplication& application : result.applications) {
      if (TextAt(application.value, {"ApplicationName"}) != attachment.application) continue;
      json::value& list = application.value.as_object()[attachment.list];
      if (!list.is_array()) list = json::array();
      list.as_array().push_back(std::move(attachment.value));
      found = true;
      break;
    }
    if (!found) {
      result.notes.NotPossible(StrCat("one of the ", attachment.list, " belongs to the application ",
                                      attachment.application, ", which the template does not have"));
    }
  }
}

}  // namespace

Result<ServiceDocument> ReadCloudFormation(const json::value& document, const std::string& stem,
                                           const ImportParameters& parameters) {
  const json::value* const resources = Find(document, {"Resources"});
  if (resources == nullptr || !resources->is_object()) {
    return Error{ErrorCode::kInvalidArgument, "Resources: is missing or no map"};
  }
  ServiceDocument result;
  Template resolver(document, stem, parameters, result.notes);
  std::vector<Attachment> attachments;
  for (const auto& resource : resources->get_object()) {
    const std::string id(resource.key());
    const std::string type = TextAt(resource.value(), {"Type"});
    const std::string condition = TextAt(resource.value(), {"Condition"});
    const bool application = std::ranges::find(kApplicationTypes, type) != std::end(kApplicationTypes);
    const bool stream = type == "AWS::Kinesis::Stream";
    const bool output = type.ends_with("::ApplicationOutput") && type.starts_with("AWS::KinesisAnalytics");
    const bool table = type.ends_with("::ApplicationReferenceDataSource");
    const bool delivery = type == "AWS::KinesisFirehose::DeliveryStream";
    if (!application && !stream && !delivery && !output && !table) {
      if (!type.starts_with("AWS::IAM::")) {
        result.notes.NotPossible(StrCat("resource ", id, " (", type, ") is not part of a streaming application"));
      }
      continue;
    }
    if (!condition.empty() && !resolver.HoldsNamed(condition)) {
      result.notes.Translated(StrCat("resource ", id, " is left out: its condition ", condition, " is false"));
      continue;
    }
    const json::value* const properties = Find(resource.value(), {"Properties"});
    json::value resolved = properties == nullptr ? json::value(json::object()) : resolver.Resolve(*properties);
    if (!resolved.is_object()) {
      return Error{ErrorCode::kInvalidArgument, StrCat("Resources.", id, ".Properties: expected a map")};
    }
    if (stream) {
      result.streams.push_back({.name = NameOfResource(resolver.ResourceName(id)),
                                .shards = NumberOr(TextAt(resolved, {"ShardCount"}), 1),
                                .retention_hours = NumberOr(TextAt(resolved, {"RetentionPeriodHours"}), 24)});
    } else if (delivery) {
      const std::string name = NameOfResource(resolver.ResourceName(id));
      resolved.as_object()["DeliveryStreamName"] = name;
      result.delivery_streams.push_back({name, std::move(resolved)});
    } else if (application) {
      const std::string runtime = TextAt(resolved, {"RuntimeEnvironment"});
      if (!runtime.empty() && !runtime.starts_with("SQL")) {
        result.notes.NotPossible(StrCat("application ", id, " runs ", runtime, ", not SQL"));
        continue;
      }
      resolved.as_object()["ApplicationName"] = resolver.ResourceName(id);
      result.applications.push_back({StrCat("Resources.", id, ".Properties"), std::move(resolved)});
    } else {
      const std::string_view member = output ? "Output" : "ReferenceDataSource";
      const json::value* const value = Find(resolved, {member});
      attachments.push_back({TextAt(resolved, {"ApplicationName"}), output ? "Outputs" : "ReferenceDataSources",
                             value == nullptr ? json::value(json::object()) : *value});
    }
  }
  Attach(result, std::move(attachments));
  return result;
}

}  // namespace tailrace::app
