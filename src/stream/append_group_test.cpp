#include <gtest/gtest.h>

#include "stream/shard.h"

namespace tailrace::stream {
namespace {

// Appends of so many bytes that one leader writes together.
void Use(AppendGroup& group, size_t bytes) {
  group.bytes.Extend(bytes);
  group.Clear();
}

TEST(AppendGroupTest, WhatAStallNeededIsFreedAfterwards) {
  AppendGroup group;
  Use(group, 6 << 20);
  Use(group, 40'000);
  EXPECT_GE(group.bytes.capacity(), 6 << 20);  // The next one may be as large.
  for (size_t i = 0; i < SpareCheck::kUses; ++i) Use(group, 40'000);
  EXPECT_LE(group.bytes.capacity(), SpareCheck::kBytesMin);
}

}  // namespace
}  // namespace tailrace::stream
