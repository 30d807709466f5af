#include "app/parallel_decoder.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace tailrace::app {

// A thread with a decoder: takes one piece at a time.
class ParallelDecoder::Worker {
 public:
  explicit Worker(std::unique_ptr<ingest::Decoder> decoder)
      : decoder_(std::move(decoder)), thread_([this] { Run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Begin(std::span<const data::Record> records) {
    {
      const std::lock_guard lock(mutex_);
      records_ = records;
      busy_ = true;
    }
    changed_.notify_all();
  }
  ingest::Decoded Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !busy_; });
    return std::move(decoded_);
  }
  const ingest::Decoder& decoder() const { return *decoder_; }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || busy_; });
      if (stopping_) return;
      lock.unlock();
      ingest::Decoded decoded = decoder_->Decode(records_);
      lock.lock();
      decoded_ = std::move(decoded);
      busy_ = false;
      changed_.notify_all();
    }
  }

  const std::unique_ptr<ingest::Decoder> decoder_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::span<const data::Record> records_;
  ingest::Decoded decoded_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Result<std::unique_ptr<ParallelDecoder>> ParallelDecoder::Make(const MakeDecoder& make, const DecodeOptions& options) {
  std::unique_ptr<ParallelDecoder> parallel(new ParallelDecoder(std::max<size_t>(options.records_per_thread_min, 1)));
  TAILRACE_ASSIGN_OR_RETURN(parallel->own_, make());
  for (size_t i = 1; i < options.threads; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<ingest::Decoder> decoder, make());
    parallel->workers_.push_back(std::make_unique<Worker>(std::move(decoder)));
  }
  return parallel;
}

ParallelDecoder::ParallelDecoder(size_t records_per_thread_min) : records_per_thread_min_(records_per_thread_min) {}

ParallelDecoder::~ParallelDecoder() = default;

std::vector<ParallelDecoder::Piece> ParallelDecoder::Decode(std::span<const data::Record> records) {
  const size_t count = std::clamp<size_t>(records.size() / records_per_thread_min_, 1, workers_.size() + 1);
  std::vector<Piece> pieces(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = records.size() * i / count;
    pieces[i].records = records.subspan(begin, records.size() * (i + 1) / count - begin);
  }
  for (size_t i = 1; i < count; ++i) workers_[i - 1]->Begin(pieces[i].records);
  pieces[0].decoded = own_->Decode(pieces[0].records);
  for (size_t i = 1; i < count; ++i) pieces[i].decoded = workers_[i - 1]->Take();
  return pieces;
}

std::vector<uint64_t> ParallelDecoder::truncated() const {
  const auto own = own_->truncated();
  std::vector<uint64_t> sum(own.begin(), own.end());
  for (const auto& worker : workers_) {
    const auto counts = worker->decoder().truncated();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += counts[i];
  }
  return sum;
}

}  // namespace tailrace::app
