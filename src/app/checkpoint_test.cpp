#include "app/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/rng.h"
#include "sim/sim.h"

// tests/formats/checkpoint_v1.bin was packed by hand from docs/checkpoint-format.md; every later version must read it.

namespace tailrace::app {
namespace {

using testing::HasSubstr;

std::string Golden() {
  std::ifstream file(TAILRACE_SOURCE_DIR "/tests/formats/checkpoint_v1.bin", std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

class CheckpointTest : public testing::Test {
 protected:
  void Put(std::string_view bytes) {
    TAILRACE_ASSERT_OK(disk_.MakeDirectories("/d"));
    TAILRACE_ASSERT_OK(WriteFileAtomically(disk_, "/d/checkpoint", bytes));
  }

  sim::SimDisk disk_{Rng(1)};
};

TEST_F(CheckpointTest, ReadsWhatVersionOneWrote) {
  Put(Golden());
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto checkpoint, ReadCheckpoint(disk_, "/d/checkpoint"));
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->number, 7u);
  EXPECT_EQ(checkpoint->bound_unix_ms, 1'541'034'062'900);
  EXPECT_EQ(checkpoint->query_start_unix_ms, 1'541'034'000'000);
  EXPECT_EQ(checkpoint->positions,
            (InputPositions{{"mywebsiteorder", {{0, 1800}, {3, 12}}}, {"visits", {{0, uint64_t{1} << 40}}}}));
  ASSERT_EQ(checkpoint->job_state.size(), 256u);
  EXPECT_EQ(static_cast<uint8_t>(checkpoint->job_state[255]), 255);
  // And this version still writes it so.
  TAILRACE_ASSERT_OK(WriteCheckpoint(disk_, "/d/again", *checkpoint));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string again, ReadFile(disk_, "/d/again"));
  EXPECT_EQ(again, Golden());
}

TEST_F(CheckpointTest, DamageAndLaterVersionsAreRefused) {
  std::string damaged = Golden();
  damaged[60] = static_cast<char>(damaged[60] ^ 1);
  Put(damaged);
  EXPECT_THAT(ReadCheckpoint(disk_, "/d/checkpoint").error().message, HasSubstr("does not match its checksum"));
  std::string later = Golden();
  later[8] = 2;
  Put(later);
  const auto refused = ReadCheckpoint(disk_, "/d/checkpoint");
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  Put(Golden().substr(0, 100));
  EXPECT_THAT(ReadCheckpoint(disk_, "/d/checkpoint").error().message, HasSubstr("has"));
}

TEST_F(CheckpointTest, NoneYetIsNoError) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto checkpoint, ReadCheckpoint(disk_, "/d/checkpoint"));
  EXPECT_FALSE(checkpoint.has_value());
}

}  // namespace
}  // namespace tailrace::app
