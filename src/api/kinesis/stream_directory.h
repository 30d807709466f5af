#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/aws/service.h"
#include "api/kinesis/settings.h"
#include "base/clock.h"
#include "stream/store.h"

namespace tailrace::api::kinesis {

enum class StreamState : uint8_t { kCreating, kActive, kUpdating, kDeleting };
std::string_view StreamStateName(StreamState state);

// What puts and gets need of a stream, as it was a moment ago: found without asking the disk or waiting for changes.
struct StreamFacts {
  std::shared_ptr<stream::Stream> stream;
  std::string name;
  std::string id;
  Timestamp created{};
  Milliseconds retention{};
  uint64_t record_bytes_max = 0;
  bool encrypted = false;
  std::map<stream::ShardId, stream::ShardDescription> shards;  // Only what never changes of them is of use.

  const stream::ShardDescription* Shard(stream::ShardId id) const;
};
using FactsPtr = std::shared_ptr<const StreamFacts>;

// The streams of the store, as Kinesis has them: found by name or ARN, with states that change a while after the
// operation and settings in labels.
//
// State    Facts of the streams that were asked for; streams that are being changed or deleted, until `transition` is
//          over.
// Threads  Any.
class StreamDirectory {
 public:
  // `transition`: how long CREATING, UPDATING and DELETING last. Borrowed: the others.
  StreamDirectory(stream::StreamStore& store, const Clock& clock, Milliseconds transition);

  // The stream that the request names by StreamName or StreamARN.
  // Errors  ResourceNotFoundException; InvalidArgumentException: an ARN of no stream.
  aws::Answer<FactsPtr> Find(const aws::Call& call);
  // The same for the I/O thread: from memory alone when the stream was asked for before. One that was deleted since
  // tells so when it is used.
  aws::Answer<FactsPtr> FindWithoutWaiting(const aws::Call& call);
  aws::Answer<FactsPtr> FindNamed(const aws::Identity& identity, const std::string& name);
  // The name in a request's StreamName or StreamARN.
  aws::Answer<std::string> NameIn(const aws::Call& call) const;
  // Facts anew: a shard turned up that they do not know.
  FactsPtr Renewed(const StreamFacts& facts);
  void Forget(const std::string& name);

  StreamState StateOf(const stream::StreamDescription& description);
  // Errors  ResourceInUseException: not ACTIVE.
  aws::Answer<void> CheckActive(const aws::Identity& identity, const stream::StreamDescription& description);
  void MarkUpdating(const std::string& name);
  void MarkDeleting(stream::StreamDescription description);
  // A stream that was deleted and is still shown; nothing when there is none.
  std::optional<stream::StreamDescription> Deleting(const std::string& name);
  // By name; with those that are being deleted.
  std::vector<stream::StreamDescription> List();

  // Changes settings, durably. One change at a time, over all streams.
  aws::Answer<void> Change(const StreamFacts& facts, const std::function<aws::Answer<void>(StreamSettings&)>& change);

  stream::StreamStore& store() { return store_; }
  const Clock& clock() const { return clock_; }

 private:
  stream::StreamStore& store_;
  const Clock& clock_;
  const Milliseconds transition_;
  std::mutex settings_mutex_;
  std::mutex mutex_;  // Guards what follows.
  std::map<std::string, FactsPtr> facts_;
  std::map<std::string, Timestamp> updating_until_;
  struct Ghost {
    stream::StreamDescription description;
    Timestamp until{};
  };
  std::map<std::string, Ghost> deleting_;
};

}  // namespace tailrace::api::kinesis
