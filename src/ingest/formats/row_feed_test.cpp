#include "ingest/formats/row_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "ingest/formats/decoder_testing.h"
#include "sim/assert_ok.h"

namespace tailrace::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RowFeedTest, ReadsRowtimesAndColumns) {
  const InputSchema schema = MakeSchema("json", {{"a", "INTEGER"}, {"b", "VARCHAR(4)"}});
  TAILRACE_ASSERT_OK_AND_ASSIGN(RowFeed feed, RowFeed::Make(schema));
  const FedRows first =
      feed.Read("{\"ROWTIME\":\"1970-01-01T00:00:01.5Z\",\"a\":1,\"b\":\"x\"}\n\n{\"ROWTIME\":2000,\"a\":2}");
  EXPECT_THAT(RowTexts(first.batch), ElementsAre("1|x", "2|NULL"));
  EXPECT_THAT(first.batch.rowtimes->int64s(), ElementsAre(1500, 2000));
  EXPECT_THAT(first.batch.columns[2]->int64s(), ElementsAre(1500, 2000));
  EXPECT_THAT(first.lines, ElementsAre(1, 3));
  const FedRows second = feed.Read("{\"a\":3,\"ROWTIME\":\"2000\"}\n");
  EXPECT_THAT(RowTexts(second.batch), ElementsAre("3|NULL"));
  EXPECT_THAT(second.lines, ElementsAre(4));
}

TEST(RowFeedTest, ReportsLinesThatGiveNoRow) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(RowFeed feed, RowFeed::Make(MakeSchema("json", {{"a", "INTEGER"}})));
  const FedRows fed = feed.Read(
      "{\"a\":1}\n{\"a\":1,\"ROWTIME\":\"soon\"}\n{\"a\":1,\"ROWTIME\":5000}\n{\"a\":2,\"ROWTIME\":4999}\n"
      "{\"a\":\"x\",\"ROWTIME\":6000}\nno json\n{\"a\":3,\"ROWTIME\":5000}\n");
  EXPECT_THAT(RowTexts(fed.batch), ElementsAre("1", "3"));
  EXPECT_THAT(fed.batch.rowtimes->int64s(), ElementsAre(5000, 5000));
  std::map<uint64_t, std::string> messages;
  for (const FeedError& error : fed.errors) messages[error.line] = error.message;
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[1], "ROWTIME is missing");
  EXPECT_THAT(messages[2], HasSubstr("\"soon\" is neither"));
  EXPECT_EQ(messages[4], "ROWTIME goes back: 1970-01-01T00:00:04.999Z after 1970-01-01T00:00:05.000Z");
  EXPECT_THAT(messages[5], HasSubstr("column \"a\""));
  EXPECT_THAT(messages[6], HasSubstr("not a JSON row"));
}

TEST(RowFeedTest, KeepsTheMaskOfUsedColumns) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(RowFeed feed,
                                RowFeed::Make(MakeSchema("json", {{"a", "INTEGER"}, {"b", "INTEGER"}}), {false, true}));
  const FedRows fed = feed.Read("{\"ROWTIME\":1,\"a\":\"no number\",\"b\":2}");
  EXPECT_THAT(RowTexts(fed.batch), ElementsAre("NULL|2"));
  EXPECT_TRUE(fed.batch.columns[2]->null(0));
}

}  // namespace
}  // namespace tailrace::ingest
