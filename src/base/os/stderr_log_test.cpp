#include "base/os/stderr_log.h"

#include <gtest/gtest.h>

namespace tailrace {
namespace {

const Timestamp kTime = FromUnixMs(1'541'034'000'007);

TEST(StderrLogTest, WritesTextForPeople) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kWarning, "disk is full",
                          {{"path", "/a b"}, {"bytes", 12}, {"empty", ""}}),
            "2018-11-01T01:00:00.007Z warning  disk is full  path=\"/a b\"  bytes=12  empty=\"\"");
}

TEST(StderrLogTest, WritesJsonForPrograms) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kError, "say \"no\"", {{"path", "a\\b"}}),
            R"({"time":"2018-11-01T01:00:00.007Z","level":"error","message":"say \"no\"","path":"a\\b"})");
}

TEST(StderrLogTest, NoValueBreaksTheLine) {
  const std::string hostile = "x\n2018 error  forged\x1b[31m\xff";
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kInfo, "m", {{"v", hostile}}),
            "2018-11-01T01:00:00.007Z info     m  v=\"x\\n2018 error  forged\\u001b[31m\xef\xbf\xbd\"");
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kInfo, "m", {{"v", hostile}}),
            "{\"time\":\"2018-11-01T01:00:00.007Z\",\"level\":\"info\",\"message\":\"m\","
            "\"v\":\"x\\n2018 error  forged\\u001b[31m\xef\xbf\xbd\"}");
}

class FixedClock final : public Clock {
 public:
  Timestamp Now() const override { return kTime; }
  std::chrono::nanoseconds Monotonic() const override { return {}; }
};

TEST(StderrLogTest, DropsLesserLevels) {
  const FixedClock clock;
  const auto log = MakeStderrLog({.level = LogLevel::kWarning, .format = LogFormat::kText}, clock);
  testing::internal::CaptureStderr();
  log->Info("not this");
  log->Warning("but this", {{"n", 1}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "2018-11-01T01:00:00.007Z warning  but this  n=1\n");
}

}  // namespace
}  // namespace tailrace
