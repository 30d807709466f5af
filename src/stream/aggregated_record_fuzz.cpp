#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "stream/aggregated_record.h"

// Any bytes as a record, and the same bytes as the message of one with a good checksum: no crash, views within it.

namespace {

void CheckSplit(std::string_view record) {
  std::vector<tailrace::stream::AggregatedPart> parts;
  if (!tailrace::stream::SplitAggregatedRecord(record, parts)) return;
  const auto within = [&](std::string_view view) {
    return record.data() <= view.data() && view.data() + view.size() <= record.data() + record.size();
  };
  for (const auto& part : parts) TAILRACE_CHECK(within(part.data) && within(part.partition_key));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  CheckSplit(input);
  const auto digest = tailrace::Md5(input);
  std::string framed = "\xF3\x89\x9A\xC2";
  framed += input;
  framed.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  CheckSplit(framed);
  return 0;
}
