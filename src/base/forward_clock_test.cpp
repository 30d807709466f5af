#include "base/forward_clock.h"

#include <gtest/gtest.h>

#include "sim/sim.h"

namespace tailrace {
namespace {

constexpr Timestamp kStart = Timestamp(std::chrono::hours(24 * 365 * 50));

TEST(ForwardClockTest, IsTheMachinesClockAsLongAsThatGoesForwards) {
  sim::SimClock machine(kStart);
  const ForwardClock clock(machine);
  machine.Advance(std::chrono::seconds(5));
  EXPECT_EQ(clock.Now(), kStart + std::chrono::seconds(5));
  machine.SetNow(kStart + std::chrono::minutes(10));
  EXPECT_EQ(clock.Now(), kStart + std::chrono::minutes(10));
  EXPECT_EQ(clock.Ahead(), Milliseconds(0));
}

TEST(ForwardClockTest, GoesOnMoreSlowlyWhenTheMachineIsSetBackUntilItHasCaughtUp) {
  sim::SimClock machine(kStart);
  const ForwardClock clock(machine);
  EXPECT_EQ(clock.Now(), kStart);
  machine.SetNow(kStart - std::chrono::seconds(10));
  EXPECT_EQ(clock.Now(), kStart);
  EXPECT_EQ(clock.Ahead(), std::chrono::seconds(10));
  machine.Advance(std::chrono::seconds(8));
  EXPECT_EQ(clock.Now(), kStart + std::chrono::seconds(7));
  EXPECT_EQ(clock.Ahead(), std::chrono::seconds(9));
  // Ten seconds behind are caught up after eighty.
  machine.Advance(std::chrono::seconds(71));
  EXPECT_GT(clock.Now(), machine.Now());
  machine.Advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.Now(), machine.Now());
}

TEST(ForwardClockTest, StepsOfLessThanAMillisecondAddUp) {
  sim::SimClock machine(kStart);
  ForwardClock clock(machine);
  clock.RaiseTo(kStart + std::chrono::seconds(10));
  for (int i = 0; i < 80'000; ++i) {
    machine.Advance(std::chrono::microseconds(100));
    clock.Now();
  }
  EXPECT_EQ(clock.Now(), kStart + std::chrono::seconds(17));
}

TEST(ForwardClockTest, BeginsWhereItEndedBeforeARestart) {
  sim::SimClock machine(kStart);
  ForwardClock clock(machine);
  clock.RaiseTo(kStart + std::chrono::seconds(1));
  EXPECT_EQ(clock.Now(), kStart + std::chrono::seconds(1));
  clock.RaiseTo(kStart);
  EXPECT_EQ(clock.Now(), kStart + std::chrono::seconds(1));
}

}  // namespace
}  // namespace tailrace
