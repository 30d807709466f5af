#include "alarm/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alarm/alarm_test_support.h"
#include "alarm/text_template.h"
#include "base/hash.h"
#include "base/sigv4.h"
#include "base/str.h"
#include "sim/sim.h"

namespace tailrace::alarm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Timestamp kTime = FromUnixMs(1'541'034'002'900);  // 2018-11-01 01:00:02.9 UTC
constexpr const char* kKey = "00112233445566778899aabbccddeeff";

class TargetTest : public testing::Test {
 protected:
  std::unique_ptr<Target> Make(TargetKind kind) {
    auto made = MakeTarget({.name = "t", .kind = std::move(kind)},
                           {.net = net_, .disk = disk_, .clock = clock_, .run_command = [this](const Command& command) {
                              commands_.push_back(command);
                              return Result<CommandResult>(CommandResult{.exit_code = exit_code_});
                            }});
    EXPECT_TRUE(sim::IsOk(made));
    return *std::move(made);
  }
  Delivery TestDelivery() const {
    return {.id = 1,
            .target = "t",
            .idempotency_key = kKey,
            .message = {.alarm = "order-flood",
                        .key = "k",
                        .time = kTime,
                        .ordinal = 9,
                        .subject = "Mywebsite Order Rate Alarm",
                        .text = "say \"30\" & more",
                        .value = 30,
                        .suppressed = 2,
                        .max = 150.5,
                        .row_json = R"({"ORDER_COUNT":30})"}};
  }
  Attempt Deliver(Target& target, const Delivery& delivery) {
    return target.Deliver({.delivery = delivery, .text = delivery.message.text, .now = kTime});
  }

  FakeNet net_;
  sim::SimDisk disk_{Rng(1)};
  sim::SimClock clock_{kTime};
  std::vector<Command> commands_;
  int exit_code_ = 0;
};

constexpr const char* kJson =
    R"({"alarm":"order-flood","key":"k","state":"firing","time":"2018-11-01T01:00:02.900Z",)"
    R"("subject":"Mywebsite Order Rate Alarm","message":"say \"30\" & more","value":30,"suppressed":2,"max":150.5,)"
    R"("delayed":false,"idempotency_key":"00112233445566778899aabbccddeeff","row":{"ORDER_COUNT":30}})";

TEST_F(TargetTest, WebhookPostsTheObject) {
  const auto target = Make(WebhookTarget{.url = Secret("http://hook/"), .headers = {{"X-Key", Secret("s3cret")}}});
  TAILRACE_EXPECT_OK(Deliver(*target, TestDelivery()).status);
  ASSERT_EQ(net_.requests.size(), 1U);
  const HttpRequest& request = net_.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://hook/");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "Idempotency-Key"), kKey);
  EXPECT_EQ(HeaderOf(request, "X-Key"), "s3cret");
  EXPECT_EQ(HeaderOf(request, "X-Tailrace-Signature"), "");
  EXPECT_EQ(request.body, kJson);
}

TEST_F(TargetTest, WebhookSignsTheBody) {
  const auto target = Make(WebhookTarget{.url = Secret("http://hook/"), .signing_key = Secret("key"), .body = "x"});
  Deliver(*target, TestDelivery());
  // printf '1541034002.x' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(HeaderOf(net_.requests[0], "X-Tailrace-Signature"),
            "t=1541034002,v1=7a7f1819fdfe6c6ecc9502d8811206943e90a7dd4d36d4642a9a67cce4327e0e");
}

TEST_F(TargetTest, WebhookTakesABodyOfYourOwn) {
  const auto target =
      Make(WebhookTarget{.url = Secret("http://hook/"), .body = R"({"text": "${subject}: ${message} $${x} ${max}"})"});
  Deliver(*target, TestDelivery());
  EXPECT_EQ(net_.requests[0].body, R"({"text": "Mywebsite Order Rate Alarm: say \"30\" & more ${x} 150.5"})");
}

TEST_F(TargetTest, SmsFillsItsTemplates) {
  const auto target = Make(SmsTarget{.url = Secret("https://gateway/send?key=s3cret&to=${to}"),
                                     .body = Secret("recipient=${to}&text=${message}"),
                                     .to = "+491701234567"});
  Deliver(*target, TestDelivery());
  const HttpRequest& request = net_.requests[0];
  EXPECT_EQ(request.url, "https://gateway/send?key=s3cret&to=%2B491701234567");
  EXPECT_EQ(request.body, "recipient=%2B491701234567&text=say%20%2230%22%20%26%20more");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(TargetTest, SnsPublishesToATopic) {
  const auto target = Make(SnsTarget{.region = "eu-central-1",
                                     .access_key_id = "AKIDEXAMPLE",
                                     .secret_access_key = Secret("s3cret"),
                                     .topic_arn = "arn:aws:sns:eu-central-1:123456789012:website-alarm"});
  Delivery delivery = TestDelivery();
  delivery.message.subject = std::string(60, 'a') + "\n" + std::string(60, 'b');
  Deliver(*target, delivery);
  const HttpRequest& request = net_.requests[0];
  EXPECT_EQ(request.url, "https://sns.eu-central-1.amazonaws.com/");
  EXPECT_EQ(request.body,
            StrCat("Action=Publish&Version=2010-03-31&Message=say%20%2230%22%20%26%20more&TopicArn=arn%3Aaws%3Asns%3A"
                   "eu-central-1%3A123456789012%3Awebsite-alarm&Subject=",
                   std::string(60, 'a'), "%20", std::string(38, 'b')));
  const auto authorization = sigv4::ParseAuthorization(HeaderOf(request, "Authorization"));
  TAILRACE_ASSERT_OK(authorization);
  EXPECT_EQ(authorization->scope.ToString(), "20181101/eu-central-1/sns/aws4_request");
  EXPECT_THAT(authorization->signed_headers, ElementsAre("content-type", "host", "x-amz-date"));
}

TEST_F(TargetTest, SnsPublishesToAPhoneAndToFifo) {
  SnsTarget sns{.endpoint = "http://127.0.0.1:4100/",
                .region = "us-east-1",
                .access_key_id = "a",
                .secret_access_key = Secret("b"),
                .phone_number = "+4912345"};
  Deliver(*Make(sns), TestDelivery());
  EXPECT_EQ(net_.requests[0].url, "http://127.0.0.1:4100/");
  EXPECT_THAT(net_.requests[0].body, HasSubstr("&PhoneNumber=%2B4912345"));
  EXPECT_THAT(net_.requests[0].body, Not(HasSubstr("Subject")));
  sns.phone_number.clear();
  sns.topic_arn = "arn:aws:sns:us-east-1:1:t.fifo";
  Deliver(*Make(sns), TestDelivery());
  EXPECT_THAT(net_.requests[1].body, HasSubstr(StrCat("&MessageDeduplicationId=", kKey)));
}

TEST_F(TargetTest, TellsPassingFromFinalAnswers) {
  const auto target = Make(WebhookTarget{.url = Secret("http://hook/")});
  const auto code = [&](int status) {
    net_.on_http = [status](const HttpRequest&) { return HttpResponse{.status = status}; };
    const Attempt attempt = Deliver(*target, TestDelivery());
    return attempt.status.ok() ? "ok" : ErrorCodeName(attempt.status.error().code);
  };
  for (const int status : {200, 201, 202, 204}) EXPECT_EQ(code(status), "ok") << status;
  for (const int status : {301, 401, 403, 404, 408, 425, 429, 500, 502, 503}) {
    EXPECT_EQ(code(status), "Unavailable") << status;
  }
  for (const int status : {400, 405, 410, 413, 422}) EXPECT_EQ(code(status), "InvalidArgument") << status;
}

TEST_F(TargetTest, SnsThrottlingPasses) {
  const auto target =
      Make(SnsTarget{.region = "r", .access_key_id = "a", .secret_access_key = Secret("b"), .topic_arn = "t"});
  const auto error = [&](const char* code) {
    net_.on_http = [code](const HttpRequest&) {
      return HttpResponse{.status = 400, .body = StrCat("<ErrorResponse><Error><Code>", code, "</Code></Error>")};
    };
    return Deliver(*target, TestDelivery()).status.error().ToString();
  };
  EXPECT_EQ(error("Throttled"), "Unavailable: HTTP status 400 Throttled");
  EXPECT_EQ(error("InvalidParameter"), "InvalidArgument: HTTP status 400 InvalidParameter");
}

TEST_F(TargetTest, MailHasTheKeyAsItsId) {
  const auto target = Make(MailTarget{.server = "smtp://mail:587",
                                      .user = "u",
                                      .password = Secret("p"),
                                      .require_tls = true,
                                      .from = "alerts@example.org",
                                      .to = {"ops@example.org"}});
  TAILRACE_EXPECT_OK(Deliver(*target, TestDelivery()).status);
  ASSERT_EQ(net_.mails.size(), 1U);
  EXPECT_EQ(net_.servers[0].password, "p");
  EXPECT_TRUE(net_.servers[0].require_tls);
  EXPECT_THAT(net_.mails[0].to, ElementsAre("ops@example.org"));
  EXPECT_THAT(net_.mails[0].message, HasSubstr("Subject: Mywebsite Order Rate Alarm\r\n"));
  EXPECT_THAT(net_.mails[0].message, HasSubstr(StrCat("Message-ID: <", kKey, "@tailrace.invalid>\r\n")));
  EXPECT_THAT(net_.mails[0].message, HasSubstr("\r\n\r\nsay \"30\" & more\r\n"));
}

TEST_F(TargetTest, ExecRunsTheProgram) {
  const auto target = Make(ExecTarget{.argv = {"/bin/act", "now"}});
  TAILRACE_EXPECT_OK(Deliver(*target, TestDelivery()).status);
  ASSERT_EQ(commands_.size(), 1U);
  EXPECT_THAT(commands_[0].argv, ElementsAre("/bin/act", "now"));
  EXPECT_EQ(commands_[0].input, StrCat(kJson, "\n"));
  exit_code_ = 3;
  EXPECT_EQ(Deliver(*target, TestDelivery()).status.error().ToString(), "Unavailable: /bin/act: exit code 3");
}

TEST_F(TargetTest, FileTakesAMessageOnce) {
  const auto target = Make(FileTarget{.path = "/messages.log"});
  Delivery delivery = TestDelivery();
  TAILRACE_EXPECT_OK(Deliver(*target, delivery).status);
  TAILRACE_EXPECT_OK(Deliver(*target, delivery).status);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string once, ReadFile(disk_, "/messages.log"));
  EXPECT_EQ(once, StrCat(kJson, "\n"));
  delivery.idempotency_key = std::string(32, 'f');
  TAILRACE_EXPECT_OK(Deliver(*target, delivery).status);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string twice, ReadFile(disk_, "/messages.log"));
  EXPECT_THAT(twice, HasSubstr(std::string(32, 'f')));
  EXPECT_EQ(std::ranges::count(twice, '\n'), 2);
}

// Whatever a power failure leaves of an append, the repeated attempt makes a file of whole lines, each message once.
TEST_F(TargetTest, FileMendsATornAppend) {
  for (const uint64_t seed : sim::Seeds()) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    sim::SimDisk disk(rng.Fork());
    const auto make = [&] {
      return MakeTarget({.name = "t", .kind = FileTarget{"/m"}}, {.net = net_, .disk = disk, .clock = clock_}).value();
    };
    Delivery first = TestDelivery();
    Delivery second = TestDelivery();
    second.idempotency_key = std::string(32, 'f');
    TAILRACE_ASSERT_OK(Deliver(*make(), first).status);
    disk.SetFaults({.ops_before_crash = rng.Below(3)});
    const bool taken = Deliver(*make(), second).status.ok();
    disk.Restart();
    if (!taken) {
      TAILRACE_ASSERT_OK(Deliver(*make(), second).status);
    }
    TAILRACE_ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(disk, "/m"));
    const std::string json(kJson);
    const size_t key = json.find(kKey);
    const std::string other = StrCat(json.substr(0, key), second.idempotency_key, json.substr(key + 32));
    EXPECT_EQ(text, StrCat(json, "\n", other, "\n"));
  }
}

TEST_F(TargetTest, SqliteHistoryTakesARowOnce) {
  const TemporaryFolder folder;
  TAILRACE_ASSERT_OK_AND_ASSIGN(
      const auto history, MakeHistoryTarget({.name = "h", .kind = SqliteHistoryTarget{.path = folder / "history.db"}}));
  Delivery delivery = TestDelivery();
  delivery.message.history = {{.time = kTime, .value = 30}, {.time = kTime + std::chrono::hours(24 * 31), .value = 41}};
  TAILRACE_EXPECT_OK(Deliver(*history, delivery).status);
  TAILRACE_EXPECT_OK(Deliver(*history, delivery).status);
  delivery.idempotency_key = std::string(32, 'f');
  delivery.message.history = {{.time = kTime, .value = std::nullopt}};
  TAILRACE_EXPECT_OK(Deliver(*history, delivery).status);
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto months, history->MonthlySummary());
  EXPECT_THAT(months, ElementsAre(MonthSummary{.month = "2018-11", .alarms = 2, .orders_max = 30},
                                  MonthSummary{.month = "2018-12", .alarms = 1, .orders_max = 41}));
  TAILRACE_ASSERT_OK_AND_ASSIGN(const auto rows, history->NewestRows(1));
  EXPECT_THAT(rows, ElementsAre(HistoryRow{.time = FromUnixMs(1'543'712'402'000), .value = 41}));
}

TEST(TextTemplateTest, ParsesAndRenders) {
  const auto render = [](std::string_view text, Escape escape = Escape::kNone) {
    const auto parsed = TextTemplate::Parse(text);
    if (!parsed.ok()) return parsed.error().message;
    return parsed->Render([](const std::string& name) { return StrCat("<", name, "\">"); }, escape);
  };
  EXPECT_EQ(render("plain $ {} text"), "plain $ {} text");
  EXPECT_EQ(render("a${ b }c${d}"), "a<b\">c<d\">");
  EXPECT_EQ(render("$${b}"), "${b}");
  EXPECT_EQ(render("${b}", Escape::kJsonString), "<b\\\">");
  EXPECT_EQ(render("${b}", Escape::kPercent), "%3Cb%22%3E");
  EXPECT_THAT(render("x ${b"), HasSubstr("no }"));
  EXPECT_THAT(render("${}"), HasSubstr("names nothing"));
  EXPECT_EQ(EscapeFor("application/json; charset=utf-8"), Escape::kJsonString);
  EXPECT_EQ(EscapeFor("text/plain"), Escape::kNone);
}

TEST(TargetKindsTest, EveryKindHasItsEntry) {
  EXPECT_EQ(TargetKinds().size(), std::variant_size_v<TargetKind>);
  EXPECT_EQ(KindOf({.kind = WebhookTarget{}}).name, "webhook");
  EXPECT_EQ(KindOf({.kind = ExecTarget{}}).name, "exec");
  EXPECT_EQ(KindOf({.kind = MysqlHistoryTarget{}}).name, "mysql");
}

}  // namespace
}  // namespace tailrace::alarm
