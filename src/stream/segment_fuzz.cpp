#include <cstring>

#include "base/hash.h"
#include "stream/metadata.h"
#include "stream/segment.h"

// Feeds arbitrary bytes to everything that reads a stream's files. Checksums are also made right, as otherwise hardly
// anything would get past them.

namespace tailrace::stream {
namespace {

void WalkFrame(std::string bytes) {
  constexpr uint64_t kGeneration = 7;
  if (bytes.size() < kFrameHeaderBytes) return;
  FrameHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  bytes.resize((bytes.size() + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment, '\0');
  header.length = static_cast<uint32_t>(bytes.size());
  header.generation = kGeneration;
  std::memcpy(bytes.data(), &header, sizeof header);
  const uint32_t checksum = Crc32c(std::string_view(bytes).substr(sizeof(uint32_t)));
  std::memcpy(bytes.data(), &checksum, sizeof checksum);
  const auto frame = ParseFrame(bytes, kGeneration);
  if (!frame.ok()) return;
  RecordWalk walk(*frame);
  RecordView record;
  size_t total = 0;
  while (!walk.done() && walk.Next(record).ok()) total += record.data.size() + record.partition_key.size();
  TAILRACE_CHECK(total <= bytes.size());
}

std::string WithChecksum(std::string_view bytes) {
  std::string fixed(bytes);
  const uint32_t checksum = Crc32c(fixed);
  fixed.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return fixed;
}

}  // namespace
}  // namespace tailrace::stream

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace;
  using namespace tailrace::stream;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  WalkFrame(bytes);
  uint64_t frames_offset = 0;
  for (const std::string& candidate : {bytes, WithChecksum(bytes)}) {
    DecodeSegmentHeader(candidate, frames_offset).Ignore("only a crash is a finding");
    DecodeIndex(candidate, {}, 0).Ignore("only a crash is a finding");
    DecodeMetadata(candidate).Ignore("only a crash is a finding");
  }
  return 0;
}
