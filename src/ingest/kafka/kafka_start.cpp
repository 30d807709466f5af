#include "ingest/kafka/kafka_start.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::ingest {
namespace {

constexpr std::string_view kFirstLine = "tailrace kafka start 1";
constexpr std::string_view kChecksum = "crc32c ";

Error Damaged(std::string_view what) { return Error{ErrorCode::kCorruption, StrCat("no Kafka start file: ", what)}; }

// "NAME VALUE"; the value may be anything but a line end.
std::optional<std::string_view> ValueOf(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') return std::nullopt;
  return line.substr(name.size() + 1);
}

}  // namespace

std::string FormatKafkaStart(const KafkaStart& start) {
  std::string text = StrCat(kFirstLine, "\ncluster ", start.cluster, "\ntopic ", start.topic, "\nincarnation ",
                            start.incarnation, "\n");
  for (const auto& [partition, offset] : start.offsets) text += StrCat("offset ", partition, " ", offset, "\n");
  return text + fmt::format("{}{:08x}\n", kChecksum, Crc32c(text));
}

Result<KafkaStart> ParseKafkaStart(std::string_view text) {
  const size_t end = text.rfind(kChecksum);
  if (end == std::string_view::npos ||
      text.substr(end) != fmt::format("{}{:08x}\n", kChecksum, Crc32c(text.substr(0, end)))) {
    return Damaged("its checksum is wrong");
  }
  if (end == 0 || text[end - 1] != '\n') return Damaged("lines are missing");
  const std::vector<std::string_view> lines = Split(text.substr(0, end - 1), '\n');
  if (lines.size() < 4 || lines[0] != kFirstLine) return Damaged("unknown version");
  KafkaStart start;
  const auto cluster = ValueOf(lines[1], "cluster");
  const auto topic = ValueOf(lines[2], "topic");
  const auto incarnation = ParseInt64(ValueOf(lines[3], "incarnation").value_or(""));
  if (!cluster || !topic || !incarnation || *incarnation < 1 || *incarnation > std::numeric_limits<uint32_t>::max()) {
    return Damaged("cluster, topic or incarnation");
  }
  start.cluster = *cluster;
  start.topic = *topic;
  start.incarnation = static_cast<uint32_t>(*incarnation);
  for (size_t i = 4; i < lines.size(); ++i) {
    const std::vector<std::string_view> parts = Split(ValueOf(lines[i], "offset").value_or(""), ' ');
    const int64_t partition = ParseInt64(parts.front()).value_or(-1);
    const int64_t offset = parts.size() == 2 ? ParseInt64(parts.back()).value_or(-1) : -1;
    if (partition < 0 || partition > std::numeric_limits<int32_t>::max() || offset < 0) {
      return Damaged(StrCat("line ", i + 1));
    }
    start.offsets[static_cast<int32_t>(partition)] = offset;
  }
  return start;
}

Result<std::optional<KafkaStart>> LoadKafkaStart(Disk& disk, const std::string& path) {
  if (!Exists(disk, path)) return std::optional<KafkaStart>();
  TAILRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(disk, path));
  auto start = ParseKafkaStart(text);
  if (!start.ok()) return std::move(start).error().Context(path);
  return std::optional<KafkaStart>(std::move(start).value());
}

Status StoreKafkaStart(Disk& disk, const std::string& path, const KafkaStart& start) {
  return WriteFileAtomically(disk, path, FormatKafkaStart(start));
}

}  // namespace tailrace::ingest
