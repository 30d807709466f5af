#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/aws/error.h"
#include "api/aws/service.h"
#include "base/clock.h"

namespace tailrace::api::kinesis {

// "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
std::string StreamArn(const aws::Identity& identity, std::string_view stream);
// ".../consumer/reader:1767323045"
std::string ConsumerArn(const aws::Identity& identity, std::string_view stream, std::string_view consumer,
                        Timestamp created);

// What an ARN names.
struct ArnTarget {
  std::string account;
  std::string stream;
  std::string consumer;  // Empty: the stream.
  int64_t consumer_created_s = 0;
};
std::optional<ArnTarget> ParseArn(std::string_view arn);

// Errors with the service's own texts.
aws::AwsError StreamNotFound(const aws::Identity& identity, std::string_view stream);
aws::AwsError ShardDoesNotExist(const aws::Identity& identity, std::string_view stream, std::string_view shard);
aws::AwsError CouldNotFindShard(const aws::Identity& identity, std::string_view stream, std::string_view shard);
aws::AwsError ConsumerNotFound(const aws::Identity& identity, std::string_view consumer);
aws::AwsError InvalidArgument(std::string message);

}  // namespace tailrace::api::kinesis
