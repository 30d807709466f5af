#include "base/os/signals.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/os/process.h"

namespace tailrace {
namespace {

TEST(SignalQueueTest, DeliversSignalsInsteadOfDying) {
  auto queue = SignalQueue::Make();
  ASSERT_TRUE(queue.ok());
  EXPECT_EQ(*queue->Wait(std::chrono::milliseconds(0)), std::nullopt);
  std::raise(SIGTERM);
  EXPECT_EQ(*queue->Wait(std::nullopt), Signal::kTerminate);
  std::raise(SIGHUP);
  EXPECT_EQ(*queue->Wait(std::nullopt), Signal::kHangUp);
  std::raise(SIGINT);
  EXPECT_EQ(*queue->Wait(std::nullopt), Signal::kInterrupt);
}

TEST(ProcessTest, TellsVariablesAndUsage) {
  EXPECT_TRUE(EnvironmentVariable("PATH").has_value());
  EXPECT_EQ(EnvironmentVariable("TAILRACE_SURELY_NOT_SET"), std::nullopt);
  EXPECT_GT(UsageOfThisProcess().resident_bytes, 0u);
  EXPECT_EQ(RandomBytes(33).size(), 33u);
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

}  // namespace
}  // namespace tailrace
