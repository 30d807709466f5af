#include <algorithm>

#include "api/kinesis/iterator.h"
#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "api/kinesis/reshard_plan.h"
#include "api/kinesis/sequence_number.h"
#include "api/kinesis/shard_view.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;
using stream::ShardDescription;
using stream::StreamDescription;

constexpr int64_t kListShardsDefault = 1'000;

const ShardDescription* FindShard(const StreamDescription& description, stream::ShardId id) {
  const auto found = std::ranges::find(description.shards, id, &ShardDescription::id);
  return found == description.shards.end() ? nullptr : &*found;
}

int64_t OpenShards(const StreamDescription& description) {
  return std::ranges::count_if(description.shards, [](const auto& shard) { return shard.open; });
}

// What is no shard's name is told before whether there is such a stream.
Answer<void> CheckShardNames(Kinesis& kinesis, const Call& call, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    const std::string text = call.input().Text(member);
    if (ParseShardName(text).has_value()) continue;
    TAILRACE_AWS_ASSIGN(const std::string stream, kinesis.directory().NameIn(call));
    return std::unexpected(CouldNotFindShard(call.identity(), stream, text));
  }
  return {};
}

// The shard that a request's member names.
Answer<ShardDescription> NamedShard(const Call& call, const StreamDescription& description, std::string_view member) {
  const std::string text = call.input().Text(member);
  const auto id = ParseShardName(text);
  const ShardDescription* const found = id.has_value() ? FindShard(description, *id) : nullptr;
  if (found == nullptr) {
    return std::unexpected(
        CouldNotFindShard(call.identity(), description.name, id.has_value() ? ShardName(*id) : text));
  }
  return *found;
}

Answer<void> CheckOpen(const Call& call, const StreamDescription& description, const ShardDescription& shard) {
  if (shard.open) return {};
  return std::unexpected(InvalidArgument(
      StrCat("Shard ", ShardName(shard.id), " in stream ", description.name, " under account ", call.identity().account,
             " has already been merged or split, and thus is not eligible for merging or splitting.")));
}

Answer<void> Checked(const Status& status) {
  if (status.ok()) return {};
  return std::unexpected(aws::ToAwsError(status.error()));
}

// Which shards a listing shows.
struct ShardFilter {
  std::string type = "FROM_TRIM_HORIZON";
  std::optional<stream::ShardId> after;
  Timestamp time{};

  bool Shows(const ShardDescription& shard) const {
    if (after.has_value() && shard.id <= *after) return false;
    if (type == "AT_LATEST") return shard.open;
    if (type == "AT_TRIM_HORIZON" || type == "AT_TIMESTAMP") {
      return shard.created <= time && (shard.open || shard.closed > time);
    }
    if (type == "FROM_TIMESTAMP") return shard.open || shard.closed >= time;
    return true;
  }
};

Answer<ShardFilter> ReadFilter(const Call& call, const StreamDescription& description, Timestamp now) {
  const Value input = call.input();
  ShardFilter filter;
  if (const Value given = input.Find("ShardFilter")) {
    filter.type = given.Text("Type");
    const Value time = given.Find("Timestamp");
    if ((filter.type == "AT_TIMESTAMP" || filter.type == "FROM_TIMESTAMP") && !time) {
      return std::unexpected(
          InvalidArgument(StrCat("A Timestamp is required with the ShardFilter type ", filter.type, ".")));
    }
    if (filter.type == "AFTER_SHARD_ID" && !given.Find("ShardId")) {
      return std::unexpected(InvalidArgument("A ShardId is required with the ShardFilter type AFTER_SHARD_ID."));
    }
    if (time) filter.time = FromUnixMs(time.integer());
    // The trim horizon lies no earlier than the stream.
    const Timestamp horizon = std::max(description.created, now - description.options.retention);
    if (filter.type == "AT_TRIM_HORIZON") filter.time = horizon;
    if (time) filter.time = std::max(filter.time, horizon);
    if (filter.type == "AFTER_SHARD_ID") {
      TAILRACE_AWS_ASSIGN(filter.after, [&]() -> Answer<std::optional<stream::ShardId>> {
        const auto id = ParseShardName(given.Text("ShardId"));
        if (id.has_value()) return id;
        return std::unexpected(CouldNotFindShard(call.identity(), description.name, given.Text("ShardId")));
      }());
    }
  }
  if (const Value start = input.Find("ExclusiveStartShardId")) {
    const auto id = ParseShardName(start.text());
    if (!id.has_value()) return std::unexpected(CouldNotFindShard(call.identity(), description.name, start.text()));
    filter.after = std::max(filter.after.value_or(0), *id);
  }
  return filter;
}

std::string FilterText(const ShardFilter& filter) { return StrCat(filter.type, " ", ToUnixMs(filter.time)); }

ShardFilter FilterFromToken(const NextToken& token) {
  const size_t blank = token.filter.find(' ');
  return {.type = token.filter.substr(0, blank),
          .after = static_cast<stream::ShardId>(ParseInt64(token.after).value_or(0)),
          .time = FromUnixMs(ParseInt64(token.filter.substr(blank + 1)).value_or(0))};
}

}  // namespace

Answer<void> ListShards(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const Value input = call.input();
  const Value token = input.Find("NextToken");
  const bool named = input.Find("StreamName") || input.Find("StreamARN");
  if (!token && !named) return std::unexpected(InvalidArgument("Either NextToken or StreamName should be provided."));
  if (token && input.Find("StreamName")) {
    return std::unexpected(InvalidArgument("NextToken and StreamName cannot be provided together."));
  }
  std::string name;
  std::optional<NextToken> continued;
  if (token) {
    TAILRACE_AWS_ASSIGN(continued, NextToken::Unseal(kinesis.tokens(), token.text(), "ListShards", kinesis.Now()));
    name = continued->stream;
  } else {
    TAILRACE_AWS_ASSIGN(name, kinesis.directory().NameIn(call));
  }
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().FindNamed(call.identity(), name));
  const StreamDescription description = facts->stream->Describe();
  ShardFilter filter;
  if (continued.has_value()) {
    filter = FilterFromToken(*continued);
  } else {
    TAILRACE_AWS_ASSIGN(filter, ReadFilter(call, description, kinesis.Now()));
  }
  const auto limit = static_cast<size_t>(input.Integer("MaxResults", kListShardsDefault));
  size_t count = 0;
  std::optional<stream::ShardId> more_after;
  stream::ShardId last = 0;
  out.BeginMap();
  out.BeginList("Shards");
  for (const ShardDescription& shard : description.shards) {
    if (!filter.Shows(shard)) continue;
    if (count == limit) {
      more_after = last;
      break;
    }
    WriteShard(out, shard);
    last = shard.id;
    ++count;
  }
  out.EndList();
  if (more_after.has_value()) {
    const NextToken next{.issued = kinesis.Now(),
                         .operation = "ListShards",
                         .stream = name,
                         .filter = FilterText(filter),
                         .after = StrCat(*more_after)};
    out.Text("NextToken", next.Seal(kinesis.tokens()));
  }
  out.EndMap();
  return {};
}

Answer<void> SplitShard(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_TRY(CheckShardNames(kinesis, call, {"ShardToSplit"}));
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const StreamDescription description = facts->stream->Describe();
  TAILRACE_AWS_ASSIGN(const ShardDescription shard, NamedShard(call, description, "ShardToSplit"));
  TAILRACE_AWS_TRY(kinesis.directory().CheckActive(call.identity(), description));
  TAILRACE_AWS_TRY(CheckOpen(call, description, shard));
  const std::string text = call.input().Text("NewStartingHashKey");
  const auto key = stream::ParseHashKey(text);
  const bool inside =
      key.has_value() && *key > shard.range.first && *key - shard.range.first > 1 && *key < shard.range.last;
  if (!inside) {
    return std::unexpected(InvalidArgument(StrCat(
        "NewStartingHashKey ", text, " used in SplitShard() on shard ", ShardName(shard.id), " in stream ",
        description.name, " under account ", call.identity().account,
        " is not both greater than one plus the shard's StartingHashKey ", stream::HashKeyText(shard.range.first),
        " and less than the shard's EndingHashKey ", stream::HashKeyText(shard.range.last), ".")));
  }
  TAILRACE_AWS_TRY(CheckShardLimit(call.identity(), OpenShards(description), 1,
                                   static_cast<int64_t>(description.shards.size()) + 2));
  const auto split = facts->stream->Split(shard.id, *key);
  if (!split.ok()) return std::unexpected(aws::ToAwsError(split.error()));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

Answer<void> MergeShards(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_TRY(CheckShardNames(kinesis, call, {"ShardToMerge", "AdjacentShardToMerge"}));
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const StreamDescription description = facts->stream->Describe();
  TAILRACE_AWS_ASSIGN(const ShardDescription shard, NamedShard(call, description, "ShardToMerge"));
  TAILRACE_AWS_ASSIGN(const ShardDescription adjacent, NamedShard(call, description, "AdjacentShardToMerge"));
  TAILRACE_AWS_TRY(kinesis.directory().CheckActive(call.identity(), description));
  TAILRACE_AWS_TRY(CheckOpen(call, description, shard));
  TAILRACE_AWS_TRY(CheckOpen(call, description, adjacent));
  const auto touch = [](const ShardDescription& low, const ShardDescription& high) {
    return low.range.last != stream::kHashKeyMax && low.range.last + 1 == high.range.first;
  };
  if (!touch(shard, adjacent) && !touch(adjacent, shard)) {
    return std::unexpected(InvalidArgument(StrCat(
        "Shards ", ShardName(shard.id), " and ", ShardName(adjacent.id), " in stream ", description.name,
        " under account ", call.identity().account, " are not an adjacent pair of shards eligible for merging")));
  }
  const auto merged = facts->stream->Merge(shard.id, adjacent.id);
  if (!merged.ok()) return std::unexpected(aws::ToAwsError(merged.error()));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

Answer<void> UpdateShardCount(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const StreamDescription description = facts->stream->Describe();
  TAILRACE_AWS_TRY(kinesis.directory().CheckActive(call.identity(), description));
  if (StreamSettings::FromLabels(description.options.labels).on_demand) {
    return aws::Fail("ValidationException", StrCat("Request is invalid. Stream ", facts->name, " under account ",
                                                   call.identity().account, " is in On-Demand mode."));
  }
  const int64_t current = OpenShards(description);
  const int64_t target = call.input().Integer("TargetShardCount", 1);
  if (target > 2 * current || 2 * target < current) {
    return aws::Fail(
        target > 2 * current ? "LimitExceededException" : "InvalidArgumentException",
        StrCat("UpdateShardCount cannot change ", current, " open shards of stream ", facts->name, " under account ",
               call.identity().account, " to ", target, ": at most twice and at least half as many are allowed."));
  }
  const ReshardPlan plan = PlanReshard(description, static_cast<uint32_t>(target));
  TAILRACE_AWS_TRY(CheckShardLimit(call.identity(), current, target - current,
                                   static_cast<int64_t>(description.shards.size() + plan.new_shards)));
  for (const ReshardPlan::Split& split : plan.splits) {
    const stream::ShardId shard = facts->stream->ShardFor(split.inside);
    const auto done = facts->stream->Split(shard, split.second_first);
    TAILRACE_AWS_TRY(Checked(done.ok() ? Ok() : Status(done.error())));
  }
  for (const ReshardPlan::Merge& merge : plan.merges) {
    const stream::ShardId first = facts->stream->ShardFor(merge.first);
    const stream::ShardId second = facts->stream->ShardFor(merge.second);
    const auto done = facts->stream->Merge(first, second);
    TAILRACE_AWS_TRY(Checked(done.ok() ? Ok() : Status(done.error())));
  }
  kinesis.directory().MarkUpdating(facts->name);
  out.BeginMap();
  out.Text("StreamName", facts->name);
  out.Text("StreamARN", StreamArn(call.identity(), facts->name));
  out.Integer("CurrentShardCount", current);
  out.Integer("TargetShardCount", target);
  out.EndMap();
  return {};
}

}  // namespace tailrace::api::kinesis
