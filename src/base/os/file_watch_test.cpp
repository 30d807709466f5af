#include "base/os/file_watch.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/os/posix_disk.h"
#include "base/os/process.h"
#include "base/str.h"

namespace tailrace {
namespace {

constexpr std::chrono::milliseconds kNever{60'000};

class FileWatchTest : public testing::TestWithParam<bool> {
 protected:
  FileWatchTest() : folder_(StrCat(testing::TempDir(), "/file_watch_", ProcessId(), "_", RandomSeed())) {
    TAILRACE_CHECK(disk_.MakeDirectories(folder_).ok());
    auto made = MakeFileWatch({.use_inotify = GetParam(), .poll_interval = std::chrono::milliseconds(1)});
    TAILRACE_CHECK(made.ok());
    watch_ = std::move(made).value();
  }
  ~FileWatchTest() override {
    if (const auto names = disk_.List(folder_); names.ok()) {
      for (const std::string& name : *names) TAILRACE_CHECK(disk_.Remove(folder_ + "/" + name).ok());
      TAILRACE_CHECK(disk_.Remove(folder_).ok());
    }
  }
  void Append(const std::string& name, std::string_view bytes) {
    auto file = disk_.Open(folder_ + "/" + name, OpenMode::kCreate);
    TAILRACE_CHECK(file.ok());
    TAILRACE_CHECK((*file)->WriteAt((*file)->Info()->size_bytes, bytes).ok());
  }
  // Takes the rest of what one change may have caused.
  void Settle() {
    while (*watch_->Wait(std::chrono::milliseconds(0)) == WatchWake::kChanged) {
    }
  }

  PosixDisk disk_;
  const std::string folder_;
  std::unique_ptr<FileWatch> watch_;
};

TEST_P(FileWatchTest, WakesOnNewGrownRenamedAndRemovedFiles) {
  ASSERT_TRUE(watch_->Add(folder_).ok());
  ASSERT_TRUE(watch_->Add(folder_).ok());
  EXPECT_EQ(*watch_->Wait(std::chrono::milliseconds(0)), WatchWake::kTimeout);
  Append("a", "1");
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
  Settle();
  Append("a", "2");
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
  Settle();
  ASSERT_TRUE(disk_.Rename(folder_ + "/a", folder_ + "/b").ok());
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
  Settle();
  ASSERT_TRUE(disk_.Remove(folder_ + "/b").ok());
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
}

TEST_P(FileWatchTest, InterruptEndsOneWait) {
  ASSERT_TRUE(watch_->Add(folder_).ok());
  watch_->Interrupt();
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kInterrupted);
  std::thread other([&] { watch_->Interrupt(); });
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kInterrupted);
  other.join();
  EXPECT_EQ(*watch_->Wait(std::chrono::milliseconds(0)), WatchWake::kTimeout);
}

TEST_P(FileWatchTest, NoticesADirectoryThatIsRemovedAndMadeAgain) {
  ASSERT_TRUE(watch_->Add(folder_).ok());
  Append("a", "1");
  ASSERT_TRUE(disk_.Remove(folder_ + "/a").ok());
  ASSERT_TRUE(disk_.Remove(folder_).ok());
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
  Settle();
  ASSERT_TRUE(disk_.MakeDirectories(folder_).ok());
  Append("a", "1");
  EXPECT_EQ(*watch_->Wait(kNever), WatchWake::kChanged);
}

TEST_P(FileWatchTest, RemovedDirectoriesAreSilentAndMissingOnesRefused) {
  ASSERT_TRUE(watch_->Add(folder_).ok());
  watch_->Remove(folder_);
  Settle();
  Append("a", "1");
  EXPECT_EQ(*watch_->Wait(std::chrono::milliseconds(0)), WatchWake::kTimeout);
  EXPECT_EQ(watch_->Add(folder_ + "/none").error().code, ErrorCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FileWatchTest, testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Inotify" : "Polling"; });

}  // namespace
}  // namespace tailrace
