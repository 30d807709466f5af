#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "sink/delivery/delivery_stream.h"
#include "sink/delivery/firehose_document.h"
#include "stream/store.h"

namespace tailrace::sink::delivery {

// What is known of one delivery stream.
struct DeliveryDescription {
  DeliveryDefinition definition;
  uint64_t version = 1;
  Timestamp created{};
  Timestamp updated{};
  bool declared = false;  // In an application's file; else made over the API.
  std::string document;   // Of an API's stream: the Firehose document it was made from.
  std::map<std::string, std::string> tags;
  bool encrypted = false;  // Asked for; without effect here.
  DeliveryStatus status;
};

// All delivery streams of one data folder.
//
// State    folder/streams: the records put to delivery streams; folder/NAME.progress; folder/definitions.json: the
//          streams that were made over the API. Those of application files are declared anew at each start.
// Threads  Any, all calls.
class DeliveryStreams {
 public:
  struct Options {
    std::string folder;
    BucketStores buckets;  // Of streams made over the API.
    bool deliver = true;   // Off: records are taken and wait.
  };

  // `named`: the streams that a delivery stream may read instead of its own; borrowed, as all of `environment`.
  // Errors: those of the stream store; kCorruption: definitions.json.
  static Result<std::unique_ptr<DeliveryStreams>> Open(Options options, const DeliveryEnvironment& environment,
                                                       stream::StreamStore& named, Rng rng);
  ~DeliveryStreams();

  // A stream of the application's file: made, or changed to what the file says now, from the next portion on.
  // Errors: kInvalidArgument: the definition, or its source has changed. kAlreadyExists: another application has it
  // otherwise, or it was made over the API. kNotFound: its source stream.
  Status Declare(const std::string& application, const DeliveryDefinition& definition);

  // The rest is for the API. Durable on return. Errors: kInvalidArgument, kAlreadyExists, kNotFound, kLimitExceeded.
  Status Create(const DeliveryDefinition& definition, std::string document, std::map<std::string, std::string> tags);
  // Errors: kFailedPrecondition: declared in a file, or `version` is not the present one.
  Status Update(const DeliveryDefinition& definition, std::string document, uint64_t version);
  // Removes the stream with its records, delivered or not.
  Status Delete(const std::string& name);
  Status SetTags(const std::string& name, std::map<std::string, std::string> tags);
  Status SetEncrypted(const std::string& name, bool encrypted);

  Result<DeliveryDescription> Describe(const std::string& name) const;
  std::vector<DeliveryDescription> List() const;  // By name.
  // The records: a delivery stream's own stream, or the one that it reads.
  Result<std::shared_ptr<stream::Stream>> FindStream(const std::string& name) const;
  const BucketStores& buckets() const { return options_.buckets; }

  void Start();
  // Ends after the requests under way.
  void Stop();

 private:
  struct Entry {
    DeliveryDescription known;                 // Without the status.
    std::unique_ptr<DeliveryStream> delivery;  // Null when it could not be opened.
    std::string application;                   // That declares it; empty: made over the API.
    std::string failure;                       // Then: why.
  };

  DeliveryStreams(Options options, const DeliveryEnvironment& environment, stream::StreamStore& named, Rng rng);
  Status Restore();
  Status Add(Entry entry);
  DeliverySettings Settings(const DeliveryDescription& known) const;
  Status Save() const;
  Status Change(const std::string& name, const std::function<void(DeliveryDescription&)>& change);
  static DeliveryDescription DescriptionOf(const Entry& entry);

  const Options options_;
  const DeliveryEnvironment environment_;
  stream::StreamStore& named_;
  std::unique_ptr<stream::StreamStore> own_;
  mutable std::mutex mutex_;  // Guards what follows.
  Rng rng_;
  std::map<std::string, Entry> entries_;
  bool started_ = false;
};

// "arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME".
std::string DeliveryStreamArn(std::string_view name, std::string_view region, std::string_view account);

}  // namespace tailrace::sink::delivery
