// Operations on the delivery streams themselves.

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/firehose/documents.h"
#include "api/firehose/operations.h"
#include "base/str.h"

namespace tailrace::api::firehose {
namespace {

namespace json = boost::json;
namespace delivery = sink::delivery;

constexpr int64_t kListDefault = 10;
constexpr int64_t kTagsDefault = 50;
constexpr size_t kTagsMax = 50;
constexpr std::string_view kDestinationId = "destinationId-000000000001";

std::string_view NameIn(const aws::Call& call) { return call.input().Find("DeliveryStreamName").text(); }

std::string ArnOf(std::string_view name, const aws::Call& call) {
  return delivery::DeliveryStreamArn(name, call.identity().region, call.identity().account);
}

std::string_view TypeOf(const DeliveryDescription& description) {
  return description.definition.source_stream.empty() ? "DirectPut" : "KinesisStreamAsSource";
}

aws::Answer<delivery::DeliveryDefinition> DefinitionOf(const json::object& document, const DeliveryStreams& streams,
                                                       const aws::Call& call) {
  auto parsed = delivery::ParseFirehoseDocument(json::serialize(document), streams.buckets());
  if (!parsed.ok()) return std::unexpected(ToFirehoseError(parsed.error(), call));
  if (!parsed->not_offered.empty()) {
    return aws::Fail("InvalidArgumentException", StrCat("not offered: ", Join(parsed->not_offered, "; ")));
  }
  const Status checked = delivery::CheckDefinition(parsed->definition);
  if (!checked.ok()) return std::unexpected(ToFirehoseError(checked.error(), call));
  return std::move(parsed->definition);
}

void WriteJson(const json::value& value, aws::Writer& out) {
  switch (value.kind()) {
    case json::kind::object:
      out.BeginMap();
      for (const auto& [name, member] : value.get_object()) {
        out.Key(name);
        WriteJson(member, out);
      }
      return out.EndMap();
    case json::kind::array:
      out.BeginList();
      for (const json::value& element : value.get_array()) WriteJson(element, out);
      return out.EndList();
    case json::kind::string:
      return out.Text(value.get_string());
    case json::kind::bool_:
      return out.Boolean(value.get_bool());
    case json::kind::int64:
      return out.Integer(value.get_int64());
    case json::kind::uint64:
      return out.Integer(static_cast<int64_t>(value.get_uint64()));
    case json::kind::double_:
      return out.Real(value.get_double());
    case json::kind::null:
      return out.Text("");  // Documents have none: ToJson leaves null members out.
  }
}

void WriteEncryption(const DeliveryDescription& description, aws::Writer& out) {
  out.BeginMap("DeliveryStreamEncryptionConfiguration");
  out.Text("Status", description.encrypted ? "ENABLED" : "DISABLED");
  if (description.encrypted) out.Text("KeyType", "AWS_OWNED_CMK");
  out.EndMap();
}

aws::Answer<void> Done(const Status& status, const aws::Call& call, aws::Writer& out) {
  if (!status.ok()) return std::unexpected(ToFirehoseError(status.error(), call));
  out.BeginMap();
  out.EndMap();
  return {};
}

}  // namespace

aws::AwsError ToFirehoseError(const Error& error, const aws::Call& call) {
  const aws::Value name = call.input().Find("DeliveryStreamName");
  if (error.code == ErrorCode::kNotFound && name) {
    return {"ResourceNotFoundException",
            StrCat("Firehose ", name.text(), " under account ", call.identity().account, " not found.")};
  }
  if (error.code == ErrorCode::kAlreadyExists && name) {
    return {"ResourceInUseException",
            StrCat("Firehose ", name.text(), " under accountId ", call.identity().account, " already exists")};
  }
  aws::AwsError told = aws::ToAwsError(error);
  if (told.status == 503) told.type = "ServiceUnavailableException";
  return told;
}

aws::Answer<DeliveryDescription> FindNamed(const DeliveryStreams& streams, const aws::Call& call) {
  auto found = streams.Describe(std::string(NameIn(call)));
  if (!found.ok()) return std::unexpected(ToFirehoseError(found.error(), call));
  return std::move(found).value();
}

aws::Answer<void> CreateDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  json::object document = ToJson(call.input()).as_object();
  std::map<std::string, std::string> tags;
  if (const aws::Value list = call.input().Find("Tags")) {
    for (const aws::Value tag : list) tags[tag.Text("Key")] = tag.Text("Value");
  }
  const bool encrypted = document.contains("DeliveryStreamEncryptionConfigurationInput");
  document.erase("Tags");
  document.erase("DeliveryStreamEncryptionConfigurationInput");
  TAILRACE_AWS_ASSIGN(const delivery::DeliveryDefinition definition, DefinitionOf(document, streams, call));
  const Status created = streams.Create(definition, json::serialize(document), std::move(tags));
  if (!created.ok()) {
    if (created.error().code == ErrorCode::kNotFound) {  // Its source.
      return aws::Fail("InvalidArgumentException", created.error().message);
    }
    return std::unexpected(ToFirehoseError(created.error(), call));
  }
  if (encrypted) streams.SetEncrypted(definition.name, true).Ignore("without effect here");
  out.BeginMap();
  out.Text("DeliveryStreamARN", ArnOf(definition.name, call));
  out.EndMap();
  return {};
}

aws::Answer<void> DescribeDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const DeliveryDescription found, FindNamed(streams, call));
  out.BeginMap();
  out.BeginMap("DeliveryStreamDescription");
  out.Text("DeliveryStreamName", found.definition.name);
  out.Text("DeliveryStreamARN", ArnOf(found.definition.name, call));
  out.Text("DeliveryStreamStatus", "ACTIVE");
  WriteEncryption(found, out);
  out.Text("DeliveryStreamType", TypeOf(found));
  out.Text("VersionId", StrCat(found.version));
  out.Time("CreateTimestamp", found.created);
  if (found.updated != found.created) out.Time("LastUpdateTimestamp", found.updated);
  if (!found.definition.source_stream.empty()) {
    out.BeginMap("Source");
    out.BeginMap("KinesisStreamSourceDescription");
    out.Text("KinesisStreamARN", StrCat("arn:aws:kinesis:", call.identity().region, ":", call.identity().account,
                                        ":stream/", found.definition.source_stream));
    out.Text("RoleARN", StrCat("arn:aws:iam::", call.identity().account, ":role/tailrace"));
    out.Time("DeliveryStartTimestamp", found.created);
    out.EndMap();
    out.EndMap();
  }
  out.BeginList("Destinations");
  WriteJson(DestinationDescription(found, call.identity().account), out);
  out.EndList();
  out.Boolean("HasMoreDestinations", false);
  out.EndMap();
  out.EndMap();
  return {};
}

aws::Answer<void> ListDeliveryStreams(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  const auto limit = static_cast<size_t>(call.input().Integer("Limit", kListDefault));
  const std::string type = call.input().Text("DeliveryStreamType");
  const std::string after = call.input().Text("ExclusiveStartDeliveryStreamName");
  std::vector<std::string> names;
  for (const DeliveryDescription& description : streams.List()) {
    if (!type.empty() && TypeOf(description) != type) continue;
    if (description.definition.name > after) names.push_back(description.definition.name);
  }
  out.BeginMap();
  out.BeginList("DeliveryStreamNames");
  for (size_t i = 0; i < std::min(limit, names.size()); ++i) out.Text(names[i]);
  out.EndList();
  out.Boolean("HasMoreDeliveryStreams", names.size() > limit);
  out.EndMap();
  return {};
}

aws::Answer<void> UpdateDestination(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const DeliveryDescription found, FindNamed(streams, call));
  if (call.input().Find("DestinationId").text() != kDestinationId) {
    return aws::Fail("InvalidArgumentException", StrCat("Destination ", call.input().Find("DestinationId").text(),
                                                        " is not one of ", found.definition.name));
  }
  if (found.declared) {
    return aws::Fail("ResourceInUseException", StrCat("Firehose ", found.definition.name,
                                                      " is defined in an application's file; change it there"));
  }
  const std::string version = call.input().Text("CurrentDeliveryStreamVersionId");
  const auto stale = [&] {
    return aws::Fail("ConcurrentModificationException", StrCat("Version ", version, " is not the current version ",
                                                               found.version, " of ", found.definition.name));
  };
  if (version != StrCat(found.version)) return stale();
  boost::system::error_code code;
  json::value document = json::parse(found.document, code);
  if (code || !document.is_object()) return aws::Fail("InternalFailure", "the stream's document is damaged", 500);
  auto merged = MergedDocument(std::move(document.get_object()), ToJson(call.input()).as_object());
  if (!merged.ok()) return std::unexpected(ToFirehoseError(merged.error(), call));
  TAILRACE_AWS_ASSIGN(const delivery::DeliveryDefinition definition, DefinitionOf(*merged, streams, call));
  const Status updated = streams.Update(definition, json::serialize(*merged), found.version);
  if (!updated.ok() && updated.error().code == ErrorCode::kFailedPrecondition) return stale();
  return Done(updated, call, out);
}

aws::Answer<void> DeleteDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  return Done(streams.Delete(std::string(NameIn(call))), call, out);
}

aws::Answer<void> TagDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(DeliveryDescription found, FindNamed(streams, call));
  for (const aws::Value tag : call.input().Find("Tags")) found.tags[tag.Text("Key")] = tag.Text("Value");
  if (found.tags.size() > kTagsMax) {
    return aws::Fail("LimitExceededException", StrCat(found.tags.size(), " tags, at most ", kTagsMax));
  }
  return Done(streams.SetTags(found.definition.name, std::move(found.tags)), call, out);
}

aws::Answer<void> UntagDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(DeliveryDescription found, FindNamed(streams, call));
  for (const aws::Value key : call.input().Find("TagKeys")) found.tags.erase(std::string(key.text()));
  return Done(streams.SetTags(found.definition.name, std::move(found.tags)), call, out);
}

aws::Answer<void> ListTagsForDeliveryStream(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const DeliveryDescription found, FindNamed(streams, call));
  const auto limit = static_cast<size_t>(call.input().Integer("Limit", kTagsDefault));
  auto tag = found.tags.upper_bound(call.input().Text("ExclusiveStartTagKey"));
  out.BeginMap();
  out.BeginList("Tags");
  for (size_t i = 0; i < limit && tag != found.tags.end(); ++i, ++tag) {
    out.BeginMap();
    out.Text("Key", tag->first);
    out.Text("Value", tag->second);
    out.EndMap();
  }
  out.EndList();
  out.Boolean("HasMoreTags", tag != found.tags.end());
  out.EndMap();
  return {};
}

aws::Answer<void> StartDeliveryStreamEncryption(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  return Done(streams.SetEncrypted(std::string(NameIn(call)), true), call, out);
}

aws::Answer<void> StopDeliveryStreamEncryption(DeliveryStreams& streams, const aws::Call& call, aws::Writer& out) {
  return Done(streams.SetEncrypted(std::string(NameIn(call)), false), call, out);
}

}  // namespace tailrace::api::firehose
