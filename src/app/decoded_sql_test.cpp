#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "app/decoded_pieces.h"
#include "app/parallel_decoder.h"
#include "base/str.h"
#include "data/output_format.h"
#include "engine/sql_test_file.h"
#include "ingest/formats/builtin.h"

// Goal    The rows of tests/sql come out the same when they enter as a live server's records do.
// Method  Every fed row is written as a JSON record and decoded by one thread, then by four, on its way into the job.

namespace tailrace::app {
namespace {

struct Texts {
  std::vector<std::string> rows;
  std::vector<data::Record> records;
};

// Each row as a record with the row's own arrival, shard, sequence and key.
void WriteRecords(const data::Batch& rows, const data::Schema& schema, Texts& texts) {
  const data::RowWriter writer(schema, {});
  data::Batch declared = rows;
  declared.columns.resize(schema.fields.size());
  const auto metadata = [&](size_t index, size_t row) {
    return rows.columns[schema.fields.size() + index]->texts()[row];
  };
  for (size_t row = 0; row < rows.rows(); ++row) writer.Append(texts.rows.emplace_back(), declared, row);
  for (size_t row = 0; row < rows.rows(); ++row) {
    const std::string_view shard = metadata(1, row);
    texts.records.push_back(
        {.data = texts.rows[row],
         .partition_key = metadata(3, row),
         .arrival_unix_ms = rows.rowtimes->int64s()[row],
         .sequence = static_cast<uint64_t>(ParseInt64(metadata(2, row)).value_or(0)),
         .shard = static_cast<uint32_t>(ParseInt64(shard.substr(shard.find('-') + 1)).value_or(0))});
  }
}

// Pushes rows the way of records; keeps the decoder of each stream.
class DecodedPush {
 public:
  explicit DecodedPush(size_t threads) : threads_(threads) {}

  Status Push(engine::Job& job, const sql::StreamInfo& info, int stream, const data::Batch& rows) {
    // A stream gives ROWTIME by arrival; a test that tells them apart has no record for its rows.
    const auto arrivals = rows.columns[info.schema->fields.size()]->int64s();
    if (!std::ranges::equal(arrivals, rows.rowtimes->int64s())) return job.Push(stream, rows);
    std::unique_ptr<ParallelDecoder>& decoder = decoders_[stream];
    if (decoder == nullptr) {
      TAILRACE_ASSIGN_OR_RETURN(decoder, Make(info));
    }
    Texts texts;
    WriteRecords(rows, *info.schema, texts);
    for (const ParallelDecoder::Piece& piece : decoder->Decode(texts.records)) {
      TAILRACE_TRY(ForEachPiece(
          piece.decoded, piece.records,
          [&](size_t begin, size_t end) { return job.Push(stream, piece.decoded.batch.Slice(begin, end)); },
          [&](const engine::RowError& error) { job.ReportError(error); }));
    }
    return Ok();
  }

 private:
  Result<std::unique_ptr<ParallelDecoder>> Make(const sql::StreamInfo& info) const {
    ingest::InputSchema schema;
    for (const data::Field& field : info.schema->fields) {
      schema.columns.push_back({.name = field.name, .type = field.type, .mapping = StrCat("$['", field.name, "']")});
    }
    return ParallelDecoder::Make([&] { return ingest::MakeDecoder(schema); },
                                 {.threads = threads_, .records_per_thread_min = 1});
  }

  const size_t threads_;
  std::map<int, std::unique_ptr<ParallelDecoder>> decoders_;
};

std::vector<std::string> Files() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TAILRACE_SOURCE_DIR "/tests/sql")) {
    if (entry.path().extension() == ".slt") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

class DecodedSqlTest : public testing::TestWithParam<std::string> {};

TEST_P(DecodedSqlTest, GivesTheSameRows) {
  std::ifstream file(GetParam());
  std::stringstream text;
  text << file.rdbuf();
  const engine::SqlTestFile parsed = engine::ParseSqlTestFile(std::filesystem::path(GetParam()).filename(), text.str());
  for (const size_t threads : {1, 4}) {
    engine::SqlTestSetup setup;
    const auto decoded = std::make_shared<DecodedPush>(threads);
    setup.push = [decoded](engine::Job& job, const sql::StreamInfo& info, int stream, const data::Batch& rows) {
      return decoded->Push(job, info, stream, rows);
    };
    for (const auto& failure : engine::RunSqlTest(parsed, {.batch_rows = 1024, .name = "decoded"}, setup)) {
      ADD_FAILURE() << threads << " threads: " << FormatSqlTestFailure(parsed.name, failure);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Files, DecodedSqlTest, testing::ValuesIn(Files()), [](const auto& info) {
  std::string name = std::filesystem::path(info.param).stem();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace tailrace::app
