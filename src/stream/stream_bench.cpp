#include <benchmark/benchmark.h>

#include <cstring>

#include "base/hash.h"
#include "base/os/posix_disk.h"
#include "base/os/process.h"
#include "base/os/system_clock.h"
#include "base/str.h"
#include "stream/store.h"

// Appends of 500 records of 300 bytes by one thread, beside the least a durable log can do: a loop that encodes the
// same records with a checksum each and writes them into an already written file, with and without fdatasync. Compare
// Stream* with Loop* of the same run only: disks and neighbours differ. Reading: everything from the page cache.

namespace tailrace::stream {
namespace {

constexpr size_t kRecords = 500;
constexpr size_t kRecordBytes = 300;
constexpr uint64_t kSegmentBytes = 64 << 20;

class BenchFolder {
 public:
  BenchFolder()
      : path_(StrCat(EnvironmentVariable("TAILRACE_BENCH_DIR").value_or("/tmp"), "/stream_bench_", ProcessId())) {
    TAILRACE_CHECK(disk_.MakeDirectories(path_).ok());
  }
  ~BenchFolder() { Remove(path_); }

  PosixDisk& disk() { return disk_; }
  const std::string& path() const { return path_; }

 private:
  void Remove(const std::string& path) {
    if (const auto names = disk_.List(path); names.ok()) {
      for (const std::string& name : *names) Remove(path + "/" + name);
    }
    TAILRACE_CHECK(disk_.Remove(path).ok());
  }

  PosixDisk disk_;
  const std::string path_;
};

std::vector<std::string> Payloads() {
  Rng rng(1);
  std::vector<std::string> payloads;
  for (size_t i = 0; i < kRecords; ++i) payloads.push_back(rng.Bytes(kRecordBytes));
  return payloads;
}

void Loop(benchmark::State& state, bool synced) {
  BenchFolder folder;
  const std::vector<std::string> payloads = Payloads();
  auto file = folder.disk().Open(folder.path() + "/log", OpenMode::kCreate);
  TAILRACE_CHECK(file.ok());
  TAILRACE_CHECK((*file)->WriteAt(0, std::string(kSegmentBytes, '\0')).ok() && (*file)->Sync().ok());
  constexpr size_t kFrame = 16 + kRecordBytes;
  std::string batch(kRecords * kFrame, '\0');
  uint64_t offset = 0;
  uint64_t sequence = 0;
  for ([[maybe_unused]] auto _ : state) {
    char* frame = batch.data();
    for (const std::string& payload : payloads) {
      const auto size = static_cast<uint32_t>(payload.size());
      std::memcpy(frame + 4, &size, sizeof size);
      std::memcpy(frame + 8, &sequence, sizeof sequence);
      std::memcpy(frame + 16, payload.data(), payload.size());
      const uint32_t checksum = Crc32c({frame + 4, kFrame - 4});
      std::memcpy(frame, &checksum, sizeof checksum);
      frame += kFrame;
      ++sequence;
    }
    if (offset + batch.size() > kSegmentBytes) offset = 0;
    TAILRACE_CHECK((*file)->WriteAt(offset, batch).ok());
    if (synced) TAILRACE_CHECK((*file)->Sync().ok());
    offset += batch.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

// A store with one stream whose segments are recycled, as after some time of running.
class WarmStream {
 public:
  WarmStream(Durability durability, uint32_t shards) {
    auto store = StreamStore::Open({folder_.disk(), clock_, log_, metrics_}, folder_.path(), Rng(1));
    TAILRACE_CHECK(store.ok());
    store_ = std::move(store).value();
    auto stream = store_->Create(
        "bench",
        {.shards = shards, .retention_bytes = kSegmentBytes, .segment_bytes = kSegmentBytes, .durability = durability});
    TAILRACE_CHECK(stream.ok());
    stream_ = std::move(stream).value();
    for (size_t i = 0; i < kRecords; ++i) keys_.push_back(StrCat("key", i));
    for (size_t i = 0; i < kRecords; ++i) records_.push_back({.partition_key = keys_[i], .data = payloads_[i]});
    for (uint64_t bytes = 0; bytes < shards * kSegmentBytes * 5 / 2; bytes += kRecords * kRecordBytes) {
      Append();
      if (bytes % (8 << 20) < kRecords * kRecordBytes) TAILRACE_CHECK(store_->Maintain().ok());
    }
  }

  void Append() {
    const auto outcome = stream_->Append(records_);
    TAILRACE_CHECK(outcome.ok() && outcome->status().ok());
  }
  Stream& stream() { return *stream_; }

 private:
  BenchFolder folder_;
  SystemClock clock_;
  NullLog log_;
  MetricsRegistry metrics_;
  const std::vector<std::string> payloads_ = Payloads();
  std::vector<std::string> keys_;
  std::vector<RecordInput> records_;
  std::unique_ptr<StreamStore> store_;
  std::shared_ptr<Stream> stream_;
};

void Append(benchmark::State& state, Durability durability) {
  WarmStream warm(durability, static_cast<uint32_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) warm.Append();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kRecords));
}

void LoopSynced(benchmark::State& state) { Loop(state, true); }
void LoopRelaxed(benchmark::State& state) { Loop(state, false); }
void StreamSynced(benchmark::State& state) { Append(state, Durability::kSynced); }
void StreamRelaxed(benchmark::State& state) { Append(state, Durability::kRelaxed); }

void StreamRead(benchmark::State& state) {
  WarmStream warm(Durability::kRelaxed, 1);
  RecordBatch batch;
  int64_t records = 0;
  auto reader = warm.stream().Read(0, 0);
  TAILRACE_CHECK(reader.ok());
  for ([[maybe_unused]] auto _ : state) {
    TAILRACE_CHECK(reader->Read({}, batch).ok());
    if (batch.records().empty()) reader->Seek(0);
    records += static_cast<int64_t>(batch.records().size());
    benchmark::DoNotOptimize(batch.records().data());
  }
  state.SetItemsProcessed(records);
}

BENCHMARK(LoopSynced)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(StreamSynced)->ArgNames({"shards"})->Arg(1)->Arg(4)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(LoopRelaxed)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(StreamRelaxed)->ArgNames({"shards"})->Arg(1)->Arg(4)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(StreamRead)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace tailrace::stream
