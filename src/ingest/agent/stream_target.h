#pragma once

#include <memory>

#include "ingest/agent/record_target.h"
#include "stream/stream.h"

namespace tailrace::ingest {

// Puts records into a stream of this program, exactly once: the stream drops what a producer sends again.
//
// Errors   A shard that fails keeps back its records (kRetry); a record that the stream will never take is kRefused.
// Threads  Any.
class StreamTarget final : public RecordTarget {
 public:
  explicit StreamTarget(std::shared_ptr<stream::Stream> stream);

  TargetLimits limits() const override;
  Result<std::vector<RecordResult>> Put(std::string_view producer, uint64_t first_sequence,
                                        std::span<const TargetRecord> records) override;
  Result<std::optional<uint64_t>> LastSequence(std::string_view producer) override;

 private:
  Status PutRun(std::string_view producer, uint64_t first_sequence, std::span<const TargetRecord> records,
                std::vector<RecordResult>& results);

  const std::shared_ptr<stream::Stream> stream_;
  const uint64_t record_bytes_max_;
};

}  // namespace tailrace::ingest
