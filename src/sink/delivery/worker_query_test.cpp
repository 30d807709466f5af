#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "base/str.h"
#include "sim/assert_ok.h"
#include "sink/delivery/processing.h"

// The worker itself is the real program's; tests/e2e/test_delivery.py has it run. Here shells stand for it.

namespace tailrace::sink::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WorkerQueryTest : public ::testing::Test {
 protected:
  // As in the real program: writing to a worker that is gone is an error and not the end.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }
};

// Takes the program as a worker does, then does `then` for the first record.
std::vector<std::string> Shell(const std::string& then) {
  const std::string take = "read size; dd bs=1 count=$size >/dev/null 2>&1; ";
  return {"/bin/sh", "-c", StrCat(take, "echo ok; ", take, then)};
}

WorkerQuery QueryOf(std::vector<std::string> command, std::function<bool()> stopping = [] { return false; }) {
  return WorkerQuery(std::move(command), "{k: .k}", std::move(stopping));
}

TEST_F(WorkerQueryTest, GivesWhatTheWorkerAnswers) {
  // "k" and "v 1" in hex.
  WorkerQuery query = QueryOf(Shell("echo ok 6b 762031"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const PartitionKeys keys, query.Run("{}"));
  EXPECT_THAT(keys, ElementsAre(std::pair("k", "v 1")));
  WorkerQuery failing = QueryOf(Shell("echo error 6e6f"));
  EXPECT_EQ(failing.Run("{}").error().code, ErrorCode::kInvalidArgument);
  WorkerQuery babbling = QueryOf(Shell("echo ok 6"));
  EXPECT_EQ(babbling.Run("{}").error().code, ErrorCode::kInternal);
}

TEST_F(WorkerQueryTest, TellsWhyAWorkerEndedAndGoesOnWithAnother) {
  const std::pair<const char*, const char*> ends[] = {{"kill -PROF $$", "processor time"},
                                                      {"exit 3", "256 MiB of memory"},
                                                      {"kill -ABRT $$", "makes jq fail (signal 6)"}};
  for (const auto& [end, words] : ends) {
    WorkerQuery query = QueryOf(Shell(end));
    for (int i = 0; i < 2; ++i) {
      const auto keys = query.Run("{}");
      ASSERT_FALSE(keys.ok());
      EXPECT_EQ(keys.error().code, ErrorCode::kLimitExceeded);
      EXPECT_THAT(keys.error().message, HasSubstr(words));
    }
  }
}

TEST_F(WorkerQueryTest, DoesNotBlameTheRecordForWhatOthersDo) {
  EXPECT_EQ(QueryOf(Shell("kill -KILL $$")).Run("{}").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(QueryOf({"/bin/sh", "-c", "exit 1"}).Run("{}").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(QueryOf({"/no/such/program"}).Run("{}").error().code, ErrorCode::kUnavailable);
}

TEST_F(WorkerQueryTest, StopsWhileAWorkerComputes) {
  WorkerQuery query = QueryOf(Shell("exec sleep 1000"), [] { return true; });
  EXPECT_EQ(query.Run("{}").error().code, ErrorCode::kCancelled);
}

TEST_F(WorkerQueryTest, CarriesKeysAndMessagesOfAllBytes) {
  const PartitionKeys keys = {{"", "\n"}, {"a b", std::string("\0\xff", 2)}};
  TAILRACE_ASSERT_OK_AND_ASSIGN(const PartitionKeys back,
                                DecodePartitionAnswer(Trim(EncodePartitionAnswer(Result<PartitionKeys>(keys)))));
  EXPECT_EQ(back, keys);
  const std::string line = EncodePartitionAnswer(Error{ErrorCode::kInvalidArgument, "two\nlines"});
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(DecodePartitionAnswer(Trim(line)).error().message, "two\nlines");
}

TEST_F(WorkerQueryTest, GivesUpTheRestAfterThreeRecordsThatExceedTheLimits) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto processor,
                                Processor::Make({.partition_query = "{k: .k}"}, {.worker = Shell("kill -PROF $$")}));
  Span span;
  for (int i = 0; i < 5; ++i) span.records.push_back({.data = "{}"});
  for (int run = 0; run < 2; ++run) {  // The next span has its chance again.
    Delivery delivery;
    TAILRACE_ASSERT_OK(processor->Run(span, delivery));
    EXPECT_TRUE(delivery.items.empty());
    std::vector<std::string> messages;
    for (const Failure& failure : delivery.failures) messages.push_back(failure.message);
    EXPECT_THAT(messages, ElementsAre(HasSubstr("processor time"), HasSubstr("processor time"),
                                      HasSubstr("processor time"), HasSubstr("not tried"), HasSubstr("not tried")));
  }
}

TEST_F(WorkerQueryTest, EndsEarlyWhenItIsToStop) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto processor,
                                Processor::Make({.partition_query = "{k: .k}"},
                                                {.worker = Shell("exec sleep 1000"), .stopping = [] { return true; }}));
  Span span;
  span.records.push_back({.data = "{}"});
  Delivery delivery;
  const Status run = processor->Run(span, delivery);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(delivery.failures.empty());
}

}  // namespace
}  // namespace tailrace::sink::delivery
