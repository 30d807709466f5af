#include "ingest/agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/hash.h"
#include "ingest/agent/agent_harness_test.h"
#include "sim/assert_ok.h"
#include "sim/sim_disk.h"

namespace tailrace::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Some paths may not be read.
class GuardedDisk final : public Disk {
 public:
  explicit GuardedDisk(Disk& disk) : disk_(disk) {}
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    if (denied.contains(path)) return Error{ErrorCode::kPermissionDenied, path + ": Permission denied"};
    return disk_.Open(path, mode);
  }
  Result<FileInfo> Stat(const std::string& path) override {
    if (denied.contains(FolderOf(path))) return Error{ErrorCode::kPermissionDenied, path + ": Permission denied"};
    return disk_.Stat(path);
  }
  Result<std::vector<std::string>> List(const std::string& directory) override {
    if (denied.contains(directory)) return Error{ErrorCode::kPermissionDenied, directory + ": Permission denied"};
    return disk_.List(directory);
  }
  Status MakeDirectories(const std::string& path) override { return disk_.MakeDirectories(path); }
  Status Remove(const std::string& path) override { return disk_.Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override { return disk_.Rename(from, to); }
  Status SyncDirectory(const std::string& path) override { return disk_.SyncDirectory(path); }
  std::set<std::string> denied;

 private:
  Disk& disk_;
};

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() { TAILRACE_CHECK(disk_.MakeDirectories("/log").ok()); }

  void Start(std::string_view pattern, std::string_view more = "") {
    harness_ = std::make_unique<AgentHarness>(guarded_, clock_, target_, OneFlow(pattern, more));
    harness_->Start();
    harness_->Settle();
  }
  void Append(const std::string& path, std::string_view bytes) { TAILRACE_ASSERT_OK(AppendTo(disk_, path, bytes)); }
  void Truncate(const std::string& path) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto file, disk_.Open(path, OpenMode::kReadWrite));
    TAILRACE_ASSERT_OK(file->Truncate(0));
  }
  void Copy(const std::string& from, const std::string& to) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string bytes, ReadFile(disk_, from));
    Append(to, bytes);
  }
  void Restart() {
    harness_->Kill();
    harness_->Start();
    harness_->Settle();
  }
  void Run(milliseconds time) { harness_->Run(time); }

  sim::SimClock clock_{FromUnixMs(1541034000000)};
  sim::SimDisk disk_{Rng(1)};
  GuardedDisk guarded_{disk_};
  MemoryTarget target_;
  std::unique_ptr<AgentHarness> harness_;
};

TEST_F(AgentTest, A6_1_AccessLogLinesArriveByteForByteAndInOrder) {
  Append("/log/access.log", "{\"old\": 1}\n");
  Start("/log/access.log");
  std::string written;
  for (int i = 0; i < 1000; ++i) {
    const std::string line = StrCat("{\"request_time\":\"[10/Oct/2000:13:55:36 -0700]\",\"n\":\"", i,
                                    "\",\"userAgent\":\"say \\\"hi\\\" \\xE9 \xE9\"}\n");
    Append("/log/access.log", line);
    written += line;
  }
  Run(seconds(2));
  EXPECT_EQ(target_.all.size(), 1000u);
  EXPECT_EQ(target_.Text(), written);
  EXPECT_EQ(harness_->flow().sent.records, 1000u);
  EXPECT_EQ(harness_->flow().behind_bytes, 0u);
}

TEST_F(AgentTest, C1_1_OrderFileBecomesOneHundredObjectsOfEightKeys) {
  Start("/log/*.log", R"("dataProcessingOptions": [{"optionName": "CSVTOJSON", "customFieldNames":
        ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer", "Country"]}])");
  std::string csv;
  for (int i = 0; i < 98; ++i)
    csv += StrCat("5363", i, ",85123A,WHITE HANGER,6,12/1/2010 8:26,2.55,,United Kingdom\r\n");
  csv += "536400,22960,\"BAKING SET 9 PIECE, RETROSPOT \",1,12/1/2010 8:26,4.95,17850,EIRE\r\n";
  csv += "536401,22961,\"say \"\"two\"\"\r\nlines\",1,12/1/2010 8:26,4.95,17850,EIRE\r\n";
  Append("/log/20260101-000001.log", csv);
  harness_->Notify();
  Run(seconds(12));
  ASSERT_EQ(target_.all.size(), 100u);
  EXPECT_EQ(target_.all[0],
            "{\"InvoiceNo\":\"53630\",\"StockCode\":\"85123A\",\"Description\":\"WHITE HANGER\",\"Quantity\":\"6\","
            "\"InvoiceDate\":\"12/1/2010 8:26\",\"UnitPrice\":\"2.55\",\"Customer\":\"\",\"Country\":\"United "
            "Kingdom\"}\n");
  EXPECT_THAT(target_.all[98], HasSubstr("\"Description\":\"BAKING SET 9 PIECE, RETROSPOT \",\"Quantity\":\"1\""));
  EXPECT_THAT(target_.all[99], HasSubstr("\"Description\":\"say \\\"two\\\"\\r\\nlines\",\"Quantity\":\"1\""));
}

TEST_F(AgentTest, C1_5_InitialPositionCountsForTheFirstStartOnly) {
  Append("/log/a.log", "old\nhalf");
  Start("/log/*.log");
  Append("/log/a.log", " line\nnew\n");
  Append("/log/b.log", "later\n");
  harness_->Notify();
  Run(seconds(1));
  EXPECT_EQ(target_.Text(), "half line\nnew\nlater\n");
  harness_->Kill();
  Append("/log/c.log", "while down\n");
  Append("/log/a.log", "and more\n");
  harness_->Start();
  harness_->Settle();
  Run(seconds(1));
  EXPECT_EQ(target_.Text(), "half line\nnew\nlater\nand more\nwhile down\n");
}

TEST_F(AgentTest, StartOfFileReadsWhatIsThere) {
  Append("/log/a.log", "header\none\n");
  Start("/log/a.log", R"("initialPosition": "START_OF_FILE", "skipHeaderLines": "1")");
  Run(seconds(1));
  EXPECT_EQ(target_.Text(), "one\n");
}

TEST_F(AgentTest, RenameAndCreate) {
  Start("/log/a.log");
  Append("/log/a.log", "1\n");
  Run(milliseconds(200));
  harness_->Notify();
  Append("/log/a.log", "2\n");
  TAILRACE_ASSERT_OK(disk_.Rename("/log/a.log", "/log/a.log.1"));
  Append("/log/a.log", "4\n");
  Append("/log/a.log.1", "3\n");  // The server has not reopened its log yet.
  harness_->Notify();
  Run(seconds(11));
  Append("/log/a.log.1", "5\n");
  Run(seconds(11));
  EXPECT_EQ(target_.Text(), "1\n2\n3\n4\n5\n");
}

TEST_F(AgentTest, RenamedWhileDown) {
  Start("/log/a.log");
  Append("/log/a.log", "1\n");
  harness_->Notify();
  Run(seconds(2));
  harness_->Kill();
  Append("/log/a.log", "2\n");
  TAILRACE_ASSERT_OK(disk_.Rename("/log/a.log", "/log/a.log.1"));
  Append("/log/a.log", "3\n");
  harness_->Start();
  harness_->Settle();
  Run(seconds(2));
  EXPECT_THAT(target_.all, ::testing::UnorderedElementsAre("1\n", "2\n", "3\n"));
}

TEST_F(AgentTest, CopyTruncateLosesAndRepeatsNothing) {
  for (const std::string pattern : {"/log/a.log", "/log/a.log*"}) {
    SCOPED_TRACE(pattern);
    target_ = MemoryTarget();
    TAILRACE_ASSERT_OK(disk_.MakeDirectories("/log"));
    for (const char* path : {"/log/a.log", "/log/a.log.1", "/state/checkpoints"}) {
      disk_.Remove(path).Ignore("may not be there");
    }
    Start(pattern);
    Append("/log/a.log", "one\ntwo\n");
    harness_->Notify();
    Run(seconds(1));
    Append("/log/a.log", "three\n");
    Copy("/log/a.log", "/log/a.log.1");
    Run(milliseconds(100));
    harness_->Notify();  // The copy is seen before the truncation.
    Append("/log/a.log", "");
    Truncate("/log/a.log");
    Append("/log/a.log", "four\n");
    harness_->Notify();
    Run(seconds(12));
    EXPECT_EQ(target_.Text(), "one\ntwo\nthree\nfour\n");
    // Written beyond the old length before anyone looked, with unread lines in the copy.
    Append("/log/a.log", "five\n");
    TAILRACE_ASSERT_OK(disk_.Rename("/log/a.log.1", "/log/a.log.2"));
    Copy("/log/a.log", "/log/a.log.1");
    Truncate("/log/a.log");
    Append("/log/a.log", "six is a longer line than all the ones before it were\n");
    harness_->Notify();
    Run(seconds(12));
    EXPECT_EQ(target_.Text(), "one\ntwo\nthree\nfour\nfive\nsix is a longer line than all the ones before it were\n");
    disk_.Remove("/log/a.log.2").Ignore("may not be there");
  }
}

TEST_F(AgentTest, CompressedAfterRenameIsReadToItsEndFirst) {
  Start("/log/a.log*");
  Append("/log/a.log", "1\n");
  harness_->Notify();
  Append("/log/a.log", "2\n");
  TAILRACE_ASSERT_OK(disk_.Rename("/log/a.log", "/log/a.log.1"));
  Append("/log/a.log.1.gz", "\x1f\x8b compressed\n");
  TAILRACE_ASSERT_OK(disk_.Remove("/log/a.log.1"));
  Append("/log/a.log", "3\n");
  Run(milliseconds(200));
  harness_->Notify();
  Run(seconds(75));
  EXPECT_EQ(target_.Text(), "1\n2\n3\n");
  EXPECT_TRUE(harness_->flow().warnings.empty());
}

TEST_F(AgentTest, C1_5_OneFileASecondForTenMinutesMissesNone) {
  Start("/log/*.log");
  std::string expected;
  for (int second = 0; second < 600; ++second) {
    const std::string line = StrCat("order ", second % 3, "\n");  // Whole files repeat themselves.
    Append(fmt::format("/log/20260101-{:06}.log", second), line);
    expected += line;
    if (second >= 60) {
      TAILRACE_ASSERT_OK(disk_.Remove(fmt::format("/log/20260101-{:06}.log", second - 60)));
    }
    Run(seconds(1));
  }
  Run(seconds(15));
  EXPECT_EQ(target_.all.size(), 600u);
  EXPECT_EQ(target_.Text(), expected);
}

TEST_F(AgentTest, SeveralFilesAtOnceAndFoldersByPattern) {
  for (const char* folder : {"/log/web1", "/log/web2/deep"}) TAILRACE_ASSERT_OK(disk_.MakeDirectories(folder));
  Start("/log/**/*.{log,txt}");
  for (int i = 0; i < 3; ++i) {
    Append("/log/web1/a.log", StrCat("a", i, "\n"));
    Append("/log/web2/deep/b.txt", StrCat("b", i, "\n"));
    Append("/log/c.log", StrCat("c", i, "\n"));
    Append("/log/no.dat", "no\n");
    Run(milliseconds(200));
    harness_->Notify();
  }
  Run(seconds(2));
  EXPECT_EQ(target_.all.size(), 9u);
  EXPECT_EQ(target_.producers.size(), 3u);
}

TEST_F(AgentTest, MultiLineRecordsEndAtTheNextStartOrWhenNothingFollows) {
  Start("/log/a.log", R"("multiLineStartPattern": "\\d{4}-")");
  Append("/log/a.log", "2026-01 boom\n  at x\n");
  harness_->Notify();
  Run(milliseconds(500));
  Append("/log/a.log", "  at y\n2026-02 fine\n");
  Run(milliseconds(300));
  Append("/log/a.log", "2026-03 last\n at z\n");
  Run(seconds(4));
  EXPECT_THAT(target_.all, ElementsAre("2026-01 boom\n  at x\n  at y\n", "2026-02 fine\n", "2026-03 last\n at z\n"));
  // What was ended for lack of more stays ended, wherever the agent begins to read again.
  Restart();
  Append("/log/a.log", " late\n2026-04\n");
  Run(seconds(4));
  EXPECT_EQ(target_.Text(), "2026-01 boom\n  at x\n  at y\n2026-02 fine\n2026-03 last\n at z\n late\n2026-04\n");
}

TEST_F(AgentTest, LastLineWithoutEndIsSentWhenTheFileIsRotated) {
  Start("/log/a.log");
  Append("/log/a.log", "one\ntwo");
  harness_->Notify();
  Run(seconds(30));
  EXPECT_EQ(target_.Text(), "one\n");
  TAILRACE_ASSERT_OK(disk_.Rename("/log/a.log", "/log/a.log.1"));
  Append("/log/a.log", "three\n");
  harness_->Notify();
  Run(seconds(30));
  EXPECT_THAT(target_.all, ElementsAre("one\n", "three\n", "two"));
}

TEST_F(AgentTest, FooterEndsAFileAndLongRecordsAreCut) {
  target_.limits_.record_bytes_max = 132;  // 100 of data.
  Start("/log/a.log",
        R"("fileFooterPattern": "# end.*", "maxBufferSizeBytes": 2048, "truncatedRecordTerminator": "!\n")");
  Append("/log/a.log", StrCat(std::string(150, 'x'), "\n", std::string(5000, 'y'), "\nshort\n# end of file\nafter\n"));
  harness_->Notify();
  Run(seconds(2));
  EXPECT_THAT(target_.all, ElementsAre(std::string(98, 'x') + "!\n", std::string(98, 'y') + "!\n", "short\n"));
  EXPECT_EQ(harness_->flow().parsed.truncated, 2u);
  EXPECT_EQ(harness_->flow().rejected.size(), 2u);
  EXPECT_EQ(harness_->flow().files.at(0).state, "finished");
}

TEST_F(AgentTest, BuffersLeaveByAgeOrCount) {
  Start("/log/a.log", R"("maxBufferAgeMillis": 5000, "maxBufferSizeRecords": 10)");
  Append("/log/a.log", "1\n");
  harness_->Notify();
  Run(seconds(4));
  EXPECT_EQ(target_.all.size(), 0u);
  Run(milliseconds(1200));
  EXPECT_EQ(target_.all.size(), 1u);
  for (int i = 0; i < 10; ++i) Append("/log/a.log", "2\n");
  Run(milliseconds(200));
  EXPECT_EQ(target_.all.size(), 11u);
}

TEST_F(AgentTest, AgeOfZeroSendsAtOnce) {
  Start("/log/a.log", R"("maxBufferAgeMillis": 0)");
  Append("/log/a.log", "1\n");
  Run(milliseconds(100));
  harness_->Notify();
  EXPECT_EQ(target_.all.size(), 1u);
  Append("/log/a.log", "2\n");
  harness_->Settle();
  EXPECT_EQ(target_.all.size(), 2u);
}

TEST_F(AgentTest, RetriesWithBackOffAndLosesNothing) {
  Start("/log/a.log", R"("maxBufferAgeMillis": 0)");
  target_.down = true;
  for (int i = 0; i < 2000; ++i) Append("/log/a.log", StrCat(i, "\n"));
  harness_->Notify();
  Run(seconds(60));
  // 0.1 + 0.2 + ... + 10 + 10 ... seconds, give or take 30 %.
  EXPECT_GE(target_.puts, 10u);
  EXPECT_LE(target_.puts, 20u);
  EXPECT_THAT(harness_->flow().warnings.at(0).message, HasSubstr("the target is away"));
  target_.down = false;
  Run(seconds(20));
  EXPECT_EQ(target_.all.size(), 2000u);
  EXPECT_TRUE(harness_->flow().warnings.empty());
}

TEST_F(AgentTest, RefusedAndSkippedLinesAreKeptWithTheirReason) {
  target_.refuse = "bad";
  Start("/log/a.log", R"("dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "SYSLOG"}])");
  Append("/log/a.log", "no syslog\nMar 12 12:00:08 h p: good\nMar 12 12:00:08 h p: bad\n");
  harness_->Notify();
  Run(seconds(2));
  EXPECT_EQ(target_.all.size(), 1u);
  const FlowStatus flow = harness_->flow();
  EXPECT_EQ(flow.parsed.skipped, 1u);
  EXPECT_EQ(flow.sent.refused, 1u);
  ASSERT_EQ(flow.rejected.size(), 2u);
  EXPECT_EQ(flow.rejected[0].raw, "no syslog\n");
  EXPECT_EQ(flow.rejected[0].offset, 0u);
  EXPECT_THAT(flow.rejected[0].reason, HasSubstr("does not match"));
  EXPECT_THAT(flow.rejected[1].reason, HasSubstr("refused: not wanted"));
  const AgentStatus status = harness_->agent->status();
  EXPECT_TRUE(ReadJson(ToJson(status)).has_value());
  EXPECT_THAT(ToTable(status), HasSubstr("skipped 1, sent 1, refused 1"));
}

TEST_F(AgentTest, C1_4_WarnsOfAPatternThatMatchesNothing) {
  TAILRACE_ASSERT_OK(disk_.MakeDirectories("/var/log/mywebsite"));
  TAILRACE_ASSERT_OK(disk_.MakeDirectories("/var/log/apache2"));
  Append("/var/log/mywebsite/20260101-000001.log", "x\n");
  Append("/var/log/apache2/access.log", "x\n");
  Start("/var/log/website/*.log");
  Run(seconds(55));
  EXPECT_TRUE(harness_->flow().warnings.empty());
  Run(seconds(15));
  ASSERT_EQ(harness_->flow().warnings.size(), 1u);
  EXPECT_EQ(harness_->flow().warnings[0].message,
            "the folder /var/log/website of /var/log/website/*.log does not exist; nearest folders with *.log files: "
            "/var/log/mywebsite, /var/log/apache2");
  TAILRACE_ASSERT_OK(disk_.MakeDirectories("/var/log/website"));
  Append("/var/log/website/a.log", "found\n");
  Run(seconds(12));
  EXPECT_TRUE(harness_->flow().warnings.empty());
  EXPECT_EQ(target_.Text(), "found\n");
}

TEST_F(AgentTest, A6_8_SaysWhichFileItMayNotReadAndTheCure) {
  Append("/log/access.log", "old\n");
  guarded_.denied.insert("/log/access.log");
  Start("/log/access.log");
  Run(seconds(10));
  ASSERT_EQ(harness_->flow().warnings.size(), 1u);
  const std::string message = harness_->flow().warnings[0].message;
  EXPECT_THAT(message, HasSubstr("user 'aws-kinesis-agent-user' may not read /log/access.log"));
  EXPECT_THAT(message, HasSubstr("usermod -aG adm aws-kinesis-agent-user"));
  EXPECT_THAT(harness_->log.warnings, ElementsAre(message));
  Restart();
  EXPECT_EQ(harness_->flow().warnings.size(), 1u) << "also when nothing was written since";
  Append("/log/access.log", "new\n");
  guarded_.denied.clear();
  Run(seconds(15));
  EXPECT_EQ(target_.Text(), "new\n");
  EXPECT_TRUE(harness_->flow().warnings.empty());
  guarded_.denied.insert("/log");
  Run(seconds(15));
  EXPECT_THAT(harness_->flow().warnings.at(0).message, HasSubstr("may not read /log/access.log;"));
}

TEST_F(AgentTest, WarnsWhenFarBehind) {
  Start("/log/a.log");
  target_.down = true;
  const std::string line = std::string(1'000'000, 'x') + "\n";
  for (int i = 0; i < 22; ++i) Append("/log/a.log", line);
  harness_->Notify();
  Run(seconds(1));
  const auto warnings = harness_->flow().warnings;
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_EQ(warnings[0].code, "behind");
  EXPECT_THAT(warnings[0].message, HasSubstr("21.0 MiB behind"));
}

TEST_F(AgentTest, WithoutAPlaceForPositionsItSaysSo) {
  const auto loaded = ParseAgentConfig(OneFlow("/log/a.log"), "agent.json");
  guarded_.denied.insert("/log/state.tmp");
  TestLog log;
  const auto made = Agent::Make(
      loaded.config, {.checkpoint_path = "/log/state"}, {.disk = guarded_, .clock = clock_, .log = log},
      [this](const FlowConfig&) { return &target_; }, Rng(1));
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("cannot keep its positions in /log/state"));
}

TEST_F(AgentTest, OtherSettingsGiveOtherNumbers) {
  Start("/log/a.log");
  Append("/log/a.log", "1,2\n");
  harness_->Notify();
  Run(seconds(2));
  harness_->Kill();
  Append("/log/a.log", "3,4\n");
  Start("/log/a.log", R"("dataProcessingOptions": [{"optionName": "CSVTOJSON", "customFieldNames": ["a"]}])");
  Run(seconds(2));
  EXPECT_THAT(target_.all, ElementsAre("1,2\n", "{\"a\":\"3\"}\n"));
  EXPECT_EQ(target_.producers.size(), 2u);
}

TEST_F(AgentTest, DeterministicKeysAreTheDigestOfTheData) {
  Start("/log/a.log", R"("partitionKeyOption": "DETERMINISTIC")");
  Append("/log/a.log", "a\n");
  harness_->Notify();
  Run(seconds(2));
  const auto& record = target_.producers.begin()->second.records.at(1);
  EXPECT_EQ(record.first, "60b725f10c9c85c70d97880dfe8191b3");  // md5sum of "a\n".
}

TEST_F(AgentTest, DeliveryStreamsMayJoinLines) {
  const std::string config =
      R"({"flows": [{"filePattern": "/log/a.log", "deliveryStream": "d", "aggregatedRecordSizeBytes": "10"}]})";
  harness_ = std::make_unique<AgentHarness>(guarded_, clock_, target_, config);
  harness_->Start();
  harness_->Settle();
  Append("/log/a.log", "123\n456\n789\nlonger than ten\n1\n");
  harness_->Notify();
  Run(seconds(2));
  EXPECT_THAT(target_.all, ElementsAre("123\n456\n", "789\n", "longer than ten\n", "1\n"));
}

TEST_F(AgentTest, ProgressLinesEveryThirtySeconds) {
  Start("/log/a.log");
  Run(seconds(95));
  EXPECT_EQ(std::count(harness_->log.messages.begin(), harness_->log.messages.end(), "Progress"), 3);
  EXPECT_EQ(std::count(harness_->log.messages.begin(), harness_->log.messages.end(), "Tailer Progress"), 3);
}

}  // namespace
}  // namespace tailrace::ingest
