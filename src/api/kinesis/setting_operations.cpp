// Operations that change what a stream claims to be: retention and record size are real, the rest is kept and shown.

#include <algorithm>

#include "api/kinesis/names.h"
#include "api/kinesis/operations.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

using aws::Answer;
using aws::Call;
using aws::Value;

constexpr int64_t kRetentionHoursMin = 24;
constexpr int64_t kRetentionHoursMax = 8760;
constexpr std::string_view kAllMetrics[] = {"IncomingBytes",
                                            "IncomingRecords",
                                            "OutgoingBytes",
                                            "OutgoingRecords",
                                            "WriteProvisionedThroughputExceeded",
                                            "ReadProvisionedThroughputExceeded",
                                            "IteratorAgeMilliseconds"};

Answer<void> CheckRetention(int64_t hours) {
  if (hours < kRetentionHoursMin) {
    return std::unexpected(
        InvalidArgument(StrCat("Minimum allowed retention period is ", kRetentionHoursMin,
                               " hours. Requested retention period (", hours, " hours) is too short.")));
  }
  if (hours > kRetentionHoursMax) {
    return std::unexpected(
        InvalidArgument(StrCat("Maximum allowed retention period is ", kRetentionHoursMax,
                               " hours. Requested retention period (", hours, " hours) is too long.")));
  }
  return {};
}

// `grows`: it may not become shorter; else not longer.
Answer<void> ChangeRetention(Kinesis& kinesis, const Call& call, bool grows) {
  const int64_t hours = call.input().Integer("RetentionPeriodHours", 0);
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  TAILRACE_AWS_TRY(CheckRetention(hours));
  const stream::StreamDescription description = facts->stream->Describe();
  const int64_t current = std::chrono::duration_cast<std::chrono::hours>(description.options.retention).count();
  if (grows ? hours < current : hours > current) {
    return std::unexpected(
        InvalidArgument(StrCat("Requested retention period (", hours, " hours) for stream ", facts->name,
                               " can not be ", grows ? "shorter" : "longer", " than existing retention period (",
                               current, " hours). Use ", grows ? "Decrease" : "Increase", "RetentionPeriod API.")));
  }
  if (hours == current) return {};
  const Status set = facts->stream->SetRetention(std::chrono::hours(hours), description.options.retention_bytes);
  if (!set.ok()) return std::unexpected(aws::ToAwsError(set.error()));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

void WriteMetrics(aws::Writer& out, std::string_view name, const std::vector<std::string>& metrics) {
  out.BeginList(name);
  for (const std::string& metric : metrics) out.Text(metric);
  out.EndList();
}

Answer<void> ChangeMetrics(Kinesis& kinesis, const Call& call, bool enable, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  std::vector<std::string> before;
  std::vector<std::string> after;
  TAILRACE_AWS_TRY(kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    before = settings.metrics;
    std::vector<std::string> asked;
    for (const Value metric : call.input().Find("ShardLevelMetrics")) asked.emplace_back(metric.text());
    const bool all = std::ranges::find(asked, "ALL") != asked.end();
    const auto has = [](const std::vector<std::string>& list, std::string_view metric) {
      return std::ranges::find(list, metric) != list.end();
    };
    for (const std::string_view metric : kAllMetrics) {
      const bool named = all || has(asked, metric);
      if (named ? enable : has(before, metric)) after.emplace_back(metric);
    }
    settings.metrics = after;
    return {};
  }));
  out.BeginMap();
  out.Text("StreamName", facts->name);
  out.Text("StreamARN", StreamArn(call.identity(), facts->name));
  WriteMetrics(out, "CurrentShardLevelMetrics", before);
  WriteMetrics(out, "DesiredShardLevelMetrics", after);
  out.EndMap();
  return {};
}

Answer<void> ChangeEncryption(Kinesis& kinesis, const Call& call, bool on) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  TAILRACE_AWS_TRY(kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    settings.key_id = on && call.input().Text("EncryptionType") == "KMS" ? call.input().Text("KeyId") : "";
    return {};
  }));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

// Runs `use` with the policy of the stream or consumer that ResourceARN names.
Answer<void> WithPolicy(Kinesis& kinesis, const Call& call, const std::function<Answer<void>(std::string&)>& use) {
  const std::string arn = call.input().Text("ResourceARN");
  const auto target = ParseArn(arn);
  if (!target.has_value()) {
    return std::unexpected(InvalidArgument(StrCat("ResourceARN ", arn, " is not the ARN of a stream or a consumer.")));
  }
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().FindNamed(call.identity(), target->stream));
  return kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    if (target->consumer.empty()) return use(settings.policy);
    const auto found = settings.consumers.find(target->consumer);
    if (found == settings.consumers.end()) return std::unexpected(ConsumerNotFound(call.identity(), target->consumer));
    return use(found->second.policy);
  });
}

std::string AccountFile(const Kinesis& kinesis) { return kinesis.folder() + "/billing-commitment"; }

// ENABLED or DISABLED, as it was set last.
Answer<std::string> Commitment(const Kinesis& kinesis) {
  Disk& disk = kinesis.environment().disk;
  if (!Exists(disk, AccountFile(kinesis))) return "DISABLED";
  auto text = ReadFile(disk, AccountFile(kinesis));
  if (!text.ok()) return std::unexpected(aws::ToAwsError(text.error()));
  return std::move(text).value();
}

void WriteCommitment(aws::Writer& out, std::string_view status) {
  out.BeginMap();
  out.BeginMap("MinimumThroughputBillingCommitment");
  out.Text("Status", status);
  out.EndMap();
  out.EndMap();
}

}  // namespace

Answer<void> IncreaseStreamRetentionPeriod(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return ChangeRetention(kinesis, call, true);
}

Answer<void> DecreaseStreamRetentionPeriod(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return ChangeRetention(kinesis, call, false);
}

Answer<void> EnableEnhancedMonitoring(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  return ChangeMetrics(kinesis, call, true, out);
}

Answer<void> DisableEnhancedMonitoring(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  return ChangeMetrics(kinesis, call, false, out);
}

Answer<void> StartStreamEncryption(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return ChangeEncryption(kinesis, call, true);
}

Answer<void> StopStreamEncryption(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return ChangeEncryption(kinesis, call, false);
}

Answer<void> UpdateMaxRecordSize(Kinesis& kinesis, const Call& call, aws::Writer&) {
  if (!call.input().Find("StreamARN")) return std::unexpected(InvalidArgument("StreamARN must be provided."));
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const auto kib = static_cast<uint64_t>(call.input().Integer("MaxRecordSizeInKiB", 0));
  const Status set = facts->stream->SetRecordBytesMax(kib * 1024);
  if (!set.ok()) return std::unexpected(aws::ToAwsError(set.error()));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

Answer<void> UpdateStreamMode(Kinesis& kinesis, const Call& call, aws::Writer&) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  TAILRACE_AWS_TRY(kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    settings.on_demand = call.input().Find("StreamModeDetails").Text("StreamMode") == "ON_DEMAND";
    settings.warm_throughput_mibps = call.input().Integer("WarmThroughputMiBps", settings.warm_throughput_mibps);
    return {};
  }));
  kinesis.directory().MarkUpdating(facts->name);
  return {};
}

Answer<void> UpdateStreamWarmThroughput(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const FactsPtr facts, kinesis.directory().Find(call));
  const int64_t wanted = call.input().Integer("WarmThroughputMiBps", 0);
  int64_t before = 0;
  TAILRACE_AWS_TRY(kinesis.directory().Change(*facts, [&](StreamSettings& settings) -> Answer<void> {
    before = settings.warm_throughput_mibps;
    settings.warm_throughput_mibps = wanted;
    return {};
  }));
  out.BeginMap();
  out.Text("StreamName", facts->name);
  out.Text("StreamARN", StreamArn(call.identity(), facts->name));
  out.BeginMap("WarmThroughput");
  out.Integer("TargetMiBps", wanted);
  out.Integer("CurrentMiBps", before);
  out.EndMap();
  out.EndMap();
  return {};
}

Answer<void> PutResourcePolicy(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return WithPolicy(kinesis, call, [&](std::string& policy) -> Answer<void> {
    policy = call.input().Text("Policy");
    const auto parsed = aws::Document::Parse(aws::Encoding::kJson, policy);
    if (parsed.has_value() && parsed->root().kind() == aws::Kind::kMap) return {};
    return std::unexpected(InvalidArgument("The policy is not a JSON object."));
  });
}

Answer<void> GetResourcePolicy(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  std::string found;
  TAILRACE_AWS_TRY(WithPolicy(kinesis, call, [&](std::string& policy) -> Answer<void> {
    found = policy;
    return {};
  }));
  out.BeginMap();
  out.Text("Policy", found.empty() ? "{}" : found);
  out.EndMap();
  return {};
}

Answer<void> DeleteResourcePolicy(Kinesis& kinesis, const Call& call, aws::Writer&) {
  return WithPolicy(kinesis, call, [&](std::string& policy) -> Answer<void> {
    if (policy.empty()) {
      return aws::Fail("ResourceNotFoundException",
                       StrCat("No policy found for resource ARN ", call.input().Text("ResourceARN"), "."));
    }
    policy.clear();
    return {};
  });
}

Answer<void> DescribeAccountSettings(Kinesis& kinesis, const Call&, aws::Writer& out) {
  TAILRACE_AWS_ASSIGN(const std::string status, Commitment(kinesis));
  WriteCommitment(out, status);
  return {};
}

Answer<void> UpdateAccountSettings(Kinesis& kinesis, const Call& call, aws::Writer& out) {
  const std::string status = call.input().Find("MinimumThroughputBillingCommitment").Text("Status");
  if (status != "ENABLED" && status != "DISABLED") {
    return std::unexpected(InvalidArgument(StrCat("Status ", status, " is not ENABLED or DISABLED.")));
  }
  const Status stored = WriteFileAtomically(kinesis.environment().disk, AccountFile(kinesis), status);
  if (!stored.ok()) return std::unexpected(aws::ToAwsError(stored.error()));
  WriteCommitment(out, status);
  return {};
}

}  // namespace tailrace::api::kinesis
