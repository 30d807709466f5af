#include "app/parallel_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/str.h"
#include "data/output_format.h"
#include "ingest/formats/builtin.h"
#include "sim/sim.h"

namespace tailrace::app {
namespace {

// Every row and error of the pieces, one line each, in order.
std::string Decode(size_t threads, size_t records_per_thread_min) {
  ingest::InputSchema schema;
  schema.columns = {{.name = "n", .type = data::Type::Integer(), .mapping = "$.n"},
                    {.name = "text", .type = data::Type::Varchar(3), .mapping = "$.text"}};
  auto decoder = ParallelDecoder::Make([&] { return ingest::MakeDecoder(schema); },
                                       {.threads = threads, .records_per_thread_min = records_per_thread_min});
  EXPECT_TRUE(sim::IsOk(decoder));
  if (!decoder.ok()) return "";
  std::string lines;
  for (int call = 0; call < 3; ++call) {
    std::vector<std::string> texts;
    for (int i = 0; i < 100; ++i) {
      // Every seventh record is refused, every eleventh gives two rows.
      const std::string one = StrCat("{\"n\":", i % 7 == 0 ? "\"x\"" : StrCat(call * 100 + i), ",\"text\":\"abcd\"}");
      texts.push_back(i % 11 == 0 ? one + one : one);
    }
    std::vector<data::Record> records;
    for (const std::string& text : texts) records.push_back({.data = text, .arrival_unix_ms = call});
    const data::RowWriter writer(schema.ToSchema(), {});
    for (const ParallelDecoder::Piece& piece : (*decoder)->Decode(records)) {
      for (size_t row = 0; row < piece.decoded.batch.rows(); ++row) {
        writer.Append(lines, piece.decoded.batch, row);
        lines += StrCat(" of ", piece.records[piece.decoded.record_of_row[row]].data, "\n");
      }
      for (const ingest::DecodeError& error : piece.decoded.errors) {
        lines += StrCat(error.message, " of ", piece.records[error.record].data, "\n");
      }
    }
  }
  for (const uint64_t cut : (*decoder)->truncated()) lines += StrCat("cut ", cut, "\n");
  return lines;
}

TEST(ParallelDecoderTest, GivesTheSameWithAnyNumberOfThreads) {
  const std::string rows_of_one = Decode(1, 1);
  EXPECT_NE(rows_of_one.find("{\"n\":299,\"text\":\"abc\"}"), std::string::npos) << rows_of_one;
  const auto sorted = [](const std::string& text) {
    auto lines = Split(text, '\n');
    std::vector<std::string> copy(lines.begin(), lines.end());
    std::ranges::sort(copy);
    return copy;
  };
  // Errors stand behind their piece's rows, so only the rows' own order is the same.
  const auto rows = [](const std::string& text) {
    std::vector<std::string> kept;
    for (const auto line : Split(text, '\n')) {
      if (line.starts_with("{\"n\":")) kept.emplace_back(line);
    }
    return kept;
  };
  for (const size_t threads : {2, 3, 8}) {
    EXPECT_EQ(rows(Decode(threads, 1)), rows(rows_of_one)) << threads;
    EXPECT_EQ(sorted(Decode(threads, 1)), sorted(rows_of_one)) << threads;
    EXPECT_EQ(Decode(threads, 1000), rows_of_one) << "too few records for a second thread";
  }
}

}  // namespace
}  // namespace tailrace::app
