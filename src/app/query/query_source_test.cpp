#include "app/query/query_source.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/str.h"
#include "sim/sim.h"
#include "sim/sim_disk.h"

namespace tailrace::app {
namespace {

// Lines of all lengths, some of them empty or longer than several pieces; every ninth is none of the format.
std::string Lines(Rng& rng, int count, bool ends) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i % 9 == 8) {
      text += i % 2 == 0 ? "" : "{broken";
    } else {
      const size_t padding = rng.Chance(0.02) ? rng.Below(5'000) : rng.Below(60);
      text += StrCat("{\"n\":", i, ",\"pad\":\"", std::string(padding, 'x'), "\"}", rng.Chance(0.1) ? "\r" : "");
    }
    text += '\n';
  }
  if (!ends) text.pop_back();
  return text;
}

// What one thread and another way of reading must give too: the rows, and the places of the errors.
std::string Expected(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string told;
  for (const auto& [name, text] : files) {
    int line = 0;
    for (std::string_view bytes : Split(text, '\n')) {
      ++line;
      if (bytes.starts_with("{\"n\":")) told += StrCat(bytes.substr(5, bytes.find(',') - 5), "\n");
      if (bytes == "{broken") told += StrCat(name, ":", line, "\n");
    }
  }
  return told;
}

std::string Read(sim::SimDisk& disk, std::vector<std::string> files, size_t threads, size_t piece_bytes) {
  Workers workers(threads);
  ingest::InputSchema schema{.format = "json"};
  schema.columns = {{.name = "n", .type = data::Type::Integer(), .mapping = "$.n"}};
  auto source = QuerySource::Make(LinePieces(disk, std::move(files), {}, {.piece_bytes = piece_bytes}), workers,
                                  {.schema = schema});
  EXPECT_TRUE(sim::IsOk(source));
  std::string result;  // Errors are told behind the rows of their piece.
  while (true) {
    auto lines = (*source)->Next();
    if (!lines.ok()) return StrCat("error: ", lines.error().message);
    if (!lines->has_value()) return result;
    const auto& column = *(*lines)->batch.columns[0];
    for (size_t row = 0; row < column.size(); ++row) result += StrCat(column.int64s()[row], "\n");
    for (const LineError& error : (*lines)->errors) result += StrCat(error.place, "\n");
  }
}

std::vector<std::string> Sorted(const std::string& text) {
  const auto lines = Split(text, '\n');
  std::vector<std::string> sorted(lines.begin(), lines.end());
  std::ranges::sort(sorted);
  return sorted;
}

TEST(QuerySourceTest, AnyNumberOfThreadsAndAnyPieceGiveTheLinesInOrder) {
  sim::SimDisk disk{Rng(1)};
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> names;
  for (int file = 0; file < 3; ++file) {
    Rng rng(static_cast<uint64_t>(file));
    files.emplace_back(StrCat("/log", file), Lines(rng, 300, file != 1));
    names.push_back(files.back().first);
    ASSERT_TRUE(sim::IsOk(WriteFileAtomically(disk, files.back().first, files.back().second)));
  }
  const std::string expected = Expected(files);
  ASSERT_NE(expected.find("/log2:"), std::string::npos);
  for (const size_t threads : {1, 2, 4}) {
    for (const size_t piece_bytes : {size_t{1}, size_t{7}, size_t{64}, size_t{1'000}, size_t{4'096}, size_t{1} << 20}) {
      const std::string found = Read(disk, names, threads, piece_bytes);
      EXPECT_EQ(Sorted(found), Sorted(expected)) << threads << " threads, " << piece_bytes;
      // One line a piece at most: errors stand where their lines do.
      if (piece_bytes == 1) {
        EXPECT_EQ(found, expected) << threads;
      }
      EXPECT_EQ(found, Read(disk, names, 1, piece_bytes)) << threads << " threads, " << piece_bytes;
    }
  }
}

TEST(QuerySourceTest, AFileThatIsMissingIsToldAfterTheRowsBeforeIt) {
  sim::SimDisk disk{Rng(1)};
  ASSERT_TRUE(sim::IsOk(WriteFileAtomically(disk, "/log", "{\"n\":1}\n{\"n\":2}")));
  for (const size_t threads : {1, 3}) {
    const std::string found = Read(disk, {"/log", "/gone"}, threads, 4);
    EXPECT_NE(found.find("/gone"), std::string::npos) << found;
  }
}

TEST(QuerySourceTest, EmptyFilesGiveNothing) {
  sim::SimDisk disk{Rng(1)};
  ASSERT_TRUE(sim::IsOk(WriteFileAtomically(disk, "/empty", "")));
  ASSERT_TRUE(sim::IsOk(WriteFileAtomically(disk, "/log", "\n\n{\"n\":7}")));
  for (const size_t threads : {1, 3}) EXPECT_EQ(Read(disk, {"/empty", "/log", "/empty"}, threads, 4), "7\n");
}

}  // namespace
}  // namespace tailrace::app
