#include "base/os/child_process.h"

#include <gtest/gtest.h>

#include <csignal>

namespace tailrace {
namespace {

using std::chrono::milliseconds;

TEST(ChildProcessTest, GivesInputAndTakesOutput) {
  const auto result = RunCommand({.argv = {"cat"}, .input = "one\ntwo"});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(result->output, "one\ntwo\n");
}

TEST(ChildProcessTest, TellsTheExitCode) {
  EXPECT_EQ(RunCommand({.argv = {"sh", "-c", "exit 3"}})->exit_code, 3);
  EXPECT_EQ(RunCommand({.argv = {"sh", "-c", "kill -TERM $$"}})->exit_code, 128 + SIGTERM);
}

TEST(ChildProcessTest, SurvivesAProgramThatDoesNotRead) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto result = RunCommand({.argv = {"sh", "-c", "exec <&-; echo done"}, .input = std::string(1 << 20, 'x')});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->output, "done\n");
}

TEST(ChildProcessTest, KillsAProgramThatTakesTooLong) {
  const auto result = RunCommand({.argv = {"sleep", "1000"}, .timeout = milliseconds(30)});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

TEST(ChildProcessTest, CutsLongOutput) {
  const auto result = RunCommand({.argv = {"sh", "-c", "echo 12345; echo 67890"}, .output_bytes_max = 8});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->output, "12345\n67");
}

TEST(ChildProcessTest, KnowsThatThereIsNoSuchProgram) {
  const auto result = RunCommand({.argv = {"no-such-program-here"}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(RunCommand({}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailrace
