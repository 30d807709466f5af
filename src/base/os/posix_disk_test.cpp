#include "base/os/posix_disk.h"

#include <gtest/gtest.h>

#include "base/os/process.h"
#include "base/str.h"

namespace tailrace {
namespace {

class PosixDiskTest : public testing::Test {
 protected:
  PosixDiskTest() : folder_(StrCat(testing::TempDir(), "/posix_disk_", ProcessId(), "_", RandomSeed())) {
    TAILRACE_CHECK(disk_.MakeDirectories(folder_).ok());
  }
  ~PosixDiskTest() override {
    const auto names = disk_.List(folder_);
    for (const std::string& name : *names) disk_.Remove(Path(name)).Ignore("the folder may hold directories");
    disk_.Remove(folder_).Ignore("left to the system when a test failed");
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  PosixDisk disk_;
  const std::string folder_;
};

TEST_F(PosixDiskTest, ReadsBackWhatWasWrittenAnywhere) {
  auto file = disk_.Open(Path("f"), OpenMode::kCreateNew);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->WriteAt(5, "world").ok());
  ASSERT_TRUE((*file)->WriteAt(0, "hello").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  std::string bytes(20, '?');
  const auto count = (*file)->ReadAt(3, bytes);
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(bytes.substr(0, *count), "loworld");
  ASSERT_TRUE((*file)->Truncate(4).ok());
  EXPECT_EQ((*file)->Info()->size_bytes, 4u);
  EXPECT_EQ(disk_.Stat(Path("f"))->inode, (*file)->Info()->inode);
}

// Large files are written out while they are being filled.
TEST_F(PosixDiskTest, ALargeFileThatIsFilledInPiecesIsWhole) {
  constexpr size_t kBytes = 11 << 20;
  constexpr size_t kPiece = 99'991;
  std::string expected;
  while (expected.size() < kBytes) expected += StrCat(expected.size(), " ");
  auto file = disk_.Open(Path("f"), OpenMode::kCreateNew);
  ASSERT_TRUE(file.ok());
  for (const bool again : {false, true}) {
    if (again) expected[kBytes / 2] = '?';
    for (size_t offset = 0; offset < expected.size(); offset += kPiece) {
      ASSERT_TRUE((*file)->WriteAt(offset, std::string_view(expected).substr(offset, kPiece)).ok());
      if (offset == 50 * kPiece) ASSERT_TRUE((*file)->Sync().ok());
    }
    ASSERT_TRUE((*file)->Sync().ok());
    EXPECT_TRUE(*ReadFile(disk_, Path("f")) == expected);
  }
}

TEST_F(PosixDiskTest, FailuresNameThePathAndTheirKind) {
  const auto missing = disk_.Open(Path("none"), OpenMode::kRead);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find(Path("none")), std::string::npos);
  EXPECT_NE(missing.error().message.find("No such file or directory"), std::string::npos);

  ASSERT_TRUE(WriteFileAtomically(disk_, Path("f"), "x").ok());
  EXPECT_EQ(disk_.Open(Path("f"), OpenMode::kCreateNew).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(disk_.MakeDirectories(Path("f")).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(disk_.List(Path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(disk_.Remove(folder_).error().code, ErrorCode::kFailedPrecondition);  // Not empty.
}

TEST_F(PosixDiskTest, WritesFilesWholeAndListsThemSorted) {
  ASSERT_TRUE(WriteFileAtomically(disk_, Path("b"), "first").ok());
  ASSERT_TRUE(WriteFileAtomically(disk_, Path("b"), "2nd").ok());
  ASSERT_TRUE(WriteFileAtomically(disk_, Path("a"), "").ok());
  EXPECT_EQ(*ReadFile(disk_, Path("b")), "2nd");
  EXPECT_EQ(*disk_.List(folder_), (std::vector<std::string>{"a", "b"}));
}

TEST_F(PosixDiskTest, OneOwnerHoldsAFolderLock) {
  {
    const auto lock = FolderLock::Acquire(folder_);
    ASSERT_TRUE(lock.ok());
    const auto second = FolderLock::Acquire(folder_);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(second.error().message.find(StrCat("process ", ProcessId())), std::string::npos);
  }
  EXPECT_TRUE(FolderLock::Acquire(folder_).ok());
}

}  // namespace
}  // namespace tailrace
