#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "alarm/alarm_sink.h"
#include "alarm/alarm_test_support.h"
#include "alarm/outbox.h"
#include "base/os/child_process.h"
#include "base/os/curl_net.h"
#include "base/os/posix_disk.h"
#include "base/str.h"
#include "sim/sim.h"
#include "sim/test_server.h"

// Alarms against real servers: MariaDB, an HTTP receiver and an SMTP receiver on free loopback ports.

namespace tailrace::alarm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kStart = 1'541'034'000'000;  // 2018-11-01 01:00:00 UTC

class AlarmServersTest : public testing::Test {
 protected:
  // One server for all, as it takes seconds to set up; each test begins with an empty database.
  static void SetUpTestSuite() {
    server_ = std::make_unique<sim::TestServer>(std::vector<std::string>{"mariadb_server.py"});
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    if (!server_->skip().empty()) GTEST_SKIP() << server_->skip();
    ASSERT_TRUE(server_->ready());
    Query("DROP DATABASE logs; CREATE DATABASE logs;");
  }

  MysqlHistoryTarget Mysql(std::string password = "pass word") const {
    return {.port = static_cast<uint16_t>(ParseInt64(server_->port()).value_or(0)),
            .database = "logs",
            .user = "tailrace",
            .password = Secret(std::move(password))};
  }
  // What the mariadb client prints for this text.
  std::string Query(const std::string& sql) const {
    const auto result = RunCommand({.argv = {"mariadb", "--no-defaults", "--batch", "--skip-column-names",
                                             "--host=127.0.0.1", StrCat("--port=", server_->port()), "--user=root"},
                                    .input = sql,
                                    .timeout = seconds(60)});
    EXPECT_TRUE(sim::IsOk(result));
    EXPECT_EQ(result->exit_code, 0);
    return result->output;
  }
  Attempt Store(Target& target, std::string key, std::vector<HistoryRow> rows) const {
    const Delivery delivery{.idempotency_key = std::move(key),
                            .message = {.kind = MessageKind::kHistory, .history = std::move(rows)}};
    return target.Deliver({.delivery = delivery, .now = FromUnixMs(kStart)});
  }

  static std::unique_ptr<sim::TestServer> server_;
};

std::unique_ptr<sim::TestServer> AlarmServersTest::server_;

TEST_F(AlarmServersTest, C3_6_TheDatabaseScriptMayRunTwice) {
  std::ifstream file(TAILRACE_SOURCE_DIR "/examples/order-flood/database.sql");
  std::stringstream script;
  script << file.rdbuf();
  ASSERT_FALSE(script.str().empty());
  EXPECT_EQ(Query(script.str()), "");  // 0 rows.
  EXPECT_EQ(Query(script.str()), "");
  EXPECT_EQ(Query("SELECT column_name, column_type, is_nullable FROM information_schema.columns "
                  "WHERE table_schema = 'logs' ORDER BY ordinal_position"),
            "alarm_creation_time\tdatetime\tYES\nNumber_of_orders\tint(11)\tYES\n");
}

TEST_F(AlarmServersTest, MysqlTakesARowOnce) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto history,
                                MakeHistoryTarget({.name = "h", .kind = Mysql(), .timeout = seconds(20)}));
  const std::vector<HistoryRow> rows = {{.time = FromUnixMs(kStart + 2'900), .value = 30},
                                        {.time = FromUnixMs(kStart + 31LL * 86'400'000), .value = 150.4},
                                        {.time = FromUnixMs(kStart), .value = std::nullopt}};
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'a'), rows).status);
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'a'), rows).status);
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'b'), {{.time = FromUnixMs(kStart + 5'000), .value = 44}}).status);
  EXPECT_EQ(Query("SELECT * FROM logs.logs_history ORDER BY 1"),
            "2018-11-01 01:00:00\tNULL\n2018-11-01 01:00:02\t30\n2018-11-01 01:00:05\t44\n2018-12-02 01:00:00\t150\n");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto months, history->MonthlySummary());
  EXPECT_THAT(months, ElementsAre(MonthSummary{.month = "2018-11", .alarms = 3, .orders_max = 44},
                                  MonthSummary{.month = "2018-12", .alarms = 1, .orders_max = 150}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto newest, history->NewestRows(2));
  EXPECT_THAT(newest, ElementsAre(HistoryRow{.time = FromUnixMs(1'543'712'400'000), .value = 150},
                                  HistoryRow{.time = FromUnixMs(kStart + 5'000), .value = 44}));
}

TEST_F(AlarmServersTest, MysqlComesBackAfterTheServerDoes) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto history,
                                MakeHistoryTarget({.name = "h", .kind = Mysql(), .timeout = seconds(20)}));
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'a'), {{.time = FromUnixMs(kStart), .value = 30}}).status);
  ASSERT_EQ(server_->Tell("stop"), "stopped");
  const Attempt down = Store(*history, std::string(32, 'b'), {{.time = FromUnixMs(kStart), .value = 31}});
  ASSERT_FALSE(down.status.ok());
  EXPECT_EQ(down.status.error().code, ErrorCode::kUnavailable);
  ASSERT_THAT(server_->Tell("start"), HasSubstr("ready"));
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'b'), {{.time = FromUnixMs(kStart), .value = 31}}).status);
  EXPECT_EQ(Query("SELECT count(*) FROM logs.logs_history"), "2\n");
}

TEST_F(AlarmServersTest, MysqlFailuresAreTellingAndKeepThePassword) {
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto wrong, MakeHistoryTarget({.name = "h", .kind = Mysql("s3cret")}));
  const Attempt refused = Store(*wrong, std::string(32, 'a'), {{.time = FromUnixMs(kStart), .value = 1}});
  ASSERT_FALSE(refused.status.ok());
  EXPECT_EQ(refused.status.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(refused.status.error().message, HasSubstr("Access denied"));
  EXPECT_THAT(refused.status.error().message, Not(HasSubstr("s3cret")));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto history, MakeHistoryTarget({.name = "h", .kind = Mysql()}));
  const Attempt too_large = Store(*history, std::string(32, 'a'), {{.time = FromUnixMs(kStart), .value = 1e12}});
  ASSERT_FALSE(too_large.status.ok());
  EXPECT_EQ(too_large.status.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(AlarmServersTest, MysqlNeedsNoRightToMakeTables) {
  Query(
      "USE logs; CREATE TABLE logs_history (alarm_creation_time DATETIME, Number_of_orders INT);"
      "CREATE TABLE tailrace_history_taken (idempotency_key CHAR(32) PRIMARY KEY, taken_at DATETIME);"
      "CREATE OR REPLACE USER writer@'%' IDENTIFIED BY 'w'; GRANT SELECT, INSERT ON logs.* TO writer@'%';");
  MysqlHistoryTarget mysql = Mysql("w");
  mysql.user = "writer";
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto history, MakeHistoryTarget({.name = "h", .kind = mysql}));
  TAILRACE_ASSERT_OK(Store(*history, std::string(32, 'a'), {{.time = FromUnixMs(kStart), .value = 30}}).status);
  EXPECT_EQ(Query("SELECT count(*) FROM logs.logs_history"), "1\n");
}

// The whole way of one flood: rows in, one message at each receiver, one row in each history. Then the same with the
// database away: the messages go out at once, the row follows.
TEST_F(AlarmServersTest, AFloodReachesEveryTargetOnItsOwn) {
  sim::TestServer http({"http_sink.py"});
  sim::TestServer smtp({"smtp_sink.py"});
  if (!smtp.skip().empty()) GTEST_SKIP() << smtp.skip();
  ASSERT_TRUE(http.ready());
  ASSERT_TRUE(smtp.ready());
  const TemporaryFolder folder;
  const std::vector<TargetConfig> targets = {
      {.name = "hook", .kind = WebhookTarget{.url = Secret(http.Url("/hook"))}},
      {.name = "sms", .kind = SmsTarget{.url = Secret(http.Url("/sms")), .body = Secret("text=${message}")}},
      {.name = "mail",
       .kind = MailTarget{.server = StrCat("smtp://127.0.0.1:", smtp.port()), .from = "a@b.c", .to = {"d@e.f"}}},
      {.name = "mysql", .kind = Mysql(), .timeout = seconds(20), .retry = {.first_delay = milliseconds(10)}}};
  const AlarmConfig config{
      .name = "order-flood",
      .notify = {.subject = "Mywebsite Order Rate Alarm",
                 .message = "Investigate sudden surge in orders. Order Count: ${ORDER_COUNT} @ ${time}",
                 .to = {"hook", "sms", "mail"}},
      .history = HistoryConfig{.to = "mysql"}};
  const auto schema =
      std::make_shared<const data::Schema>(data::Schema{{{.name = "ORDER_COUNT", .type = data::Type::Integer()}}});
  sim::SimClock clock(FromUnixMs(kStart));
  CurlNet net;
  PosixDisk disk;
  NullLog log;
  MetricsRegistry metrics;
  Rng seed(1);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto store, AlarmStore::Open(folder / "alarms.db", seed));
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto outbox,
      Outbox::Open(targets, *store, Rng(2),
                   {.targets = {.net = net, .disk = disk, .clock = clock}, .log = log, .metrics = metrics}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto sink, AlarmSink::Open(config, schema, targets, *store, clock, [] {}));
  const auto ring = [&](int64_t ms, int64_t orders, data::Ordinal ordinal) {
    auto times = std::make_shared<data::Column>(data::Type::Timestamp());
    auto column = std::make_shared<data::Column>(data::Type::Integer());
    times->AppendInt64(kStart + ms);
    column->AppendInt64(orders);
    return sink->Write({.rowtimes = times, .columns = {column}}, ordinal);
  };

  TAILRACE_ASSERT_OK(ring(2'900, 30, 1));
  TAILRACE_ASSERT_OK(outbox->Step());
  const std::string text = "Investigate sudden surge in orders. Order Count: 30 @ 2018-11-01 01:00:02";
  EXPECT_THAT(http.Next(), HasSubstr(StrCat(R"(\"message\":\")", text, R"(\")")));
  EXPECT_THAT(http.Next(), HasSubstr("text=Investigate%20sudden%20surge%20in%20orders."));
  const std::string mail = smtp.Next();
  EXPECT_THAT(mail, HasSubstr(R"(Subject: Mywebsite Order Rate Alarm\r\n)"));
  EXPECT_THAT(mail, HasSubstr(StrCat(R"(\r\n\r\n)", text, R"(\r\n)")));
  EXPECT_EQ(Query("SELECT * FROM logs.logs_history"), "2018-11-01 01:00:02\t30\n");

  ASSERT_EQ(server_->Tell("stop"), "stopped");
  clock.Advance(seconds(70));
  TAILRACE_ASSERT_OK(ring(70'000, 50, 2));
  TAILRACE_ASSERT_OK(outbox->Step());
  EXPECT_THAT(http.Next(), HasSubstr("Order Count: 50"));
  EXPECT_THAT(http.Next(), HasSubstr("50%20%40%202018-11-01%2001%3A01%3A10"));
  EXPECT_THAT(smtp.Next(), HasSubstr("Order Count: 50"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t pending, store->CountDeliveries(DeliveryState::kPending));
  EXPECT_EQ(pending, 1U);
  ASSERT_THAT(server_->Tell("start"), HasSubstr("ready"));
  clock.Advance(seconds(1));
  TAILRACE_ASSERT_OK(outbox->Step());
  EXPECT_EQ(Query("SELECT * FROM logs.logs_history ORDER BY 1"), "2018-11-01 01:00:02\t30\n2018-11-01 01:01:10\t50\n");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const uint64_t sent, store->CountDeliveries(DeliveryState::kSent));
  EXPECT_EQ(sent, 8U);
}

}  // namespace
}  // namespace tailrace::alarm
