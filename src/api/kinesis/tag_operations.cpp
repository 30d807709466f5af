#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/shard_view.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;

using TagMap = std::map<std::string, std::string>;

void WriteTags(aws::Writer& out, const TagMap& tags, const std::string& after, size_t limit) {
  out.BeginMap();
  out.BeginList("Tags");
  size_t count = 0;
  bool more = false;
  for (auto at = after.empty() ? tags.begin() : tags.upper_bound(after); at != tags.end(); ++at) {
    more = count == limit;
    if (more) break;
    out.BeginMap();
    out.Text("Key", at->first);
    out.Text("Value", at->second);
    out.EndMap();
    ++count;
  }
  out.EndList();
  out.Boolean("HasMoreTags", more);
  out.EndMap();
}

Answer<void> RemoveKeys(const Value& keys, TagMap& tags) {
  for (const Value key : keys) {
    TAILRACE_AWS_TRY(CheckTagText(key.text()));
    tags.erase(std::string(key.text()));
  }
  return {};
}

// A stream or one of its consumers, by its ResourceARN.
struct Resource {
  FactsPtr facts;
  ArnTarget target;
};

Answer<Resource> FindResource(Kinesis& kinesis, const Call& call) {
  const std::string arn = call.input().Text("ResourceARN");
  const auto target = ParseArn(arn);
  if (!target.has_value()) {
    return std::unexpected(InvalidArgument(StrCat("ResourceARN ", arn, " is not the ARN of a stream or a consumer.")));
  }
  TAILRACE_AWS_ASSIGN(FactsPtr facts, kinesis.directory().FindNamed(call.identity(), target->stream));
  return Resource{std::move(facts), *target};
}

// The tags that the resource has in its stream's settings.
Answer<TagMap*> TagsOf(const Call& call, const Resource& resource, StreamSettings& settings) {
  if (resource.target.consumer.empty()) return &settings.tags;
  const auto found = settings.consumers.find(resource.target.consumer);
  if (found == settings.consumers.end()) {
    return std::unexpected(ConsumerNotFound(call.identity(), resource.target.consumer));
  }
  return &found->second.tags;
}

}  // namespace

Answer<void> AddTagsToStream(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  return kinesis.directory().Change(*facts, [&](StreamSettings& settings) {
    return AddTags(call.identity(), facts->name, call.input().Find("Tags"), settings.tags);
  });
}

Answer<void> RemoveTagsFromStream(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  return kinesis.directory().Change(
      *facts, [&](StreamSettings& settings) { return RemoveKeys(call.input().Find("TagKeys"), settings.tags); });
}

Answer<void> ListTagsForStream(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const StreamSettings settings = StreamSettings::FromLabels(facts->stream->Describe().options.labels);
  WriteTags(out, settings.tags, call.input().Text("ExclusiveStartTagKey"),
            static_cast<size_t>(call.input().Integer("Limit", 50)));
  return {};
}

Answer<void> TagResource(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const Resource resource, FindResource(kinesis, call));
  return kinesis.directory().Change(*resource.facts, [&](StreamSettings& settings) -> Answer<void> {
    TAILRACE_AWS_ASSIGN(TagMap* const tags, TagsOf(call, resource, settings));
    return AddTags(call.identity(), resource.facts->name, call.input().Find("Tags"), *tags);
  });
}

Answer<void> UntagResource(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const Resource resource, FindResource(kinesis, call));
  return kinesis.directory().Change(*resource.facts, [&](StreamSettings& settings) -> Answer<void> {
    TAILRACE_AWS_ASSIGN(TagMap* const tags, TagsOf(call, resource, settings));
    return RemoveKeys(call.input().Find("TagKeys"), *tags);
  });
}

Answer<void> ListTagsForResource(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const Resource resource, FindResource(kinesis, call));
  StreamSettings settings = StreamSettings::FromLabels(resource.facts->stream->Describe().options.labels);
  TAILRACE_AWS_ASSIGN(const TagMap* const tags, TagsOf(call, resource, settings));
  out.BeginMap();
  out.BeginList("Tags");
  for (const auto& [key, value] : *tags) {
    out.BeginMap();
    out.Text("Key", key);
    out.Text("Value", value);
    out.EndMap();
  }
  out.EndList();
  out.EndMap();
  return {};
}

}  // namespace tailrace::api::kinesis
