#include <algorithm>

#include "api/kinesis/iterator.h"
#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/shard_read.h"
#include "api/kinesis/shard_view.h"
#include "api/kinesis/subscriptions.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;

constexpr size_t kConsumersMax = 20;
constexpr int64_t kListDefault = 100;

struct NamedConsumer {
  FactsPtr facts;
  std::string name;
  std::optional<int64_t> created_s;  // When an ARN told it.
};

// The consumer of a request's ConsumerARN, or of its StreamARN and ConsumerName.
Answer<NamedConsumer> FindConsumer(Kinesis& kinesis, const Call& call) {
  const Value arn = call.input().Find("ConsumerARN");
  const std::string name = call.input().Text("ConsumerName");
  if (arn) {
    const auto target = ParseArn(arn.text());
    if (!target.has_value() || target->consumer.empty()) {
      return std::unexpected(InvalidArgument(StrCat("ConsumerARN ", arn.text(), " is not the ARN of a consumer.")));
    }
    TAILRACE_AWS_ASSIGN(FactsPtr facts, kinesis.directory().FindNamed(call.identity(), target->stream));
    return NamedConsumer{std::move(facts), target->consumer, target->consumer_created_s};
  }
  if (name.empty() || !call.input().Find("StreamARN")) {
    return std::unexpected(InvalidArgument("Either ConsumerARN or StreamARN and ConsumerName must be provided."));
  }
  TAILRACE_AWS_ASSIGN(FactsPtr facts, kinesis.directory().Find(call));
  return NamedConsumer{std::move(facts), name, std::nullopt};
}

// Errors  ResourceNotFoundException: not there, or another of the same name.
Answer<Consumer> Registered(const Call& call, const NamedConsumer& named, const StreamSettings& settings) {
  const auto found = settings.consumers.find(named.name);
  const bool other = found != settings.consumers.end() && named.created_s.has_value() &&
                     *named.created_s != ToUnixMs(found->second.created) / 1000;
  if (found == settings.consumers.end() || other) {
    return std::unexpected(ConsumerNotFound(call.identity(), named.name));
  }
  return found->second;
}

StreamSettings SettingsOf(const StreamFacts& facts) {
  return StreamSettings::FromLabels(facts.stream->Describe().options.labels);
}

std::string_view StatusOf(const Kinesis& kinesis, const Consumer& consumer) {
  return kinesis.Now() < consumer.created + kinesis.options().transition ? "CREATING" : "ACTIVE";
}

void WriteConsumer(aws::Writer& out, const Call& call, const std::string& stream, const std::string& name,
                   const Consumer& consumer, std::string_view status) {
  out.Text("ConsumerName", name);
  out.Text("ConsumerARN", ConsumerArn(call.identity(), stream, name, consumer.created));
  out.Text("ConsumerStatus", status);
  out.Time("ConsumerCreationTimestamp", consumer.created);
}

// Where a subscription begins.
Answer<stream::Sequence> StartOf(Kinesis& kinesis, const Call& call, const StreamFacts& facts, stream::ShardId shard) {
  const Value position = call.input().Find("StartingPosition");
  const std::string type = position.Text("Type");
  const Value number = position.Find("SequenceNumber");
  const Value time = position.Find("Timestamp");
  stream::StartPoint start;
  if (type == "LATEST") {
    start.kind = stream::StartPoint::Kind::kLatest;
  } else if (type == "AT_TIMESTAMP") {
    if (!time) return std::unexpected(InvalidArgument("A Timestamp is required with the position AT_TIMESTAMP."));
    if (time.integer() > ToUnixMs(kinesis.Now())) {
      return std::unexpected(InvalidArgument("The Timestamp of the position lies in the future."));
    }
    start = {.kind = stream::StartPoint::Kind::kAtTimestamp, .timestamp = FromUnixMs(time.integer())};
  } else if (type != "TRIM_HORIZON") {
    if (!number)
      return std::unexpected(InvalidArgument(StrCat("A SequenceNumber is required with the position ", type, ".")));
    TAILRACE_AWS_ASSIGN(start, StartAtNumber(call.identity(), facts, shard, number.text(),
                                             type == "AFTER_SEQUENCE_NUMBER", "SubscribeToShard"));
  }
  return LocateClamped(facts, shard, start);
}

Answer<void> Subscribe(Kinesis& kinesis, const aws::CallPtr& call) {
  TAILRACE_AWS_ASSIGN(NamedConsumer named, FindConsumer(kinesis, *call));
  TAILRACE_AWS_ASSIGN(const Consumer consumer, Registered(*call, named, SettingsOf(*named.facts)));
  if (StatusOf(kinesis, consumer) != "ACTIVE") {
    return aws::Fail("ResourceInUseException", StrCat("Consumer ", named.name, " is not ACTIVE yet."));
  }
  const std::string text = call->input().Text("ShardId");
  const auto shard = ParseShardName(text);
  FactsPtr facts = named.facts;
  if (shard.has_value() && facts->Shard(*shard) == nullptr) facts = kinesis.directory().Renewed(*facts);
  if (!shard.has_value() || facts->Shard(*shard) == nullptr) {
    return std::unexpected(CouldNotFindShard(call->identity(), facts->name, text));
  }
  TAILRACE_AWS_ASSIGN(const stream::Sequence position, StartOf(kinesis, *call, *facts, *shard));
  return kinesis.subscriptions().Add(
      call, {.consumer_arn = ConsumerArn(call->identity(), facts->name, named.name, consumer.created),
             .facts = facts,
             .shard = *shard,
             .position = position});
}

}  // namespace

Answer<void> RegisterStreamConsumer(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const std::string name = call.input().Text("ConsumerName");
  // Whole seconds: the ARN tells no more, and names the consumer.
  Consumer consumer{.created = std::chrono::floor<std::chrono::seconds>(kinesis.Now())};
  TAILRACE_AWS_TRY(kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    if (settings.consumers.contains(name)) {
      return aws::Fail("ResourceInUseException", StrCat("Consumer ", name, " under stream ", facts->name,
                                                        " already exists for account ", call.identity().account, "."));
    }
    if (settings.consumers.size() >= kConsumersMax) {
      return aws::Fail("LimitExceededException",
                       StrCat("Stream ", facts->name, " under account ", call.identity().account, " has ",
                              kConsumersMax, " consumers already."));
    }
    if (const Value tags = call.input().Find("Tags")) {
      TAILRACE_AWS_TRY(AddTags(call.identity(), facts->name, tags, consumer.tags));
    }
    settings.consumers[name] = consumer;
    return {};
  }));
  out.BeginMap();
  out.BeginMap("Consumer");
  WriteConsumer(out, call, facts->name, name, consumer, "CREATING");
  out.EndMap();
  out.EndMap();
  return {};
}

Answer<void> DescribeStreamConsumer(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const NamedConsumer named, FindConsumer(kinesis, call));
  TAILRACE_AWS_ASSIGN(const Consumer consumer, Registered(call, named, SettingsOf(*named.facts)));
  out.BeginMap();
  out.BeginMap("ConsumerDescription");
  WriteConsumer(out, call, named.facts->name, named.name, consumer, StatusOf(kinesis, consumer));
  out.Text("StreamARN", StreamArn(call.identity(), named.facts->name));
  out.EndMap();
  out.EndMap();
  return {};
}

Answer<void> ListStreamConsumers(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  std::string after;
  if (const Value token = call.input().Find("NextToken")) {
    TAILRACE_AWS_ASSIGN(const NextToken found,
                        NextToken::Unseal(kinesis.tokens(), token.text(), "ListStreamConsumers", kinesis.Now()));
    after = found.after;
  }
  const auto limit = static_cast<size_t>(call.input().Integer("MaxResults", kListDefault));
  const StreamSettings settings = SettingsOf(*facts);
  std::string last;
  size_t count = 0;
  bool more = false;
  out.BeginMap();
  out.BeginList("Consumers");
  for (auto at = settings.consumers.upper_bound(after); at != settings.consumers.end(); ++at) {
    more = count == limit;
    if (more) break;
    out.BeginMap();
    WriteConsumer(out, call, facts->name, at->first, at->second, StatusOf(kinesis, at->second));
    out.EndMap();
    last = at->first;
    ++count;
  }
  out.EndList();
  if (more) {
    const NextToken next{
        .issued = kinesis.Now(), .operation = "ListStreamConsumers", .stream = facts->name, .after = last};
    out.Text("NextToken", next.Seal(kinesis.tokens()));
  }
  out.EndMap();
  return {};
}

Answer<void> DeregisterStreamConsumer(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const NamedConsumer named, FindConsumer(kinesis, call));
  Consumer consumer;
  TAILRACE_AWS_TRY(kinesis.directory().Change(*named.facts, [&](StreamSettings& settings) -> Answer<void> {
    TAILRACE_AWS_ASSIGN(consumer, Registered(call, named, settings));
    settings.consumers.erase(named.name);
    return {};
  }));
  kinesis.subscriptions().EndConsumer(ConsumerArn(call.identity(), named.facts->name, named.name, consumer.created));
  return {};
}

void SubscribeToShard(Kinesis& kinesis, const aws::CallPtr& call) {
  const Answer<void> subscribed = Subscribe(kinesis, call);
  if (!subscribed.has_value()) call->Fail(subscribed.error());
}

}  // namespace tailrace::api::kinesis
