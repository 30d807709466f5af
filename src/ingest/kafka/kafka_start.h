#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/disk.h"
#include "base/result.h"

namespace tailrace::ingest {

// Where a source that begins with the latest records began: once known it stays, or what comes between a start and the
// first record would be lost with a restart.
struct KafkaStart {
  std::string cluster;
  std::string topic;
  uint32_t incarnation = 1;
  std::map<int32_t, int64_t> offsets;  // By partition.
  bool operator==(const KafkaStart&) const = default;
};

std::string FormatKafkaStart(const KafkaStart& start);
// Errors: kCorruption.
Result<KafkaStart> ParseKafkaStart(std::string_view text);

// Nothing when there is no file. Errors: kCorruption with the path; those of Disk.
Result<std::optional<KafkaStart>> LoadKafkaStart(Disk& disk, const std::string& path);
Status StoreKafkaStart(Disk& disk, const std::string& path, const KafkaStart& start);

}  // namespace tailrace::ingest
