#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "sink/delivery/definition.h"
#include "sink/delivery/object_store.h"
#include "sink/delivery/prefix.h"
#include "sink/delivery/span.h"

namespace tailrace::sink::delivery {

// What a record, or a part of one, has become on its way.
struct Item {
  stream::ShardId shard = 0;
  stream::Sequence sequence = 0;
  uint32_t part = 0;  // Of a record that was split.
  Timestamp arrival{};
  std::string data;
  PartitionKeys partition;
};

// An item that was given up.
struct Failure {
  Item item;
  std::string error_type;  // "processing-failed": where among the errors it goes.
  std::string code;        // "Splunk.AckTimeout"
  std::string message;
  std::vector<std::pair<std::string, std::string>> details;  // Further members of its document.
};

// A span on its way out. Kept over all tries; what is done is taken away.
struct Delivery {
  std::string stream_name;
  std::string stream_arn;
  std::string stream_id;  // Of the stream that the records come from.
  uint64_t version = 1;   // Of the definition.
  std::string id;         // 32 hexadecimal digits, the same for the same span.
  std::vector<Item> items;
  std::vector<Failure> failures;
  uint32_t attempts = 0;

  // Ids that follow from this one: a UUID, or letters and digits, different for each `what`.
  std::string Uuid(std::string_view what) const;
  std::string Letters(std::string_view what, size_t count) const;
};

struct DeliveryEnvironment {
  Disk& disk;
  Net& net;
  const Clock& clock;
  Log& log;
  MetricsRegistry& metrics;
  // The command that runs partition expressions apart from this process; empty: they run in it, without limits.
  std::vector<std::string> partition_worker = {};
};

// A UUID (version 4 in form) that follows from the text.
std::string UuidOf(std::string_view text);

// What a destination has taken, for status and metrics.
struct Taken {
  uint64_t objects = 0;  // Or requests.
  uint64_t records = 0;
  uint64_t bytes = 0;  // As sent.
};

// Where items go.
//
// Threads  One owner. Deliver blocks.
class Destination {
 public:
  struct Limits {
    uint64_t bytes_max;
    size_t records_max;
  };
  virtual ~Destination() = default;
  virtual Limits limits() const = 0;  // Of a span.
  // Whether items that cannot be delivered for long go to the backup; else they wait for ever.
  virtual bool gives_up() const = 0;
  // Where among the errors items go that were given up, and the code they get.
  virtual std::string_view error_type() const = 0;
  // Takes the items. Those that are taken leave `delivery.items`, those that it will never take go to its failures.
  // Output: zero when none is left; else how long to wait before the next call, as nothing is wrong.
  // Errors: what is left in `items` is worth another try later; the message says why.
  virtual Result<Milliseconds> Deliver(Delivery& delivery, Taken& taken) = 0;
  // The code of the last error, as failure documents have it.
  virtual std::string last_code() const = 0;
};

// Writes objects of items, each whole and under a name that follows from the span.
class Archive {
 public:
  static Result<std::unique_ptr<Archive>> Make(const ArchiveConfig& config, const DeliveryEnvironment& environment);

  // One object for each partition. `items` stay; those whose name cannot be made go to `failures`.
  Status PutData(const Delivery& delivery, const std::vector<Item>& items, std::vector<Failure>& failures,
                 Taken& taken);
  // One object for each error type, a JSON document a line.
  Status PutFailures(const Delivery& delivery, const std::vector<Failure>& failures, Taken& taken);

 private:
  Archive(ArchiveConfig config, PrefixExpression prefix, PrefixExpression error_prefix,
          const DeliveryEnvironment& environment);
  struct Group;
  Result<std::string> Key(const Delivery& delivery, const Group& group) const;
  std::string FailureDocument(const Failure& failure, uint32_t attempts) const;

  const ArchiveConfig config_;
  const PrefixExpression prefix_;
  const PrefixExpression error_prefix_;
  const Clock& clock_;
  const std::unique_ptr<ObjectStore> store_;
};

std::unique_ptr<Destination> MakeArchiveDestination(std::unique_ptr<Archive> archive);
std::unique_ptr<Destination> MakeHttpEndpoint(const HttpEndpointConfig& config, const DeliveryEnvironment& environment);
std::unique_ptr<Destination> MakeOpenSearch(const OpenSearchConfig& config, const DeliveryEnvironment& environment);
std::unique_ptr<Destination> MakeSplunk(const SplunkConfig& config, const DeliveryEnvironment& environment);

Result<std::unique_ptr<Destination>> MakeDestination(const DestinationConfig& config,
                                                     const DeliveryEnvironment& environment);

}  // namespace tailrace::sink::delivery
