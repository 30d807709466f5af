#include "ingest/agent/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/os/posix_disk.h"
#include "base/str.h"
#include "sim/assert_ok.h"
#include "sim/sim_disk.h"

namespace tailrace::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GlobTest, NamesMatchAsJavasGlobs) {
  EXPECT_TRUE(MatchesGlob("*.log", "a.log"));
  EXPECT_TRUE(MatchesGlob("*.log", ".log"));
  EXPECT_FALSE(MatchesGlob("*.log", "a.log.1"));
  EXPECT_TRUE(MatchesGlob("access_log*", "access_log.1700000000"));
  EXPECT_TRUE(MatchesGlob("a?c", "abc"));
  EXPECT_FALSE(MatchesGlob("a?c", "ac"));
  EXPECT_TRUE(MatchesGlob("[a-c]x[!0-9]", "bxy"));
  EXPECT_FALSE(MatchesGlob("[a-c]x[!0-9]", "bx7"));
  EXPECT_TRUE(MatchesGlob("[]a]", "]"));
  EXPECT_TRUE(MatchesGlob("a[b", "a[b"));
  EXPECT_TRUE(MatchesGlob("{a,b*}.{log,txt}", "bee.txt"));
  EXPECT_FALSE(MatchesGlob("{a,b*}.{log,txt}", "c.txt"));
  EXPECT_TRUE(MatchesGlob("\\*.log", "*.log"));
  EXPECT_FALSE(MatchesGlob("\\*.log", "a.log"));
  EXPECT_TRUE(MatchesGlob("*a*b*c", "xxaxxbxxbxc"));
  EXPECT_FALSE(MatchesGlob(std::string(40, '*') + "b", std::string(200, 'a')));
  EXPECT_TRUE(MatchesGlob("", ""));
}

class FindFilesTest : public ::testing::Test {
 protected:
  void Make(const std::string& path) {
    TAILRACE_ASSERT_OK(disk_.MakeDirectories(FolderOf(path)));
    TAILRACE_ASSERT_OK(disk_.Open(path, OpenMode::kCreate));
  }
  std::vector<std::string> Find(std::string_view pattern, size_t files_max = 100) {
    std::vector<std::string> paths;
    for (const FoundFile& file : FindFiles(disk_, pattern, files_max).files) paths.push_back(file.path);
    return paths;
  }
  sim::SimDisk disk_{Rng(1)};
};

TEST_F(FindFilesTest, EveryPartMayBeAPattern) {
  for (const char* path :
       {"/l/a.log", "/l/b.log.gz", "/l/w1/x.log", "/l/w2/x.log", "/l/w2/d/y.log", "/l/other/x.log"}) {
    Make(path);
  }
  EXPECT_THAT(Find("/l/*.log*"), ElementsAre("/l/a.log"));
  EXPECT_THAT(Find("/l/w*/x.log"), ElementsAre("/l/w1/x.log", "/l/w2/x.log"));
  EXPECT_THAT(Find("/*/{w1,other}/*"), ElementsAre("/l/other/x.log", "/l/w1/x.log"));
  EXPECT_THAT(Find("/l/**/*.log"),
              ElementsAre("/l/a.log", "/l/other/x.log", "/l/w1/x.log", "/l/w2/d/y.log", "/l/w2/x.log"));
  EXPECT_THAT(Find("/l/w1"), IsEmpty()) << "a folder is no file";
  EXPECT_THAT(Find("/none/*.log"), IsEmpty());
  EXPECT_THAT(Find("/l/a.log"), ElementsAre("/l/a.log"));
  EXPECT_TRUE(FindFiles(disk_, "/l/**/*.log", 2).cut);
  EXPECT_THAT(FindFiles(disk_, "/l/w*/x.log", 100).directories, ElementsAre("/l", "/l/w1", "/l/w2"));
}

TEST_F(FindFilesTest, RelativePatterns) {
  PosixDisk disk;  // Has a working folder; the simulated one has none.
  const GlobResult found = FindFiles(disk, "./*/no such folder/*.log", 100);
  EXPECT_THAT(found.files, IsEmpty());
  EXPECT_THAT(found.directories, ::testing::Contains("."));
}

TEST_F(FindFilesTest, NearbyFolders) {
  for (const char* path : {"/var/log/mywebsite/1.log", "/var/log/apache2/access.log", "/var/log/apt/history.txt"}) {
    Make(path);
  }
  EXPECT_THAT(NearbyLogFolders(disk_, "/var/log/website/*.log", 5),
              ElementsAre("/var/log/mywebsite", "/var/log/apache2"));
  EXPECT_THAT(NearbyLogFolders(disk_, "/var/logs/apache2/*.log", 1), ElementsAre("/var/log/apache2"));
  EXPECT_EQ(FixedFolder("/var/log/*/x.log"), "/var/log");
  EXPECT_EQ(FixedFolder("/x.log"), "/");
}

}  // namespace
}  // namespace tailrace::ingest
