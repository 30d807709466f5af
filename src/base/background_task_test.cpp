#include "base/background_task.h"

#include <gtest/gtest.h>

#include <future>

namespace tailrace {
namespace {

TEST(BackgroundTaskTest, RunsOneTaskAfterTheOther) {
  BackgroundTask background;
  EXPECT_TRUE(background.done());
  std::promise<void> go;
  int ran = 0;
  background.Start([&] {
    go.get_future().wait();
    ++ran;
  });
  EXPECT_FALSE(background.done());
  go.set_value();
  background.Wait();
  EXPECT_TRUE(background.done());
  background.Start([&] { ++ran; });
  background.Wait();
  EXPECT_EQ(ran, 2);
}

TEST(BackgroundTaskTest, TheEndWaitsForTheTask) {
  int ran = 0;
  {
    BackgroundTask background;
    background.Start([&] { ++ran; });
  }
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace tailrace
