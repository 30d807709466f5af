#include <gtest/gtest.h>

#include <cstdlib>

#include "base/os/posix_disk.h"
#include "stream/world_test.h"

// Goal    Later versions still read what version 1 wrote.
// Method  tests/formats/stream-1 is a data folder that version 1 left behind after the work of WriteFolder. It is
// copied
//         to the simulated disk and read. It is never written anew: a new version gets a new folder beside it.

namespace tailrace::stream {
namespace {

constexpr const char* kGolden = TAILRACE_SOURCE_DIR "/tests/formats/stream-1";

// Kept files end with their last byte that is not zero; segments have as many zeros behind it as one likes.
std::string Trimmed(const std::string& name, std::string bytes) {
  if (name.ends_with(".segment") || name.starts_with("spare-")) bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}
std::string Padded(const std::string& name, std::string bytes) {
  if (name.ends_with(".segment")) bytes.resize(std::max(bytes.size(), size_t{kSegmentBytesMin}), '\0');
  return bytes;
}
using Change = std::string (*)(const std::string& name, std::string bytes);

void CopyFolder(Disk& from, const std::string& from_path, Disk& to, const std::string& to_path, Change change) {
  TAILRACE_ASSERT_OK(to.MakeDirectories(to_path));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto names, from.List(from_path));
  for (const std::string& name : names) {
    if (from.Stat(from_path + "/" + name)->is_directory) {
      ASSERT_NO_FATAL_FAILURE(CopyFolder(from, from_path + "/" + name, to, to_path + "/" + name, change));
      continue;
    }
    TAILRACE_ASSERT_OK_AND_ASSIGN(std::string bytes, ReadFile(from, from_path + "/" + name));
    TAILRACE_ASSERT_OK(WriteFileAtomically(to, to_path + "/" + name, change(name, std::move(bytes))));
  }
}

// Two shards, one of them split; a producer; a consumer; a sealed segment with an index.
void WriteFolder(TestWorld& world) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Create("golden", {.shards = 2,
                                                                            .retention = std::chrono::hours(48),
                                                                            .segment_bytes = kSegmentBytesMin,
                                                                            .labels = {{"team", "web"}}}));
  const std::vector<RecordInput> records = {
      {.partition_key = "low", .explicit_hash_key = HashKey{0}, .data = "first"},
      {.partition_key = "high", .explicit_hash_key = kHashKeyMax, .data = std::string_view("\0\xff", 2)}};
  TAILRACE_ASSERT_OK(stream->Append(records, ProducerInput{"agent", 41}));
  world.clock.Advance(std::chrono::milliseconds(5));
  const std::string filler(30'000, '.');
  for (int i = 0; i < 3; ++i) {
    const std::vector<RecordInput> one = {{.partition_key = "f", .explicit_hash_key = HashKey{0}, .data = filler}};
    TAILRACE_ASSERT_OK(stream->Append(one));
  }
  TAILRACE_ASSERT_OK(stream->Split(1, HashKey{3} << 126));
  TAILRACE_ASSERT_OK(stream->Append({&records[1], 1}));
  TAILRACE_ASSERT_OK(stream->SaveConsumer("app", {{0, 2}, {1, 1}}));
  TAILRACE_ASSERT_OK(store->Maintain());
}

void ExpectContent(TestWorld& world) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, world.OpenStore());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto stream, store->Find("golden"));
  const StreamDescription description = stream->Describe();
  EXPECT_EQ(description.options.retention, std::chrono::hours(48));
  EXPECT_EQ(description.options.labels, (std::map<std::string, std::string>{{"team", "web"}}));
  ASSERT_EQ(description.shards.size(), 4u);
  EXPECT_FALSE(description.shards[1].open);
  EXPECT_EQ(description.shards[2].range, (HashKeyRange{HashKey{1} << 127, (HashKey{3} << 126) - 1}));
  EXPECT_EQ(description.shards[3].parents, std::vector<ShardId>{1});
  const std::string filler(30'000, '.');
  EXPECT_EQ(*ReadAll(*stream, 0), (std::vector<StoredRecord>{{0, kTestStartUnixMs, "low", "first"},
                                                             {1, kTestStartUnixMs + 5, "f", filler},
                                                             {2, kTestStartUnixMs + 5, "f", filler},
                                                             {3, kTestStartUnixMs + 5, "f", filler}}));
  const std::string binary("\0\xff", 2);
  EXPECT_EQ(*ReadAll(*stream, 1), (std::vector<StoredRecord>{{0, kTestStartUnixMs, "high", binary}}));
  EXPECT_EQ(*ReadAll(*stream, 3), (std::vector<StoredRecord>{{0, kTestStartUnixMs + 5, "high", binary}}));
  EXPECT_EQ(*stream->ProducerSequence(0, "agent"), 41u);
  EXPECT_EQ(*stream->ProducerSequence(3, "agent"), 42u);
  EXPECT_EQ(*stream->LoadConsumer("app"), (std::map<ShardId, Sequence>{{0, 2}, {1, 1}}));
}

TEST(StreamFormatTest, ReadsWhatVersion1Wrote) {
  PosixDisk real;
  TestWorld world;
  ASSERT_NO_FATAL_FAILURE(CopyFolder(real, kGolden, world.disk, "/data/streams", Padded));
  ASSERT_NO_FATAL_FAILURE(ExpectContent(world));
}

TEST(StreamFormatTest, StillWritesTheSame) {
  TestWorld world;
  ASSERT_NO_FATAL_FAILURE(WriteFolder(world));
  // TAILRACE_WRITE_GOLDEN=<folder> keeps it, for the folder of a new version.
  if (const char* folder = std::getenv("TAILRACE_WRITE_GOLDEN")) {
    PosixDisk real;
    ASSERT_NO_FATAL_FAILURE(CopyFolder(world.disk, "/data/streams", real, folder, Trimmed));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectContent(world));
  PosixDisk real;
  const std::string folder = "/golden.stream";
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto names, real.List(kGolden + folder));
  EXPECT_EQ(names, *world.disk.List("/data/streams" + folder));
  for (const std::string& name : names) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(std::string now, ReadFile(world.disk, "/data/streams" + folder + "/" + name));
    EXPECT_TRUE(*ReadFile(real, kGolden + folder + "/" + name) == Trimmed(name, std::move(now))) << name;
  }
}

}  // namespace
}  // namespace tailrace::stream
