#include "api/kinesis/shard_view.h"

#include "api/kinesis/names.h"
#include "api/kinesis/sequence_number.h"
#include "api/kinesis/shard_read.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

constexpr size_t kTagsMax = 50;

// Letters and digits of any language (told apart from other signs only within ASCII), white space and _ . / = + - % @ :
// ,
bool AllowedInTag(std::string_view text) {
  static constexpr std::string_view kSigns = "_./=+-%@: \t";
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && static_cast<uint8_t>(c) < 0x80 && kSigns.find(c) == std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

void WriteShard(aws::Writer& out, const stream::ShardDescription& shard) {
  out.BeginMap();
  out.Text("ShardId", ShardName(shard.id));
  if (!shard.parents.empty()) out.Text("ParentShardId", ShardName(shard.parents[0]));
  if (shard.parents.size() > 1) out.Text("AdjacentParentShardId", ShardName(shard.parents[1]));
  WriteHashKeyRange(out, shard.range);
  out.BeginMap("SequenceNumberRange");
  out.Text("StartingSequenceNumber", StartingNumber(shard).ToText());
  if (!shard.open) out.Text("EndingSequenceNumber", EndingNumber(shard).ToText());
  out.EndMap();
  out.EndMap();
}

aws::Answer<void> CheckShardLimit(const aws::Identity& identity, int64_t open, int64_t more, int64_t of_stream) {
  const bool in_stream = of_stream > stream::kShardsMax;
  if (!in_stream && open + more <= kShardLimit) return {};
  return aws::Fail(
      "LimitExceededException",
      StrCat("This request would exceed the shard limit for the account ", identity.account, " in ", identity.region,
             ". Current shard count for the account: ", open,
             ". Limit: ", in_stream ? int64_t{stream::kShardsMax} : kShardLimit,
             ". Number of additional shards that would have resulted from this request: ", more,
             ". Refer to the AWS Service Limits page "
             "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to "
             "request higher limits."));
}

aws::Answer<void> CheckTagText(std::string_view text) {
  if (AllowedInTag(text)) return {};
  return std::unexpected(InvalidArgument(
      "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . "
      "/ = + - % @."));
}

aws::Answer<void> AddTags(const aws::Identity& identity, const std::string& stream, const aws::Value& added,
                          std::map<std::string, std::string>& tags) {
  const std::string failed =
      StrCat("Failed to add tags to stream ", stream, " under account ", identity.account, " because ");
  for (auto at = added.begin(); at != added.end(); ++at) {
    const std::string_view key = (*at).text();
    ++at;
    const std::string_view value = (*at).kind() == aws::Kind::kNull ? std::string_view() : (*at).text();
    TAILRACE_AWS_TRY(CheckTagText(key));
    TAILRACE_AWS_TRY(CheckTagText(value));
    if (key.find('%') != std::string_view::npos || value.find('%') != std::string_view::npos) {
      return std::unexpected(InvalidArgument(
          failed +
          "some tags contained illegal characters. The allowed characters are Unicode letters, white-spaces, "
          "'_',',','/','=','+','-','@'."));
    }
    tags[std::string(key)] = std::string(value);
  }
  if (tags.size() > kTagsMax) {
    return std::unexpected(
        InvalidArgument(failed + "a given stream cannot have more than 10 tags associated with it."));
  }
  return {};
}

}  // namespace tailrace::api::kinesis
