#include "ingest/agent/checkpoint_log.h"

#include <gtest/gtest.h>

#include "sim/assert_ok.h"
#include "sim/sim_disk.h"

namespace tailrace::ingest {
namespace {

constexpr char kPath[] = "/state/agent/checkpoints";

FileCheckpoint Example(uint64_t number, uint64_t offset) {
  FileCheckpoint file;
  file.number = number;
  file.flow = 1;
  file.identity = {.device = 7, .inode = 1000 + number};
  file.path = "/log/a.log";
  file.position = {.offset = offset,
                   .next_sequence = 4,
                   .headers_left = 2,
                   .discarding = true,
                   .finished = true,
                   .forced_end = 99,
                   .head = {10, 11},
                   .tail = {12, 13}};
  file.intent = {.offset = 60, .next_sequence = 5, .head = {14, 15}, .tail = {16, 17}};
  file.size_bytes = 500;
  file.modified = FromUnixMs(1000);
  file.updated = FromUnixMs(2000);
  return file;
}

class CheckpointLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<CheckpointLog> Open() {
    auto log = CheckpointLog::Open(disk_, kPath, rng_);
    EXPECT_TRUE(log.ok()) << (log.ok() ? "" : log.error().message);
    return log.ok() ? std::move(*log) : nullptr;
  }
  Rng rng_{5};
  sim::SimDisk disk_{Rng(1)};
};

TEST_F(CheckpointLogTest, RemembersEverything) {
  uint64_t instance = 0;
  {
    const auto log = Open();
    instance = log->instance_id();
    bool is_new = false;
    FlowCheckpoint flow = log->FindFlow("f", is_new);
    EXPECT_TRUE(is_new);
    EXPECT_NE(log->FindFlow("g", is_new).number, flow.number);
    flow.signature = 77;
    log->PutFlow(flow);
    EXPECT_EQ(log->NewFileNumber(), 1u);
    log->PutFile(Example(1, 10));
    log->PutFile(Example(2, 20));
    log->PutFile(Example(1, 30));
    log->PutFile(Example(3, 40));
    TAILRACE_ASSERT_OK(log->Flush());
    log->RemoveFile(3);
    TAILRACE_ASSERT_OK(log->Sync());
  }
  disk_.Restart();
  const auto log = Open();
  EXPECT_EQ(log->instance_id(), instance);
  EXPECT_EQ(log->cut_bytes(), 0u);
  bool is_new = true;
  const FlowCheckpoint flow = log->FindFlow("f", is_new);
  EXPECT_FALSE(is_new);
  EXPECT_EQ(flow.signature, 77u);
  const auto files = log->FilesOf(1);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].position.offset, 30u);
  EXPECT_EQ(files[0].identity, (FileIdentity{7, 1001}));
  EXPECT_EQ(files[0].path, "/log/a.log");
  EXPECT_EQ(files[0].position.next_sequence, 4u);
  EXPECT_EQ(files[0].position.headers_left, 2u);
  EXPECT_TRUE(files[0].position.discarding && files[0].position.finished && !files[0].gone);
  EXPECT_EQ(files[0].position.forced_end, 99u);
  EXPECT_EQ(files[0].position.head, (BlockMark{10, 11}));
  EXPECT_EQ(files[0].position.tail, (BlockMark{12, 13}));
  EXPECT_EQ(files[0].intent.offset, 60u);
  EXPECT_EQ(files[0].intent.next_sequence, 5u);
  EXPECT_EQ(files[0].intent.head, (BlockMark{14, 15}));
  EXPECT_EQ(files[0].intent.tail, (BlockMark{16, 17}));
  EXPECT_EQ(files[0].size_bytes, 500u);
  EXPECT_EQ(files[0].modified, FromUnixMs(1000));
  EXPECT_EQ(files[0].updated, FromUnixMs(2000));
  EXPECT_EQ(log->NewFileNumber(), 4u) << "a number is never given twice";
}

TEST_F(CheckpointLogTest, DamageAtTheEndMovesPositionsBackOnly) {
  {
    const auto log = Open();
    log->PutFile(Example(1, 10));
    TAILRACE_ASSERT_OK(log->Sync());
    log->PutFile(Example(1, 20));
    TAILRACE_ASSERT_OK(log->Sync());
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(disk_, kPath));
  disk_.Overwrite(kPath, bytes.size() - 5, "X");
  const auto log = Open();
  EXPECT_GT(log->cut_bytes(), 0u);
  ASSERT_EQ(log->FilesOf(1).size(), 1u);
  EXPECT_EQ(log->FilesOf(1)[0].position.offset, 10u);
}

TEST_F(CheckpointLogTest, StaysSmallAndSurvivesAFullDisk) {
  const auto log = Open();
  for (uint64_t i = 0; i < 20'000; ++i) {
    log->PutFile(Example(1, i));
    TAILRACE_ASSERT_OK(log->Flush());
  }
  TAILRACE_ASSERT_OK_AND_ASSIGN(const FileInfo info, disk_.Stat(kPath));
  EXPECT_LT(info.size_bytes, 2u << 20);
  disk_.SetFaults({.capacity_bytes = 0});
  log->PutFile(Example(1, 77'777));
  EXPECT_FALSE(log->Sync().ok());
  disk_.SetFaults({});
  TAILRACE_ASSERT_OK(log->Sync());
  disk_.Restart();
  EXPECT_EQ(Open()->FilesOf(1).at(0).position.offset, 77'777u);
}

TEST_F(CheckpointLogTest, LeavesForeignFilesAlone) {
  TAILRACE_ASSERT_OK(disk_.MakeDirectories("/state/agent"));
  TAILRACE_ASSERT_OK(WriteFileAtomically(disk_, kPath, "SQLite format 3"));
  const auto log = CheckpointLog::Open(disk_, kPath, rng_);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::kCorruption);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(disk_, kPath));
  EXPECT_EQ(bytes, "SQLite format 3");
}

}  // namespace
}  // namespace tailrace::ingest
