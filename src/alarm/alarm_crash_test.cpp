#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>

#include "alarm/alarm_sink.h"
#include "alarm/alarm_test_support.h"
#include "alarm/outbox.h"
#include "base/os/posix_disk.h"
#include "base/str.h"
#include "sim/sim.h"

// Goal    Kill -9 anywhere between an alarm row and its marks: afterwards every message was sent with one and the same
//         key, at most twice, and the history has every row once.
// Method  A child process takes rows and delivers them, and is killed before its n-th step: a write or sync of either
//         database, or a moment before or after the gateway has taken a message. A second child starts over from
//         the first row, as from an old checkpoint, and ends in peace. n runs over every step there is.

namespace tailrace::alarm {
namespace {

constexpr int64_t kStart = 1'541'034'000'000;

uint64_t steps_left = 0;  // Of the child; it is one thread.
sqlite3_vfs* real_vfs = nullptr;

// A file's methods with counting put in front; what SQLite sees is the first member.
struct CountedMethods {
  sqlite3_io_methods counted;
  const sqlite3_io_methods* real;
};
std::map<const sqlite3_io_methods*, CountedMethods> methods_of;

void OneStep() {
  if (steps_left-- == 0) ::kill(::getpid(), SIGKILL);
}

const sqlite3_io_methods& RealMethods(sqlite3_file* file) {
  return *reinterpret_cast<const CountedMethods*>(file->pMethods)->real;
}

int CountedWrite(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  OneStep();
  return RealMethods(file).xWrite(file, bytes, size, offset);
}

int CountedSync(sqlite3_file* file, int flags) {
  OneStep();
  return RealMethods(file).xSync(file, flags);
}

int CountedOpen(sqlite3_vfs* /*vfs*/, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  const int code = real_vfs->xOpen(real_vfs, name, file, flags, flags_out);
  if (file->pMethods == nullptr) return code;
  CountedMethods& methods = methods_of[file->pMethods];
  if (methods.real == nullptr) {
    methods = {.counted = *file->pMethods, .real = file->pMethods};
    methods.counted.xWrite = CountedWrite;
    methods.counted.xSync = CountedSync;
  }
  file->pMethods = &methods.counted;
  return code;
}

void CountDatabaseSteps() {
  static sqlite3_vfs counted;
  real_vfs = sqlite3_vfs_find(nullptr);
  counted = *real_vfs;
  counted.zName = "counted";
  counted.xOpen = CountedOpen;
  TAILRACE_CHECK(sqlite3_vfs_register(&counted, 1) == SQLITE_OK);
}

// A gateway in another process: what reached it stays there.
class Gateway final : public Net {
 public:
  explicit Gateway(const std::string& path) : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600)) {}
  Result<HttpResponse> Http(const HttpRequest& request) override {
    OneStep();
    const std::string line = StrCat(HeaderOf(request, "Idempotency-Key"), " ", request.body, "\n");
    TAILRACE_CHECK(::write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    OneStep();
    return HttpResponse{.status = 200};
  }
  Status SendMail(const MailServer&, const Mail&) override { return Ok(); }

 private:
  const int file_;
};

data::Batch RowsOf(const std::vector<std::pair<int64_t, int64_t>>& rows) {
  auto times = std::make_shared<data::Column>(data::Type::Timestamp());
  auto orders = std::make_shared<data::Column>(data::Type::Integer());
  for (const auto& [ms, count] : rows) {
    times->AppendInt64(kStart + ms);
    orders->AppendInt64(count);
  }
  return {.rowtimes = times, .columns = {orders}};
}

Status TakeAndDeliver(const TemporaryFolder& folder) {
  const std::vector<TargetConfig> targets = {
      {.name = "gateway", .kind = WebhookTarget{.url = Secret("http://gateway/"), .body = "${message}"}},
      {.name = "history", .kind = SqliteHistoryTarget{.path = folder / "history.db"}}};
  const AlarmConfig config{.name = "flood",
                           .notify = {.subject = "s", .message = "${ORDER_COUNT}", .to = {"gateway"}},
                           .history = HistoryConfig{.to = "history"}};
  const auto schema =
      std::make_shared<const data::Schema>(data::Schema{{{.name = "ORDER_COUNT", .type = data::Type::Integer()}}});
  sim::SimClock clock(FromUnixMs(kStart));
  PosixDisk disk;
  NullLog log;
  MetricsRegistry metrics;
  Gateway gateway(folder / "gateway");
  Rng seed(1);
  TAILRACE_ASSIGN_OR_RETURN(const auto store, AlarmStore::Open(folder / "alarms.db", seed));
  TAILRACE_ASSIGN_OR_RETURN(
      const auto outbox,
      Outbox::Open(targets, *store, Rng(2),
                   {.targets = {.net = gateway, .disk = disk, .clock = clock}, .log = log, .metrics = metrics}));
  TAILRACE_ASSIGN_OR_RETURN(const auto sink, AlarmSink::Open(config, schema, targets, *store, clock, [] {}));
  TAILRACE_TRY(sink->Write(RowsOf({{0, 30}, {1'000, 31}}), 1));
  TAILRACE_TRY(outbox->Step());
  clock.Advance(std::chrono::seconds(61));
  TAILRACE_TRY(sink->Write(RowsOf({{60'000, 40}, {60'500, 41}}), 3));
  TAILRACE_TRY(outbox->Step());
  return Ok();
}

// Gives the exit code, or -1 when it was killed.
int RunChild(const TemporaryFolder& folder, uint64_t steps_before_kill) {
  const pid_t child = ::fork();
  if (child == 0) {
    steps_left = steps_before_kill;
    CountDatabaseSteps();
    const Status done = TakeAndDeliver(folder);
    if (!done.ok()) std::fprintf(stderr, "%s\n", done.error().message.c_str());
    ::_exit(done.ok() ? 0 : 1);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void ExpectEverythingOnce(const TemporaryFolder& folder) {
  PosixDisk disk;
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(disk, folder / "gateway"));
  std::map<std::string, std::set<std::string>> keys_of_message;
  std::map<std::string, int> sends_of_message;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    const size_t blank = line.find(' ');
    const std::string message(line.substr(blank + 1));
    keys_of_message[message].emplace(line.substr(0, blank));
    ++sends_of_message[message];
  }
  const std::set<std::string> expected = {"30", "40 (1 alarm rows held back since 2018-11-01 01:00:00, maximum 31)"};
  std::set<std::string> messages;
  for (const auto& [message, keys] : keys_of_message) {
    messages.insert(message);
    EXPECT_EQ(keys.size(), 1U) << message;
    EXPECT_LE(sends_of_message[message], 2) << message;
  }
  EXPECT_EQ(messages, expected);
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto history, MakeHistoryTarget({.name = "h", .kind = SqliteHistoryTarget{.path = folder / "history.db"}}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto rows, history->NewestRows(10));
  EXPECT_EQ(rows, (std::vector<HistoryRow>{{.time = FromUnixMs(kStart + 60'000), .value = 40},
                                           {.time = FromUnixMs(kStart), .value = 30}}));
}

TEST(AlarmCrashTest, C3_4_KilledBeforeAnyStepItDeliversEverythingOnce) {
  uint64_t steps = 0;
  for (;; ++steps) {
    SCOPED_TRACE(StrCat("killed before step ", steps));
    const TemporaryFolder folder;
    const int first = RunChild(folder, steps);
    ASSERT_NE(first, 1);
    if (first == -1) {
      ASSERT_EQ(RunChild(folder, UINT64_MAX), 0);
    }
    ExpectEverythingOnce(folder);
    if (first == 0 || HasFailure()) break;
  }
  EXPECT_GT(steps, 50U);  // Two databases, two messages.
}

}  // namespace
}  // namespace tailrace::alarm
