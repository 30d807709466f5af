#include "ingest/agent/record_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/str.h"
#include "ingest/agent/csv.h"
#include "sim/seeds.h"
#include "sim/sim_clock.h"

namespace tailrace::ingest {
namespace {

using ::testing::ElementsAre;

FlowConfig FlowOf(std::string_view more) {
  auto loaded = ParseAgentConfig(
      StrCat(R"({"flows": [{"filePattern": "/l/a", "kinesisStream": "s")", more.empty() ? "" : ", ", more, "}]}"),
      "agent.json");
  TAILRACE_CHECK(loaded.ok());
  return std::move(loaded.config.flows[0]);
}

// Feeds `bytes` as a reader would: from the position on, in pieces of at most the given size or what a record needs.
std::vector<std::string> Records(const FlowConfig& flow, std::string_view bytes, uint64_t piece_seed) {
  const sim::SimClock clock{FromUnixMs(0)};
  auto parser = RecordParser::Make(flow, {}, clock, nullptr);
  TAILRACE_CHECK(parser.ok());
  Rng rng(piece_seed);
  std::vector<std::string> records;
  FilePosition position{.headers_left = flow.skip_header_lines};
  ParseCounters counters;
  RecordBatch batch;
  size_t visible = piece_seed == 0 ? bytes.size() : 0;
  while (true) {
    batch.Begin(position.next_sequence);
    const std::string_view data =
        bytes.substr(0, visible).substr(position.offset).substr(0, parser->record_bytes_max());
    const auto outcome = parser->Parse(data, 1, position, batch, counters, [](uint64_t, auto, auto) {});
    for (size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(batch.first_sequence() + i, records.size() + 1);
      records.emplace_back(batch.record(i).data);
    }
    if (position.finished || (outcome.consumed == 0 && visible == bytes.size())) return records;
    if (outcome.consumed == 0) visible = std::min(bytes.size(), visible + 1 + rng.Below(300));
  }
}

TEST(RecordBatchTest, WhatABacklogNeededIsFreedAfterwards) {
  RecordBatch batch;
  const auto use = [&](size_t records) {
    batch.Begin(1);
    for (size_t i = 0; i < records; ++i) batch.Add("key", std::string(100, 'x'));
    batch.Clear();
  };
  use(50'000);
  EXPECT_GT(batch.held_bytes(), 50'000 * 100);
  for (size_t i = 0; i < SpareCheck::kUses; ++i) use(400);
  EXPECT_LE(batch.held_bytes(), SpareCheck::kBytesMin);
  use(50'000);
  batch.Free();
  EXPECT_LE(batch.held_bytes(), 100);
}

TEST(RecordParserTest, HowBytesComeDoesNotMatter) {
  const std::vector<FlowConfig> flows = {
      FlowOf(""),
      FlowOf(R"("maxBufferSizeBytes": 1024, "skipHeaderLines": 2)"),
      FlowOf(R"("multiLineStartPattern": "a", "maxBufferSizeBytes": 1024)"),
      FlowOf(R"("fileFooterPattern": "ab*c", "multiLineStartPattern": "b")"),
      FlowOf(R"("dataProcessingOptions": [{"optionName": "CSVTOJSON", "customFieldNames": ["x", "y"]}])"),
      FlowOf(R"("maxBufferSizeBytes": 1100,
                "dataProcessingOptions": [{"optionName": "CSVTOJSON", "customFieldNames": ["x", "y"]}])"),
  };
  for (const uint64_t seed : sim::Seeds(150)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    std::string bytes;
    static constexpr std::string_view kPieces[] = {"a", "b", ",", "\"", "\n", "\r\n", "abc\n", ",\"", "\",", "\"\""};
    const bool long_lines = rng.Chance(0.2);
    for (uint64_t i = rng.Below(600); i > 0; --i) {
      bytes += kPieces[rng.Below(10)];
      if (long_lines && rng.Chance(0.02)) bytes += std::string(rng.Below(3000), 'x');
    }
    bytes += '\n';
    for (const FlowConfig& flow : flows) {
      EXPECT_EQ(Records(flow, bytes, 0), Records(flow, bytes, 1 + seed));
    }
  }
}

TEST(RecordParserTest, CsvRecordsEndOutsideOfQuotes) {
  EXPECT_EQ(CsvRecordLength("a,b\nc\n", ","), 4u);
  EXPECT_EQ(CsvRecordLength("a,\"b\nc\"\nd\n", ","), 8u);
  EXPECT_EQ(CsvRecordLength("a,\"b\"\"\nc\"\nd\n", ","), 10u);
  EXPECT_EQ(CsvRecordLength("a,b\"\nc\"\n", ","), 5u) << "a quote within a field is only a character";
  EXPECT_EQ(CsvRecordLength("a,\"b\nc", ","), 0u);
  EXPECT_EQ(CsvRecordLength("a,\"b\"", ","), 0u);
  EXPECT_EQ(CsvRecordLength("a;\"b\nc\";d\ne", ";"), 10u);
  EXPECT_EQ(CsvRecordLength(StrCat("a,\"b\n", std::string(kQuotedRecordBytesMax, 'x'), "\n"), ","), 5u)
      << "a quote that is never closed does not swallow the file";
}

TEST(RecordParserTest, MultiLineRecords) {
  EXPECT_THAT(Records(FlowOf(R"("multiLineStartPattern": "\\[")"), "tail of one\n[1] a\n b\n[2]\n[3] open\n", 0),
              ElementsAre("tail of one\n", "[1] a\n b\n", "[2]\n"));
}

TEST(RecordParserTest, RandomKeysAreDecimalAndLasting) {
  char key[13];
  ASSERT_EQ(WriteRandomKey(7, 1, key), 13u);
  const std::string first(key, 13);
  EXPECT_TRUE(ParseDouble(first).has_value());
  EXPECT_LT(*ParseDouble(first), 1e6);
  WriteRandomKey(7, 2, key);
  EXPECT_NE(first, std::string(key, 13));
  WriteRandomKey(7, 1, key);
  EXPECT_EQ(first, std::string(key, 13));
}

}  // namespace
}  // namespace tailrace::ingest
