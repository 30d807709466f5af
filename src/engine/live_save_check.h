#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/job.h"

namespace tailrace::engine {

// For tests: saves a job over and over while it goes on, and holds what was written against the state at the moment at
// which the save began.
class LiveSaveCheck {
 public:
  // After every push and advance. Writes an entry at a time, so that many are written because they are about to change.
  Status AfterStep(const Job& job) {
    if (save_.has_value() && ++steps_ < kSteps) {
      save_->WriteSome(1);
      return Ok();
    }
    TAILRACE_TRY(Finish());
    Begin(job);
    return Ok();
  }
  void Begin(const Job& job) {
    ByteWriter writer;
    job.Save(writer);
    plain_ = std::move(writer).Take();
    save_ = ByteWriter::Deferring(kRecordsAtOnce);
    steps_ = 0;
    job.Save(*save_);
  }
  // Before the job goes away.
  Status Finish() {
    if (!save_.has_value()) return Ok();
    while (save_->WriteSome(1)) continue;
    if (std::move(*std::exchange(save_, std::nullopt)).Finish() == plain_) return Ok();
    return Error{ErrorCode::kInternal, "a save that goes on while rows come gives other bytes than one at once"};
  }
  // The state at the last Begin.
  const std::string& plain() const { return plain_; }

 private:
  static constexpr size_t kSteps = 4;
  static constexpr size_t kRecordsAtOnce = 2;  // Even small parts of a state are large then.
  std::string plain_;
  std::optional<ByteWriter> save_;
  size_t steps_ = 0;
};

}  // namespace tailrace::engine
