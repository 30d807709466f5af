#include "api/kinesis/stream_directory.h"

#include <algorithm>

#include "api/kinesis/names.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

FactsPtr MakeFacts(std::shared_ptr<stream::Stream> stream) {
  const stream::StreamDescription description = stream->Describe();
  auto facts = std::make_shared<StreamFacts>();
  facts->stream = std::move(stream);
  facts->name = description.name;
  facts->id = description.id;
  facts->created = description.created;
  facts->retention = description.options.retention;
  facts->record_bytes_max = description.options.record_bytes_max;
  facts->encrypted = !StreamSettings::FromLabels(description.options.labels).key_id.empty();
  for (const stream::ShardDescription& shard : description.shards) facts->shards.emplace(shard.id, shard);
  return facts;
}

}  // namespace

std::string_view StreamStateName(StreamState state) {
  switch (state) {
    case StreamState::kCreating:
      return "CREATING";
    case StreamState::kActive:
      return "ACTIVE";
    case StreamState::kUpdating:
      return "UPDATING";
    case StreamState::kDeleting:
      return "DELETING";
  }
  return "";
}

const stream::ShardDescription* StreamFacts::Shard(stream::ShardId id) const {
  const auto found = shards.find(id);
  return found == shards.end() ? nullptr : &found->second;
}

StreamDirectory::StreamDirectory(stream::StreamStore& store, const Clock& clock, Milliseconds transition)
    : store_(store), clock_(clock), transition_(transition) {}

aws::Answer<std::string> StreamDirectory::NameIn(const aws::Call& call) const {
  const std::string name = call.input().Text("StreamName");
  const aws::Value arn = call.input().Find("StreamARN");
  if (!arn) return name;
  const auto target = ParseArn(arn.text());
  if (!target.has_value() || !target->consumer.empty()) {
    return std::unexpected(InvalidArgument(StrCat("StreamARN ", arn.text(), " is not the ARN of a stream.")));
  }
  if (!name.empty() && name != target->stream) {
    return std::unexpected(InvalidArgument(StrCat("StreamName ", name, " and StreamARN ", arn.text(), " differ.")));
  }
  if (target->account != call.identity().account) {
    aws::Identity other = call.identity();
    other.account = target->account;
    return std::unexpected(StreamNotFound(other, target->stream));
  }
  return target->stream;
}

aws::Answer<FactsPtr> StreamDirectory::Find(const aws::Call& call) {
  TAILRACE_AWS_ASSIGN(const std::string name, NameIn(call));
  return FindNamed(call.identity(), name);
}

aws::Answer<FactsPtr> StreamDirectory::FindWithoutWaiting(const aws::Call& call) {
  TAILRACE_AWS_ASSIGN(const std::string name, NameIn(call));
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = facts_.find(name); found != facts_.end()) return found->second;
  }
  return FindNamed(call.identity(), name);
}

aws::Answer<FactsPtr> StreamDirectory::FindNamed(const aws::Identity& identity, const std::string& name) {
  auto stream = store_.Find(name);
  if (!stream.ok()) {
    Forget(name);
    if (stream.error().code == ErrorCode::kNotFound) return std::unexpected(StreamNotFound(identity, name));
    return std::unexpected(aws::ToAwsError(stream.error()));
  }
  {
    const std::lock_guard lock(mutex_);
    const auto found = facts_.find(name);
    if (found != facts_.end() && found->second->stream == *stream) return found->second;
  }
  FactsPtr facts = MakeFacts(std::move(stream).value());
  const std::lock_guard lock(mutex_);
  facts_[name] = facts;
  return facts;
}

FactsPtr StreamDirectory::Renewed(const StreamFacts& facts) {
  FactsPtr renewed = MakeFacts(facts.stream);
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(facts.name);
  if (found != facts_.end() && found->second->stream == renewed->stream) found->second = renewed;
  return renewed;
}

void StreamDirectory::Forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  facts_.erase(name);
}

StreamState StreamDirectory::StateOf(const stream::StreamDescription& description) {
  const Timestamp now = clock_.Now();
  const std::lock_guard lock(mutex_);
  const auto ghost = deleting_.find(description.name);
  if (ghost != deleting_.end() && ghost->second.description.id == description.id) return StreamState::kDeleting;
  if (now < description.created + transition_) return StreamState::kCreating;
  const auto updating = updating_until_.find(description.name);
  if (updating == updating_until_.end()) return StreamState::kActive;
  if (now < updating->second) return StreamState::kUpdating;
  updating_until_.erase(updating);
  return StreamState::kActive;
}

aws::Answer<void> StreamDirectory::CheckActive(const aws::Identity& identity,
                                               const stream::StreamDescription& description) {
  const StreamState state = StateOf(description);
  if (state == StreamState::kActive) return {};
  return aws::Fail("ResourceInUseException", StrCat("Stream ", description.name, " under account ", identity.account,
                                                    " not ACTIVE, instead in state ", StreamStateName(state)));
}

void StreamDirectory::MarkUpdating(const std::string& name) {
  const std::lock_guard lock(mutex_);
  facts_.erase(name);
  if (transition_ > Milliseconds(0)) updating_until_[name] = clock_.Now() + transition_;
}

void StreamDirectory::MarkDeleting(stream::StreamDescription description) {
  const std::lock_guard lock(mutex_);
  facts_.erase(description.name);
  updating_until_.erase(description.name);
  if (transition_ == Milliseconds(0)) return;
  const std::string name = description.name;
  deleting_[name] = {std::move(description), clock_.Now() + transition_};
}

std::optional<stream::StreamDescription> StreamDirectory::Deleting(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const Timestamp now = clock_.Now();
  std::erase_if(deleting_, [&](const auto& entry) { return entry.second.until <= now; });
  const auto found = deleting_.find(name);
  if (found == deleting_.end()) return std::nullopt;
  return found->second.description;
}

std::vector<stream::StreamDescription> StreamDirectory::List() {
  std::vector<stream::StreamDescription> streams = store_.List();
  {
    const std::lock_guard lock(mutex_);
    const Timestamp now = clock_.Now();
    std::erase_if(deleting_, [&](const auto& entry) { return entry.second.until <= now; });
    for (const auto& [name, ghost] : deleting_) streams.push_back(ghost.description);
  }
  std::ranges::stable_sort(streams, {}, &stream::StreamDescription::name);
  return streams;
}

aws::Answer<void> StreamDirectory::Change(const StreamFacts& facts,
                                          const std::function<aws::Answer<void>(StreamSettings&)>& change) {
  const std::lock_guard lock(settings_mutex_);
  std::map<std::string, std::string> labels = facts.stream->Describe().options.labels;
  StreamSettings settings = StreamSettings::FromLabels(labels);
  TAILRACE_AWS_TRY(change(settings));
  settings.ToLabels(labels);
  const Status stored = facts.stream->SetLabels(std::move(labels));
  if (!stored.ok()) return std::unexpected(aws::ToAwsError(stored.error()));
  Forget(facts.name);
  return {};
}

}  // namespace tailrace::api::kinesis
