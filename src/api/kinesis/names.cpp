#include "api/kinesis/names.h"

#include "base/str.h"

namespace tailrace::api::kinesis {

std::string StreamArn(const aws::Identity& identity, std::string_view stream) {
  return StrCat("arn:aws:kinesis:", identity.region, ":", identity.account, ":stream/", stream);
}

std::string ConsumerArn(const aws::Identity& identity, std::string_view stream, std::string_view consumer,
                        Timestamp created) {
  return StrCat(StreamArn(identity, stream), "/consumer/", consumer, ":", ToUnixMs(created) / 1000);
}

std::optional<ArnTarget> ParseArn(std::string_view arn) {
  const auto parts = Split(arn, ':');
  if (parts.size() < 6 || parts[0] != "arn" || parts[2] != "kinesis") return std::nullopt;
  ArnTarget target{.account = std::string(parts[4])};
  const auto resource = Split(parts[5], '/');
  if (resource.size() < 2 || resource[0] != "stream" || resource[1].empty()) return std::nullopt;
  target.stream = std::string(resource[1]);
  if (resource.size() == 2 && parts.size() == 6) return target;
  const auto created = parts.size() == 7 ? ParseInt64(parts[6]) : std::nullopt;
  if (resource.size() != 4 || resource[2] != "consumer" || !created.has_value()) return std::nullopt;
  target.consumer = std::string(resource[3]);
  target.consumer_created_s = *created;
  return target;
}

aws::AwsError StreamNotFound(const aws::Identity& identity, std::string_view stream) {
  return {"ResourceNotFoundException", StrCat("Stream ", stream, " under account ", identity.account, " not found.")};
}

aws::AwsError ShardDoesNotExist(const aws::Identity& identity, std::string_view stream, std::string_view shard) {
  return {"ResourceNotFoundException",
          StrCat("Shard ", shard, " in stream ", stream, " under account ", identity.account, " does not exist")};
}

aws::AwsError CouldNotFindShard(const aws::Identity& identity, std::string_view stream, std::string_view shard) {
  return {"ResourceNotFoundException",
          StrCat("Could not find shard ", shard, " in stream ", stream, " under account ", identity.account, ".")};
}

aws::AwsError ConsumerNotFound(const aws::Identity& identity, std::string_view consumer) {
  return {"ResourceNotFoundException", StrCat("Consumer ", consumer, ", account ", identity.account, " not found.")};
}

aws::AwsError InvalidArgument(std::string message) { return {"InvalidArgumentException", std::move(message)}; }

}  // namespace tailrace::api::kinesis
