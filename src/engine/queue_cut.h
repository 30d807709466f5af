#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace tailrace::engine {

// The records of a queue as they are at one moment, written little by little while the queue goes on.
//
// Records are written from the first one on. Whoever takes a record off the queue or changes it says so before; then it
// is written if it has not been. Records that come meanwhile do not count.
// State    What was written.
// Threads  One owner; AppendTo, once nothing is left to write, on any one thread.
class QueueCut final : public ByteWriter::LivePart {
 public:
  // Writes the record that is now at `index` of the queue, into a deferring writer. Called as long as something is
  // left.
  using Write = std::function<void(size_t index, ByteWriter& out)>;

  QueueCut(size_t size, Write write) : size_(size), write_(std::move(write)) {}

  // The first `count` records leave the queue.
  void BeforePopFront(size_t count = 1);
  // They change, but stay for now.
  void BeforeChangeOfFirst(size_t count = 1);
  // The last of the queue's `size` records leaves it.
  void BeforePopBack(size_t size);
  // The record at `index` changes.
  void BeforeChange(size_t index);
  // Any records change or leave.
  void BeforeChangeOfAll();

  size_t WriteSome(size_t bytes_max) override;
  bool complete() const { return written_ >= size_; }
  // Appends all records. Once, and only when complete.
  void AppendTo(ByteWriter& out);

 private:
  void WriteNext();
  size_t BytesOf(const ByteWriter& block) const;

  size_t size_;  // Of the cut's records those before this place in the queue are still to be written in order.
  const Write write_;
  size_t written_ = 0;  // In order.
  size_t popped_ = 0;   // From the front of the queue since the cut.
  std::deque<ByteWriter> blocks_;
  std::unordered_map<size_t, ByteWriter> early_;  // Changed before their turn.
  ByteWriter last_;                               // Taken off the back, the last one first.
  std::vector<size_t> last_ends_;
};

// Writes all records of a queue: at once, or, into a deferring writer when there are more than that one takes at one
// go, little by little. A record that is a batch counts as `records_each`. Output: what must then be told of changes;
// else null.
std::shared_ptr<QueueCut> SaveQueue(ByteWriter& writer, size_t size, QueueCut::Write write, size_t records_each = 1);

}  // namespace tailrace::engine
