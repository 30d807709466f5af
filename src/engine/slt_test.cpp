#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/str.h"
#include "engine/sql_test_file.h"

// Runs every file of tests/sql in every mode; a test is named after both.

namespace tailrace::engine {
namespace {

struct SltCase {
  std::string path;
  SqlTestMode mode;
};

void PrintTo(const SltCase& slt, std::ostream* out) { *out << slt.path << " " << slt.mode.name; }

std::vector<SltCase> Cases() {
  std::vector<std::string> paths;
  const std::filesystem::path root(TAILRACE_SOURCE_DIR "/tests/sql");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".slt") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  std::vector<SltCase> cases;
  for (const std::string& path : paths) {
    for (const SqlTestMode& mode : SqlTestModes()) cases.push_back({.path = path, .mode = mode});
  }
  return cases;
}

std::string NameOf(const testing::TestParamInfo<SltCase>& info) {
  const std::filesystem::path relative =
      std::filesystem::relative(info.param.path, TAILRACE_SOURCE_DIR "/tests/sql").replace_extension();
  std::string name = StrCat(relative.string(), "_", info.param.mode.name);
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

class SltTest : public testing::TestWithParam<SltCase> {};

TEST_P(SltTest, GivesTheExpectedRows) {
  std::ifstream file(GetParam().path);
  std::stringstream text;
  text << file.rdbuf();
  const SqlTestFile parsed = ParseSqlTestFile(std::filesystem::path(GetParam().path).filename(), text.str());
  ASSERT_FALSE(parsed.blocks.empty());
  for (const SqlTestFailure& failure : RunSqlTest(parsed, GetParam().mode, {})) {
    ADD_FAILURE() << FormatSqlTestFailure(parsed.name, failure);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, SltTest, testing::ValuesIn(Cases()), NameOf);

}  // namespace
}  // namespace tailrace::engine
