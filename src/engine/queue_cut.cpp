#include "engine/queue_cut.h"

#include <utility>

#include "base/check.h"

namespace tailrace::engine {
namespace {

constexpr size_t kBlockBytes = 256 * 1024;
constexpr size_t kPartBytes = 256;  // What a deferred part of a record costs to make, as bytes to copy.

}  // namespace

size_t QueueCut::BytesOf(const ByteWriter& block) const { return block.size() + kPartBytes * block.parts(); }

void QueueCut::WriteNext() {
  if (const auto early = early_.find(written_); early != early_.end()) {
    blocks_.push_back(std::move(early->second));
    blocks_.push_back(ByteWriter::Deferring());
    early_.erase(early);
  } else {
    if (blocks_.empty() || BytesOf(blocks_.back()) >= kBlockBytes) blocks_.push_back(ByteWriter::Deferring());
    write_(written_ - popped_, blocks_.back());
  }
  ++written_;
}

void QueueCut::BeforeChangeOfFirst(size_t count) {
  while (written_ < popped_ + count && !complete()) WriteNext();
}

void QueueCut::BeforePopFront(size_t count) {
  BeforeChangeOfFirst(count);
  popped_ += count;
}

void QueueCut::BeforePopBack(size_t size) {
  const size_t place = popped_ + size - 1;
  if (place >= size_) return;
  if (place >= written_) {
    const auto early = early_.find(place);
    if (early == early_.end()) {
      write_(size - 1, last_);
    } else {
      std::move(early->second).FinishInto(last_);
      early_.erase(early);
    }
    last_ends_.push_back(last_.size());
  }
  size_ = place;
}

void QueueCut::BeforeChange(size_t index) {
  const size_t place = popped_ + index;
  if (place < written_ || place >= size_) return;
  const auto [early, added] = early_.try_emplace(place, ByteWriter::Deferring());
  if (added) write_(index, early->second);
}

void QueueCut::BeforeChangeOfAll() {
  while (!complete()) WriteNext();
}

size_t QueueCut::WriteSome(size_t bytes_max) {
  size_t written = 0;
  while (written < bytes_max && !complete()) {
    const size_t before = blocks_.empty() ? 0 : BytesOf(blocks_.back());
    const ByteWriter* const block = blocks_.empty() ? nullptr : &blocks_.back();
    WriteNext();
    const size_t after = BytesOf(blocks_.back());
    written += &blocks_.back() == block && after > before ? after - before : after + 1;
  }
  return written;
}

void QueueCut::AppendTo(ByteWriter& out) {
  TAILRACE_CHECK(complete());
  for (; !blocks_.empty(); blocks_.pop_front()) std::move(blocks_.front()).FinishInto(out);
  for (; !last_ends_.empty(); last_ends_.pop_back()) {
    const size_t begin = last_ends_.size() > 1 ? last_ends_[last_ends_.size() - 2] : 0;
    out.Append(std::string_view(last_.bytes()).substr(begin, last_ends_.back() - begin));
  }
}

std::shared_ptr<QueueCut> SaveQueue(ByteWriter& writer, size_t size, QueueCut::Write write, size_t records_each) {
  if (size <= writer.records_at_once() / records_each) {
    for (size_t index = 0; index < size; ++index) write(index, writer);
    return nullptr;
  }
  auto cut = std::make_shared<QueueCut>(size, std::move(write));
  writer.AddLive(cut);
  writer.Defer([cut](ByteWriter& out) { cut->AppendTo(out); });
  return cut;
}

}  // namespace tailrace::engine
