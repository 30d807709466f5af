#include <algorithm>

#include "api/kinesis/iterator.h"
#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/shard_read.h"
#include "api/kinesis/shard_view.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;
using stream::StreamDescription;

constexpr uint32_t kOnDemandShards = 4;
constexpr int64_t kListStreamsDefault = 100;
constexpr int64_t kDescribeStreamDefault = 100;
constexpr int64_t kOnDemandStreamsMax = 50;
constexpr uint64_t kKiB = 1024;

int64_t OpenShards(const StreamDescription& description) {
  return std::ranges::count_if(description.shards, [](const auto& shard) { return shard.open; });
}

int64_t OpenShardsOfAll(Kinesis& kinesis) {
  int64_t count = 0;
  for (const StreamDescription& description : kinesis.directory().store().List()) count += OpenShards(description);
  return count;
}

// The stream as it is, deleted ones included while they are shown.
Answer<StreamDescription> Described(Kinesis& kinesis, const Call& call) {
  TAILRACE_AWS_ASSIGN(const std::string name, kinesis.directory().NameIn(call));
  auto facts = kinesis.directory().FindNamed(call.identity(), name);
  if (facts.has_value()) return (*facts)->stream->Describe();
  if (auto ghost = kinesis.directory().Deleting(name)) return *std::move(ghost);
  return std::unexpected(facts.error());
}

void WriteMode(aws::Writer& out, const StreamSettings& settings) {
  out.BeginMap("StreamModeDetails");
  out.Text("StreamMode", settings.on_demand ? "ON_DEMAND" : "PROVISIONED");
  out.EndMap();
}

// What StreamDescription and StreamDescriptionSummary have in common.
void WriteStream(Kinesis& kinesis, const Call& call, const StreamDescription& description,
                 const StreamSettings& settings, aws::Writer& out) {
  out.Text("StreamName", description.name);
  out.Text("StreamARN", StreamArn(call.identity(), description.name));
  out.Text("StreamStatus", StreamStateName(kinesis.directory().StateOf(description)));
  WriteMode(out, settings);
  out.Integer("RetentionPeriodHours",
              std::chrono::duration_cast<std::chrono::hours>(description.options.retention).count());
  out.Time("StreamCreationTimestamp", description.created);
  out.BeginList("EnhancedMonitoring");
  out.BeginMap();
  out.BeginList("ShardLevelMetrics");
  for (const std::string& metric : settings.metrics) out.Text(metric);
  out.EndList();
  out.EndMap();
  out.EndList();
  out.Text("EncryptionType", settings.key_id.empty() ? "NONE" : "KMS");
  if (!settings.key_id.empty()) out.Text("KeyId", settings.key_id);
}

}  // namespace

Answer<void> CreateStream(Kinesis& kinesis, const Call& call, aws::Writer&) {
  const Value input = call.input();
  const std::string name = input.Text("StreamName");
  StreamSettings settings;
  settings.on_demand = input.Find("StreamModeDetails").Text("StreamMode") == "ON_DEMAND";
  if (!settings.on_demand && !input.Find("ShardCount")) {
    const std::string fault = "Value null at 'shardCount' failed to satisfy constraint: Member must not be null";
    return std::unexpected(aws::ValidationError({&fault, 1}));
  }
  settings.warm_throughput_mibps = input.Integer("WarmThroughputMiBps", 0);
  if (const Value tags = input.Find("Tags")) TAILRACE_AWS_TRY(AddTags(call.identity(), name, tags, settings.tags));
  const bool exists = kinesis.directory().Deleting(name).has_value() || kinesis.directory().store().Find(name).ok();
  const aws::AwsError taken{"ResourceInUseException",
                            StrCat("Stream ", name, " under account ", call.identity().account, " already exists.")};
  if (exists) return std::unexpected(taken);
  const int64_t shards = settings.on_demand ? kOnDemandShards : input.Integer("ShardCount", 1);
  TAILRACE_AWS_TRY(CheckShardLimit(call.identity(), OpenShardsOfAll(kinesis), shards, shards));
  stream::StreamOptions options{.shards = static_cast<uint32_t>(shards)};
  options.record_bytes_max = static_cast<uint64_t>(input.Integer("MaxRecordSizeInKiB", 1024)) * kKiB;
  settings.ToLabels(options.labels);
  const auto created = kinesis.directory().store().Create(name, options);
  if (created.ok()) return {};
  if (created.error().code == ErrorCode::kAlreadyExists) return std::unexpected(taken);
  return std::unexpected(aws::ToAwsError(created.error()));
}

Answer<void> DeleteStream(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const StreamDescription description = facts->stream->Describe();
  const StreamSettings settings = StreamSettings::FromLabels(description.options.labels);
  if (!settings.consumers.empty() && !call.input().Boolean("EnforceConsumerDeletion", false)) {
    return aws::Fail("ResourceInUseException",
                     StrCat("Stream ", facts->name, " under account ", call.identity().account,
                            " has consumers registered: ", settings.consumers.begin()->first,
                            ". Deregister them or set EnforceConsumerDeletion."));
  }
  const std::string user = kinesis.environment().user_of_stream(facts->name);
  if (!user.empty()) {
    return aws::Fail("ResourceInUseException",
                     StrCat("Stream ", facts->name, " under account ", call.identity().account,
                            " is used by the application ", user, "; stop it first."));
  }
  const Status deleted = kinesis.directory().store().Delete(facts->name);
  kinesis.directory().Forget(facts->name);
  if (!deleted.ok() && deleted.error().code == ErrorCode::kNotFound) {
    return std::unexpected(StreamNotFound(call.identity(), facts->name));
  }
  if (!deleted.ok()) return std::unexpected(aws::ToAwsError(deleted.error()));
  kinesis.directory().MarkDeleting(description);
  return {};
}

Answer<void> DescribeLimits(Kinesis& kinesis, const Call&, aws::Writer& out) {
  int64_t on_demand = 0;
  for (const StreamDescription& description : kinesis.directory().store().List()) {
    if (StreamSettings::FromLabels(description.options.labels).on_demand) ++on_demand;
  }
  out.BeginMap();
  out.Integer("ShardLimit", kShardLimit);
  out.Integer("OpenShardCount", OpenShardsOfAll(kinesis));
  out.Integer("OnDemandStreamCount", on_demand);
  out.Integer("OnDemandStreamCountLimit", kOnDemandStreamsMax);
  out.EndMap();
  return {};
}

Answer<void> DescribeStream(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const Value input = call.input();
  TAILRACE_AWS_ASSIGN(const StreamDescription description, Described(kinesis, call));
  const auto limit = static_cast<size_t>(input.Integer("Limit", kDescribeStreamDefault));
  std::optional<stream::ShardId> after;
  if (const Value start = input.Find("ExclusiveStartShardId")) {
    after = ParseShardName(start.text());
    if (!after.has_value()) {
      return std::unexpected(CouldNotFindShard(call.identity(), description.name, start.text()));
    }
  }
  out.BeginMap();
  out.BeginMap("StreamDescription");
  WriteStream(kinesis, call, description, StreamSettings::FromLabels(description.options.labels), out);
  const bool creating = kinesis.directory().StateOf(description) == StreamState::kCreating;
  out.BeginList("Shards");
  size_t count = 0;
  bool more = false;
  for (const stream::ShardDescription& shard : description.shards) {
    if (creating || (after.has_value() && shard.id <= *after)) continue;
    more = count == limit;
    if (more) break;
    WriteShard(out, shard);
    ++count;
  }
  out.EndList();
  out.Boolean("HasMoreShards", more);
  out.EndMap();
  out.EndMap();
  return {};
}

Answer<void> DescribeStreamSummary(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const StreamDescription description, Described(kinesis, call));
  const StreamSettings settings = StreamSettings::FromLabels(description.options.labels);
  const bool creating = kinesis.directory().StateOf(description) == StreamState::kCreating;
  out.BeginMap();
  out.BeginMap("StreamDescriptionSummary");
  WriteStream(kinesis, call, description, settings, out);
  out.Integer("OpenShardCount", creating ? 0 : OpenShards(description));
  out.Integer("ConsumerCount", static_cast<int64_t>(settings.consumers.size()));
  if (settings.warm_throughput_mibps > 0) {
    out.BeginMap("WarmThroughput");
    out.Integer("TargetMiBps", settings.warm_throughput_mibps);
    out.Integer("CurrentMiBps", settings.warm_throughput_mibps);
    out.EndMap();
  }
  out.Integer("MaxRecordSizeInKiB", static_cast<int64_t>(description.options.record_bytes_max / kKiB));
  out.EndMap();
  out.EndMap();
  return {};
}

Answer<void> ListStreams(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const Value input = call.input();
  std::string after = input.Text("ExclusiveStartStreamName");
  if (const Value token = input.Find("NextToken")) {
    TAILRACE_AWS_ASSIGN(const NextToken found,
                        NextToken::Unseal(kinesis.tokens(), token.text(), "ListStreams", kinesis.Now()));
    after = found.after;
  }
  const auto limit = static_cast<size_t>(input.Integer("Limit", kListStreamsDefault));
  std::vector<StreamDescription> page;
  bool more = false;
  for (StreamDescription& description : kinesis.directory().List()) {
    if (description.name <= after) continue;
    more = page.size() == limit;
    if (more) break;
    page.push_back(std::move(description));
  }
  out.BeginMap();
  out.Boolean("HasMoreStreams", more);
  if (more) {
    const NextToken token{.issued = kinesis.Now(), .operation = "ListStreams", .after = page.back().name};
    out.Text("NextToken", token.Seal(kinesis.tokens()));
  }
  out.BeginList("StreamNames");
  for (const StreamDescription& description : page) out.Text(description.name);
  out.EndList();
  out.BeginList("StreamSummaries");
  for (const StreamDescription& description : page) {
    out.BeginMap();
    out.Text("StreamName", description.name);
    out.Text("StreamARN", StreamArn(call.identity(), description.name));
    out.Text("StreamStatus", StreamStateName(kinesis.directory().StateOf(description)));
    WriteMode(out, StreamSettings::FromLabels(description.options.labels));
    out.Time("StreamCreationTimestamp", description.created);
    out.EndMap();
  }
  out.EndList();
  out.EndMap();
  return {};
}

}  // namespace tailrace::api::kinesis
