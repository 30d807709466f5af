#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/delivery/definition.h"

namespace tailrace::sink::delivery {

// Where the buckets are that a Firehose document names.
struct BucketStores {
  std::optional<S3StoreConfig> s3;  // Of all buckets; its own bucket name has no meaning.
  std::string folder;               // Without s3: each bucket is a folder below this one.

  ObjectStoreConfig Find(const std::string& bucket) const;
};

struct FirehoseDocument {
  DeliveryDefinition definition;
  std::vector<std::string> not_offered;  // What the document asks for in vain, one sentence each.
};

// The document of a delivery stream as CreateDeliveryStream, and a CloudFormation template's Properties, have it.
// Input   JSON; numbers may be texts.
// Errors  kInvalidArgument, naming the member.
// Source  Amazon Data Firehose API Reference, version 2015-08-04.
Result<FirehoseDocument> ParseFirehoseDocument(std::string_view json, const BucketStores& stores);

// "arn:aws:s3:::bucket", "arn:aws:kinesis:...:stream/orders": the name at the end.
std::string NameOfArn(std::string_view arn);

}  // namespace tailrace::sink::delivery
