#include "alarm/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "alarm/alarm_test_support.h"
#include "base/str.h"
#include "sim/sim.h"

namespace tailrace::alarm {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

const Timestamp kStart = FromUnixMs(1'541'034'000'000);  // 2018-11-01 01:00:00 UTC
const Error kDown{ErrorCode::kUnavailable, "HTTP to http://gateway: Could not connect to server"};

class OutboxTest : public testing::Test {
 protected:
  void SetUp() override {
    Rng seed(1);
    TAILRACE_ASSERT_OK_AND_ASSIGN(store_, AlarmStore::Open(folder_ / "alarms.db", seed, limits_));
    Reopen();
  }
  void Reopen() {
    outbox_.reset();
    TAILRACE_ASSERT_OK_AND_ASSIGN(
        outbox_,
        Outbox::Open(targets_, *store_, Rng(2),
                     {.targets = {.net = net_, .disk = disk_, .clock = clock_}, .log = log_, .metrics = metrics_}));
  }
  // Puts a message (and a history row) into the outbox as of now.
  void Ring(data::Ordinal ordinal, std::vector<std::string> targets = {"ops"}, bool history = false) {
    AlarmCommit commit{.alarm = "flood", .last_ordinal = ordinal, .now = clock_.Now()};
    commit.outgoing.push_back({.message = {.alarm = "flood",
                                           .time = clock_.Now(),
                                           .ordinal = ordinal,
                                           .subject = "Subject",
                                           .text = StrCat("message ", ordinal),
                                           .value = 30},
                               .targets = std::move(targets)});
    if (history) {
      commit.outgoing.push_back({.message = {.kind = MessageKind::kHistory,
                                             .alarm = "flood",
                                             .time = clock_.Now(),
                                             .ordinal = ordinal,
                                             .history = {{.time = clock_.Now(), .value = 30}}},
                                 .targets = {"history"}});
    }
    TAILRACE_ASSERT_OK(store_->Commit(commit));
  }
  // Lets time pass until `end`, calling Step whenever it asks for it.
  void RunUntil(Timestamp end) {
    while (true) {
      TAILRACE_ASSERT_OK_AND_ASSIGN(const auto wake, outbox_->Step());
      if (!wake.has_value() || *wake > end) break;
      ASSERT_GT(*wake, clock_.Now());
      clock_.Advance(*wake - clock_.Now());
    }
    clock_.Advance(end - clock_.Now());
  }
  std::vector<DeliveryRecord> Deliveries(DeliveryState state) {
    auto listed = store_->ListDeliveries({.state = state});
    EXPECT_TRUE(sim::IsOk(listed));
    return *listed;
  }

  TemporaryFolder folder_;
  AlarmStore::Limits limits_;
  std::vector<TargetConfig> targets_ = {
      {.name = "ops", .kind = WebhookTarget{.url = Secret("http://gateway/s3cret")}},
      {.name = "boss", .kind = WebhookTarget{.url = Secret("http://boss/")}},
      {.name = "history", .kind = SqliteHistoryTarget{.path = folder_ / "history.db"}}};
  sim::SimClock clock_{kStart};
  sim::SimDisk disk_{Rng(3)};
  FakeNet net_;
  NullLog log_;
  MetricsRegistry metrics_;
  std::unique_ptr<AlarmStore> store_;
  std::unique_ptr<Outbox> outbox_;
};

TEST_F(OutboxTest, SendsToEveryTargetOnce) {
  Ring(1, {"ops", "boss"}, true);
  RunUntil(kStart + hours(1));
  EXPECT_EQ(net_.requests.size(), 2U);
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 3U);
  EXPECT_NE(HeaderOf(net_.requests[0], "Idempotency-Key"), HeaderOf(net_.requests[1], "Idempotency-Key"));
  EXPECT_EQ(metrics_.Read("tailrace_alarm_deliveries_sent_total", {{"target", "ops"}}), 1);
}

// The gateway is away for ten minutes: history is written at once, the message comes after recovery, once, marked.
TEST_F(OutboxTest, C3_3_AGatewayThatIsAwayForTenMinutesDelaysItsMessagesAlone) {
  const Timestamp back = kStart + minutes(10);
  std::vector<std::string> taken;
  net_.on_http = [&](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.url == "http://boss/") return HttpResponse{.status = 200};
    if (clock_.Now() < back) return kDown;
    taken.push_back(request.body);
    return HttpResponse{.status = 200};
  };
  Ring(1, {"ops", "boss"}, true);
  TAILRACE_ASSERT_OK(outbox_->Step());
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 2U);  // boss and history.
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto months, outbox_->History("history")->MonthlySummary());
  EXPECT_THAT(months, ElementsAre(MonthSummary{.month = "2018-11", .alarms = 1, .orders_max = 30}));

  RunUntil(back + minutes(2));
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_THAT(taken[0], HasSubstr(R"x("message":"message 1 (delayed, from 2018-11-01 01:00:00)")x"));
  EXPECT_THAT(taken[0], HasSubstr(R"("delayed":true)"));
  const auto sent = Deliveries(DeliveryState::kSent);
  ASSERT_EQ(sent.size(), 3U);
  for (const DeliveryRecord& record : sent) EXPECT_EQ(record.delayed, record.target == "ops");
  std::set<std::string> keys;
  size_t attempts = 0;
  for (const HttpRequest& request : net_.requests) {
    if (request.url == "http://boss/") continue;
    keys.insert(HeaderOf(request, "Idempotency-Key"));
    ++attempts;
  }
  EXPECT_EQ(keys.size(), 1U);
  // 1, 2, 4, ... 60, 60 s within 20 %: 6 delays to about a minute, then one about every minute.
  EXPECT_GE(attempts, 14U);
  EXPECT_LE(attempts, 19U);
}

TEST_F(OutboxTest, DelaysDoubleWithChance) {
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 503}; };
  Ring(1);
  Timestamp last = clock_.Now();
  for (const int64_t nominal_ms : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
    TAILRACE_ASSERT_OK_AND_ASSIGN(const auto wake, outbox_->Step());
    ASSERT_TRUE(wake.has_value());
    const int64_t delay_ms = (*wake - last).count();
    EXPECT_GE(delay_ms, nominal_ms * 8 / 10);
    EXPECT_LE(delay_ms, nominal_ms * 12 / 10);
    EXPECT_NE(delay_ms, nominal_ms);
    clock_.Advance(*wake - clock_.Now());
    last = *wake;
  }
}

TEST_F(OutboxTest, OneThatIsRefusedHoldsBackNoOther) {
  net_.on_http = [](const HttpRequest& request) {
    return HttpResponse{.status = request.body.contains("message 1") ? 500 : 200};
  };
  Ring(1);
  Ring(2);
  TAILRACE_ASSERT_OK(outbox_->Step());
  EXPECT_EQ(Deliveries(DeliveryState::kPending).size(), 1U);
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 1U);
}

TEST_F(OutboxTest, OneAttemptAtATimeWhileATargetCannotBeReached) {
  net_.on_http = [](const HttpRequest&) { return kDown; };
  for (data::Ordinal ordinal = 1; ordinal <= 20; ++ordinal) Ring(ordinal);
  TAILRACE_ASSERT_OK(outbox_->Step());
  EXPECT_EQ(net_.requests.size(), 1U);
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 200}; };
  RunUntil(kStart + seconds(2));
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 20U);
  EXPECT_EQ(net_.requests.size(), 21U);
}

TEST_F(OutboxTest, FinalRefusalsBecomeDeadLettersAndCanBeSentAgain) {
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 400, .body = "s3cret"}; };
  Ring(1);
  RunUntil(kStart + hours(1));
  const auto dead = Deliveries(DeliveryState::kDead);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_EQ(dead[0].last_error, "InvalidArgument: HTTP status 400");
  EXPECT_EQ(net_.requests.size(), 1U);
  EXPECT_EQ(metrics_.Read("tailrace_alarm_deliveries_dead_total", {{"target", "ops"}}), 1);

  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 204}; };
  TAILRACE_ASSERT_OK(store_->Redrive(dead[0].id, clock_.Now()));
  EXPECT_FALSE(store_->Redrive(dead[0].id, clock_.Now()).ok());
  RunUntil(kStart + hours(2));
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 1U);
  EXPECT_EQ(HeaderOf(net_.requests[0], "Idempotency-Key"), HeaderOf(net_.requests[1], "Idempotency-Key"));
}

TEST_F(OutboxTest, GivesUpAfterADay) {
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 503}; };
  Ring(1);
  RunUntil(kStart + hours(24) - seconds(1));
  EXPECT_EQ(Deliveries(DeliveryState::kPending).size(), 1U);
  RunUntil(kStart + hours(24) + minutes(2));
  EXPECT_EQ(Deliveries(DeliveryState::kDead).size(), 1U);
}

TEST_F(OutboxTest, HonoursRetryAfter) {
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 429, .headers = {{"Retry-After", "120"}}}; };
  Ring(1);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto wake, outbox_->Step());
  EXPECT_EQ(wake, kStart + seconds(120));
}

TEST_F(OutboxTest, AClockSetBackStopsNothing) {
  net_.on_http = [](const HttpRequest&) { return kDown; };
  Ring(1);
  TAILRACE_ASSERT_OK(outbox_->Step());
  clock_.SetNow(kStart - hours(48));
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 200}; };
  TAILRACE_ASSERT_OK(outbox_->Step());
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 1U);
}

TEST_F(OutboxTest, NoSecretReachesTheStore) {
  net_.on_http = [](const HttpRequest&) { return HttpResponse{.status = 403, .body = "bad key s3cret"}; };
  Ring(1);
  TAILRACE_ASSERT_OK(outbox_->Step());
  for (const DeliveryRecord& record : Deliveries(DeliveryState::kPending)) {
    EXPECT_EQ(record.last_error, "Unavailable: HTTP status 403");
  }
}

TEST_F(OutboxTest, RefusesTargetsThatDoNotWork) {
  const auto message = [&](TargetConfig config) {
    const auto opened =
        Outbox::Open({std::move(config)}, *store_, Rng(1),
                     {.targets = {.net = net_, .disk = disk_, .clock = clock_}, .log = log_, .metrics = metrics_});
    return opened.ok() ? std::string("accepted") : opened.error().message;
  };
  EXPECT_THAT(message({.name = "", .kind = FileTarget{"/x"}}), HasSubstr("no name"));
  EXPECT_THAT(message({.name = "a", .kind = WebhookTarget{}}), HasSubstr("target a: webhook needs a url"));
  EXPECT_THAT(message({.name = "a", .kind = WebhookTarget{.url = Secret("http://x"), .body = "${mesage}"}}),
              HasSubstr("did you mean message?"));
  EXPECT_THAT(message({.name = "a", .kind = MailTarget{.server = "mail:25"}}), HasSubstr("smtp://"));
  EXPECT_THAT(message({.name = "a", .kind = SnsTarget{.region = "eu-west-1"}}), HasSubstr("either topic_arn or"));
  EXPECT_THAT(message({.name = "a", .kind = ExecTarget{}}), HasSubstr("needs a command"));
  EXPECT_THAT(message({.name = "a", .kind = MysqlHistoryTarget{.user = "u"}}), HasSubstr("needs a database"));
}

class SmallOutboxTest : public OutboxTest {
 protected:
  SmallOutboxTest() { limits_ = {.events_max = 10, .finished_max = 10, .pending_max = 3}; }
};

TEST_F(SmallOutboxTest, WhatDoesNotFitIsADeadLetter) {
  net_.on_http = [](const HttpRequest&) { return kDown; };
  for (data::Ordinal ordinal = 1; ordinal <= 5; ++ordinal) Ring(ordinal);
  EXPECT_EQ(Deliveries(DeliveryState::kPending).size(), 3U);
  const auto dead = Deliveries(DeliveryState::kDead);
  ASSERT_EQ(dead.size(), 2U);
  EXPECT_THAT(dead[0].last_error, HasSubstr("outbox is full: 3"));
}

TEST_F(SmallOutboxTest, KeepsTheNewestOnly) {
  for (data::Ordinal ordinal = 1; ordinal <= 600; ++ordinal) {
    Ring(ordinal);
    TAILRACE_ASSERT_OK(outbox_->Step());
  }
  EXPECT_LE(Deliveries(DeliveryState::kSent).size(), 10U + 256U);
  EXPECT_EQ(Deliveries(DeliveryState::kSent)[0].text, "message 600");
}

// With real threads: a target that hangs holds back no other, and nothing is lost.
TEST_F(OutboxTest, WorkersServeTargetsBesideEachOther) {
  std::atomic<bool> release{false};
  class HangingNet final : public Net {
   public:
    explicit HangingNet(std::atomic<bool>& release) : release_(release) {}
    Result<HttpResponse> Http(const HttpRequest& request) override {
      if (request.url != "http://boss/") release_.wait(false);
      return HttpResponse{.status = 200};
    }
    Status SendMail(const MailServer&, const Mail&) override { return Ok(); }

   private:
    std::atomic<bool>& release_;
  } net(release);
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto outbox,
      Outbox::Open(targets_, *store_, Rng(2),
                   {.targets = {.net = net, .disk = disk_, .clock = clock_}, .log = log_, .metrics = metrics_}));
  OutboxWorkers workers(*outbox, clock_, log_);
  Ring(1, {"ops", "boss"}, true);
  workers.Wake();
  const auto sent = [&](const char* target) {
    return metrics_.Read("tailrace_alarm_deliveries_sent_total", {{"target", target}});
  };
  while (sent("boss") + sent("history") < 2) std::this_thread::yield();
  EXPECT_EQ(sent("ops"), 0);
  release.store(true);
  release.notify_all();
  while (sent("ops") < 1) std::this_thread::yield();
  EXPECT_EQ(Deliveries(DeliveryState::kSent).size(), 3U);
}

}  // namespace
}  // namespace tailrace::alarm
