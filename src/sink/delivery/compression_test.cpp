#include "sink/delivery/compression.h"

#include <gtest/gtest.h>

#include "base/decompress.h"
#include "base/os/child_process.h"
#include "base/os/posix_disk.h"
#include "base/rng.h"
#include "base/str.h"
#include "sim/assert_ok.h"

namespace tailrace::sink::delivery {
namespace {

// Texts of several sizes: none, one, beyond a Snappy frame, beyond a Hadoop block; some that do not shrink.
std::vector<std::string> Samples() {
  Rng rng(5);
  std::string repeated;
  for (int i = 0; i < 40'000; ++i) repeated += StrCat("{\"n\":", i % 100, "}\n");
  return {"", "x", repeated, rng.Bytes(70'000), repeated + rng.Bytes(300'000)};
}

// What the tool `words` gives for the file with these bytes.
std::string ThroughTool(const std::string& bytes, std::vector<std::string> words) {
  PosixDisk disk;
  const std::string path = ::testing::TempDir() + "/delivery_compression_test";
  EXPECT_TRUE(WriteFileAtomically(disk, path, bytes).ok());
  const std::string out = path + ".out";
  words = {"/usr/bin/env", "bash", "-c", StrCat(Join(words, " "), " < ", path, " > ", out, "; echo done")};
  auto child = ChildProcess::Start(words);
  EXPECT_TRUE(child.ok());
  EXPECT_EQ((*child)->ReadLine(std::chrono::seconds(60)).value_or(""), "done");
  return ReadFile(disk, out).value_or("unreadable");
}

TEST(CompressionTest, GivesBackWhatWentIn) {
  for (const std::string& sample : Samples()) {
    for (const auto& [form, other] : {std::pair(ObjectCompression::kGzip, Compression::kGzip),
                                      std::pair(ObjectCompression::kZstd, Compression::kZstd),
                                      std::pair(ObjectCompression::kSnappy, Compression::kSnappy)}) {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string packed, Compress(form, sample, "name"));
      TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string unpacked, Decompress(other, packed, 10 << 20));
      EXPECT_TRUE(unpacked == sample) << CompressionName(form) << " " << sample.size();
    }
    EXPECT_TRUE(Compress(ObjectCompression::kNone, sample, "").value_or("error") == sample);
  }
}

TEST(CompressionTest, OtherToolsReadIt) {
  for (const std::string& sample : Samples()) {
    const std::string gzip = Compress(ObjectCompression::kGzip, sample, "").value_or("");
    EXPECT_TRUE(ThroughTool(gzip, {"gzip", "-dc"}) == sample) << sample.size();
    const std::string zip = Compress(ObjectCompression::kZip, sample, "orders.zip").value_or("");
    const std::string script =
        "'import sys, io, zipfile; z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())); "
        "assert z.testzip() is None and z.namelist() == [\"orders.zip\"]; "
        "sys.stdout.buffer.write(z.read(\"orders.zip\"))'";
    EXPECT_TRUE(ThroughTool(zip, {"/usr/bin/python3", "-c", script}) == sample) << sample.size();
  }
}

// By hand: block of 5 bytes, big-endian sizes, Snappy's own form of a literal of 5 bytes (length 05, tag (5-1)<<2).
TEST(CompressionTest, HadoopBlocksAreAsItsCodecHasThem) {
  EXPECT_EQ(Compress(ObjectCompression::kHadoopSnappy, "hello", "").value_or(""),
            std::string("\0\0\0\x05\0\0\0\x07\x05\x10hello", 15));
}

TEST(CompressionTest, SameBytesGiveTheSameObject) {
  const std::string sample = Samples()[2];
  for (const ObjectCompression form : {ObjectCompression::kGzip, ObjectCompression::kZip, ObjectCompression::kZstd}) {
    EXPECT_TRUE(Compress(form, sample, "a").value_or("1") == Compress(form, sample, "a").value_or("2"));
  }
}

}  // namespace
}  // namespace tailrace::sink::delivery
