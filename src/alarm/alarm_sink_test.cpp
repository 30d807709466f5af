#include "alarm/alarm_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/alarm_test_support.h"
#include "base/str.h"
#include "sim/sim.h"

namespace tailrace::alarm {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr int64_t kStart = 1'541'034'000'000;  // 2018-11-01 01:00:00 UTC

class AlarmSinkTest : public testing::Test {
 protected:
  AlarmSinkTest() {
    schema_ =
        std::make_shared<const data::Schema>(data::Schema{{{.name = "ORDER_COUNT", .type = data::Type::Integer()},
                                                           {.name = "Customer", .type = data::Type::Varchar(20)},
                                                           {.name = "PRICE", .type = data::Type::Decimal(10, 2)}}});
    config_ = {.name = "order-flood",
               .notify = {.subject = "Mywebsite Order Rate Alarm",
                          .message = "Investigate sudden surge in orders. Order Count: ${ORDER_COUNT} @ ${time}",
                          .to = {"ops", "boss"}},
               .history = HistoryConfig{.to = "history"}};
    targets_ = {{.name = "ops", .kind = FileTarget{"/m"}},
                {.name = "boss", .kind = FileTarget{"/b"}},
                {.name = "history", .kind = SqliteHistoryTarget{.path = "/h"}}};
  }

  void SetUp() override { Reopen(); }

  // A new database for each number.
  std::string Path() const { return folder_ / StrCat("alarms-", database_, ".db"); }

  void Reopen() {
    sink_.reset();
    store_.reset();
    Rng seed(1);
    TAILRACE_ASSERT_OK_AND_ASSIGN(store_, AlarmStore::Open(Path(), seed));
    TAILRACE_ASSERT_OK_AND_ASSIGN(sink_,
                                  AlarmSink::Open(config_, schema_, targets_, *store_, clock_, [this] { ++wakes_; }));
  }

  struct Row {
    int64_t ms;
    int64_t orders;
    std::string customer = "c";
  };
  data::Batch BatchOf(const std::vector<Row>& rows) const {
    auto times = std::make_shared<data::Column>(data::Type::Timestamp());
    auto orders = std::make_shared<data::Column>(data::Type::Integer());
    auto customers = std::make_shared<data::Column>(data::Type::Varchar(20));
    auto prices = std::make_shared<data::Column>(data::Type::Decimal(10, 2));
    for (const Row& row : rows) {
      times->AppendInt64(kStart + row.ms);
      orders->AppendInt64(row.orders);
      customers->AppendText(row.customer);
      prices->AppendInt64(255);
    }
    return {.rowtimes = times, .columns = {orders, customers, prices}};
  }

  std::vector<DeliveryRecord> Deliveries(const std::string& target) const {
    auto listed = store_->ListDeliveries({.records_max = 1'000});
    EXPECT_TRUE(listed.ok());
    std::vector<DeliveryRecord> found;
    for (auto record = listed->rbegin(); record != listed->rend(); ++record) {
      if (record->target == target) found.push_back(*record);
    }
    return found;
  }

  TemporaryFolder folder_;
  size_t database_ = 0;
  data::SchemaPtr schema_;
  AlarmConfig config_;
  std::vector<TargetConfig> targets_;
  sim::SimClock clock_{FromUnixMs(kStart)};
  std::unique_ptr<AlarmStore> store_;
  std::unique_ptr<AlarmSink> sink_;
  int wakes_ = 0;
};

TEST_F(AlarmSinkTest, WritesTheMessageOfTheUseCase) {
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{2'900, 30}, {3'000, 31}}), 1));
  const auto deliveries = Deliveries("ops");
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].subject, "Mywebsite Order Rate Alarm");
  EXPECT_EQ(deliveries[0].text, "Investigate sudden surge in orders. Order Count: 30 @ 2018-11-01 01:00:02");
  EXPECT_EQ(Deliveries("boss").size(), 1U);
  EXPECT_EQ(Deliveries("history").size(), 1U);
  EXPECT_EQ(wakes_, 1);
}

TEST_F(AlarmSinkTest, C3_2_LaterMessagesSayWhatWasHeldBack) {
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 30}, {100, 99}, {200, 45}, {60'000, 50}}), 1));
  const auto deliveries = Deliveries("ops");
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[1].text,
            "Investigate sudden surge in orders. Order Count: 50 @ 2018-11-01 01:01:00 "
            "(2 alarm rows held back since 2018-11-01 01:00:00, maximum 99)");
}

TEST_F(AlarmSinkTest, AReplayChangesNothing) {
  const data::Batch batch = BatchOf({{0, 30}, {100, 31}, {60'000, 32}});
  TAILRACE_ASSERT_OK(sink_->Write(batch, 1));
  EXPECT_EQ(sink_->last_ordinal(), 3U);
  TAILRACE_ASSERT_OK(sink_->Write(batch, 1));
  Reopen();
  EXPECT_EQ(sink_->last_ordinal(), 3U);
  TAILRACE_ASSERT_OK(sink_->Write(batch.Slice(1, 3), 2));
  EXPECT_EQ(Deliveries("ops").size(), 2U);
  EXPECT_EQ(Deliveries("history").size(), 2U);
  // The next row is within the interval of a message that was sent before the restart.
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{60'000, 32}, {61'000, 33}}), 3));
  EXPECT_EQ(sink_->last_ordinal(), 4U);
  EXPECT_EQ(Deliveries("ops").size(), 2U);
}

TEST_F(AlarmSinkTest, BatchSizeAndRestartsChangeNothing) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < 400; ++i) rows.push_back({.ms = i * 777, .orders = 30 + i % 90});
  const data::Batch all = BatchOf(rows);
  TAILRACE_ASSERT_OK(sink_->Write(all, 1));
  const auto texts = [&] {
    std::vector<std::string> found;
    for (const DeliveryRecord& record : Deliveries("ops")) found.push_back(record.text);
    return found;
  };
  const std::vector<std::string> expected = texts();
  ASSERT_EQ(expected.size(), 6U);  // 0, 60.606, 121.212, ... s: every 78th row is the first after a minute.
  for (const size_t size : {1U, 7U, 64U}) {
    database_ = size;
    Reopen();
    for (size_t begin = 0; begin < rows.size(); begin += size) {
      TAILRACE_ASSERT_OK(sink_->Write(all.Slice(begin, std::min(begin + size, rows.size())), begin + 1));
      if (size == 64) Reopen();
    }
    EXPECT_EQ(texts(), expected) << "batches of " << size;
  }
}

TEST_F(AlarmSinkTest, HistoryTakesEveryRowWhenAsked) {
  config_.history->mode = HistoryMode::kPerAlarmRow;
  Reopen();
  std::vector<Row> rows;
  for (int64_t i = 0; i < 1'771; ++i) rows.push_back({.ms = 2'900 + i * 100, .orders = 30});
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf(rows), 1));
  EXPECT_EQ(Deliveries("ops").size(), 3U);
  EXPECT_EQ(Deliveries("history").size(), 2U);  // 1,000 and 771 rows.
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto due, store_->NextDue("history", clock_.Now(), clock_.Now() + seconds(1)));
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->message.history.size(), 1'000U);
  EXPECT_EQ(due->message.history[1], (HistoryRow{.time = FromUnixMs(kStart + 3'000), .value = 30}));
}

TEST_F(AlarmSinkTest, KeysOfTheConfigurationSplitTheAlarm) {
  config_.key_columns = {"Customer"};
  config_.notify.message = "${key}: ${PRICE} ${value} ${Customer}";
  Reopen();
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 6, "ann"}, {1, 6, "bob"}, {2, 7, "ann"}}), 1));
  const auto deliveries = Deliveries("ops");
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[0].text, "ann: 2.55 6 ann");
  EXPECT_EQ(deliveries[1].text, "bob: 2.55 6 bob");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto alarms, store_->ListAlarms());
  ASSERT_EQ(alarms.size(), 2U);
  EXPECT_EQ(alarms[0].key, "ann");
  EXPECT_EQ(alarms[0].state.held_rows, 1U);
  EXPECT_TRUE(alarms[1].state.firing);
}

TEST_F(AlarmSinkTest, TellsWhenItIsOverIfAsked) {
  config_.notify.resolved = "over at ${time}, largest ${max}";
  Reopen();
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 30}, {1'000, 44}}), 1));
  TAILRACE_ASSERT_OK(sink_->AdvanceTo(FromUnixMs(kStart + 60'999)));
  EXPECT_EQ(Deliveries("ops").size(), 1U);
  TAILRACE_ASSERT_OK(sink_->AdvanceTo(FromUnixMs(kStart + 61'000)));
  TAILRACE_ASSERT_OK(sink_->AdvanceTo(FromUnixMs(kStart + 99'000)));
  const auto deliveries = Deliveries("ops");
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[1].subject, "Resolved: order-flood");
  EXPECT_EQ(deliveries[1].text, "over at 2018-11-01 01:01:01, largest 44");
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto events, store_->ListEvents({.alarm = "order-flood"}));
  ASSERT_EQ(events.size(), 3U);  // Newest first.
  EXPECT_EQ(events[0].event.kind, EventKind::kResolved);
  EXPECT_EQ(events[1].event.kind, EventKind::kMessage);
  EXPECT_EQ(events[2].event.kind, EventKind::kFired);
}

TEST_F(AlarmSinkTest, RefusesWhatDoesNotFit) {
  const auto message = [&](auto change) {
    AlarmConfig config = config_;
    change(config);
    const Status checked = AlarmSink::Check(config, *schema_, targets_);
    return checked.ok() ? std::string("accepted") : checked.error().message;
  };
  EXPECT_EQ(message([](AlarmConfig&) {}), "accepted");
  EXPECT_EQ(message([](AlarmConfig& config) { config.notify.message = "${order_count}"; }), "accepted");
  EXPECT_THAT(message([](AlarmConfig& config) { config.notify.message = "${ORDER_CONT}"; }),
              HasSubstr("did you mean ORDER_COUNT?"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.notify.message = "${ORDER_COUNT"; }), HasSubstr("no }"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.notify.resolved = "${ORDER_COUNT}"; }), HasSubstr("no row"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.value_column = "Customer"; }), HasSubstr("not a number"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.key_columns = {"Custmer"}; }),
              HasSubstr("did you mean Customer?"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.notify.to = {"nobody"}; }), HasSubstr("no target nobody"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.notify.to = {"history"}; }), HasSubstr("takes no messages"));
  EXPECT_THAT(message([](AlarmConfig& config) { config.history->to = "ops"; }), HasSubstr("no history"));
}

TEST_F(AlarmSinkTest, ATransactionThatFailsLeavesNothingBehind) {
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 30}}), 1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto other, Sqlite::Open(Path(), Sqlite::Mode::kReadWrite));
  TAILRACE_ASSERT_OK(
      other->Execute("CREATE TRIGGER no BEFORE INSERT ON alarm_event BEGIN SELECT RAISE(ABORT, 'no'); END"));
  EXPECT_FALSE(sink_->Write(BatchOf({{70'000, 31}}), 2).ok());
  EXPECT_EQ(sink_->last_ordinal(), 1U);
  EXPECT_EQ(Deliveries("ops").size(), 1U);
  TAILRACE_ASSERT_OK(other->Execute("DROP TRIGGER no"));
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{70'000, 31}}), 2));
  const auto deliveries = Deliveries("ops");
  ASSERT_EQ(deliveries.size(), 2U);
  EXPECT_EQ(deliveries[1].text, "Investigate sudden surge in orders. Order Count: 31 @ 2018-11-01 01:01:10");
}

TEST_F(AlarmSinkTest, InMemoryItDecidesTheSame) {
  Rng seed(1);
  TAILRACE_ASSERT_OK_AND_ASSIGN(store_, AlarmStore::Open(":memory:", seed));
  TAILRACE_ASSERT_OK_AND_ASSIGN(sink_, AlarmSink::Open(config_, schema_, targets_, *store_, clock_, [] {}));
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 30}, {100, 99}, {60'000, 50}}), 1));
  EXPECT_EQ(Deliveries("ops").size(), 2U);
}

TEST(NumberTextTest, IsTheShortest) {
  EXPECT_EQ(NumberText(150), "150");
  EXPECT_EQ(NumberText(0.5), "0.5");
  EXPECT_EQ(NumberText(-2), "-2");
  EXPECT_EQ(NumberText(0.1), "0.1");
}

TEST_F(AlarmSinkTest, EventsKeepWhatTheyRestOn) {
  std::vector<int64_t> asked;
  const AlarmSink::EvidenceOf evidence_of = [&](Timestamp time) -> std::optional<Evidence> {
    asked.push_back(ToUnixMs(time) - kStart);
    return Evidence{
        .program = "abc",
        .from = time - seconds(15),
        .to = time,
        .ranges = {{.stream = "orders", .shard = 2, .first = 7, .last = 36}},
        .records = {{.stream = "orders", .shard = 2, .sequence = 36, .arrival = time, .data = "{\"a\":1}"}}};
  };
  TAILRACE_ASSERT_OK_AND_ASSIGN(sink_,
                                AlarmSink::Open(config_, schema_, targets_, *store_, clock_, [] {}, evidence_of));
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{1'000, 30}, {2'000, 31}}), 1));
  TAILRACE_ASSERT_OK(sink_->AdvanceTo(FromUnixMs(kStart + 62'000)));
  // The row fires and tells, the next one is held back, and then it is over.
  EXPECT_EQ(asked, (std::vector<int64_t>{1'000, 62'000}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto events, store_->ListEvents({}));
  ASSERT_EQ(events.size(), 3u);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto fired, store_->FindEvent(events[2].id));
  EXPECT_EQ(fired.first.event.kind, EventKind::kFired);
  ASSERT_TRUE(fired.second.has_value());
  EXPECT_EQ(fired.second->ranges, (std::vector<EvidenceRange>{{"orders", 2, 7, 36}}));
  EXPECT_EQ(fired.second->records.at(0).data, "{\"a\":1}");
  EXPECT_EQ(fired.second->from, FromUnixMs(kStart - 14'000));
  EXPECT_THAT(fired.second->row_json, HasSubstr("\"ORDER_COUNT\":30"));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto resolved, store_->FindEvent(events[0].id));
  EXPECT_EQ(resolved.first.event.kind, EventKind::kResolved);
  ASSERT_TRUE(resolved.second.has_value());
  EXPECT_EQ(resolved.second->row_json, "");
  const auto none = store_->FindEvent(4711);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
}

TEST_F(AlarmSinkTest, EventsWithoutEvidenceSaySo) {
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{1'000, 30}}), 1));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto events, store_->ListEvents({}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto fired, store_->FindEvent(events.back().id));
  EXPECT_FALSE(fired.second.has_value());
}

// What A3-7 asks of every interval: it is stored, so a restart within it does not end it.
TEST_F(AlarmSinkTest, A3_7_TheIntervalBetweenMessagesHoldsOverARestart) {
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{0, 30}}), 1));
  Reopen();
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{30'000, 31}}), 2));
  Reopen();
  TAILRACE_ASSERT_OK(sink_->Write(BatchOf({{59'999, 32}, {60'000, 33}}), 3));
  std::vector<std::pair<int64_t, uint64_t>> told;  // When, and rows held back before it.
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto events, store_->ListEvents({}));
  for (const EventRecord& record : events) {
    if (record.event.kind == EventKind::kMessage)
      told.emplace_back(ToUnixMs(record.event.time) - kStart, record.event.rows);
  }
  EXPECT_EQ(told, (std::vector<std::pair<int64_t, uint64_t>>{{60'000, 2}, {0, 0}}));
}

}  // namespace
}  // namespace tailrace::alarm
