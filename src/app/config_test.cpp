#include "app/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace tailrace::app {
namespace {

class FakeSource final : public ValueSource {
 public:
  Result<std::string> Environment(const std::string& name) override {
    if (name == "HOOK") return std::string("https://hooks.example/token");
    return Error{ErrorCode::kNotFound, "environment variable " + name + " is not set"};
  }
  Result<std::string> FileText(const std::string& path) override {
    return Error{ErrorCode::kNotFound, "no file " + path};
  }
};

ConfigResult Read(const std::string& text) {
  FakeSource sources;
  return ReadConfig("shop/tailrace.yaml", text, sources);
}

std::vector<std::string> Problems(const std::string& text) {
  std::vector<std::string> lines;
  for (const ConfigProblem& problem : Read(text).problems) lines.push_back(Format(problem));
  return lines;
}

constexpr const char* kMinimal = R"(
streams: {orders: {}}
inputs:
  SOURCE:
    stream: orders
    columns: [{name: a, type: INTEGER}]
sql: a.sql
)";

TEST(ConfigTest, TheOrderFloodExampleIsRead) {
  std::ifstream file(std::string(TAILRACE_SOURCE_DIR) + "/examples/order-flood/tailrace.yaml");
  std::stringstream text;
  text << file.rdbuf();
  const ConfigResult result = Read(text.str());
  ASSERT_TRUE(result.problems.empty()) << Format(result.problems[0]);
  const ApplicationConfig& config = result.config;
  EXPECT_EQ(config.name, "order-flood");
  ASSERT_EQ(config.inputs.size(), 1u);
  EXPECT_EQ(config.inputs[0].schema.columns.size(), 8u);
  EXPECT_EQ(config.inputs[0].schema.columns[0].mapping, "$.InvoiceNo");
  ASSERT_EQ(config.tables.size(), 1u);
  EXPECT_EQ(config.tables[0].hash_key, (std::pair<std::string, AttributeKind>("CustomerID", AttributeKind::kNumber)));
  EXPECT_EQ(config.tables[0].range_key->second, AttributeKind::kString);
  ASSERT_EQ(config.outputs.size(), 2u);
  EXPECT_EQ(config.outputs[1].Name(), "TRIGGER_COUNT_STREAM -> alarm order-flood");
  ASSERT_EQ(config.alarms.size(), 1u);
  EXPECT_EQ(config.alarms[0].alarm.notify.min_interval, std::chrono::seconds(60));
  EXPECT_EQ(config.alarms[0].alarm.notify.subject, "Mywebsite Order Rate Alarm");
  EXPECT_EQ(config.alarms[0].chart->threshold, 30);
  EXPECT_EQ(config.parameters[1].value, (sql::Parameter{"window", "15", true}));
}

constexpr const char* kWithParameters = R"(
parameters: {threshold: 30, quiet: 90s, who: shop}
streams: {orders: {}}
inputs:
  SOURCE:
    stream: orders
    columns: [{name: a, type: INTEGER}]
sql: a.sql
outputs: [{from: S, alarm: flood}]
alarms:
  flood:
    resolve_after: {parameter: quiet}
    chart: {stream: S, column: N, threshold: {parameter: threshold}}
    notify: {subject: "${who}: ${N} of ${threshold}", message: "$${threshold} ${time}", to: [log]}
targets: {log: {file: {path: log}}}
)";

TEST(ConfigTest, ParametersStandForValuesAndInTexts) {
  const ConfigResult result = Read(kWithParameters);
  ASSERT_TRUE(result.problems.empty()) << Format(result.problems[0]);
  const AlarmEntry& alarm = result.config.alarms.at(0);
  EXPECT_EQ(alarm.alarm.resolve_after, std::chrono::seconds(90));
  EXPECT_EQ(alarm.chart->threshold, 30);
  EXPECT_EQ(alarm.alarm.notify.subject, "shop: ${N} of 30");
  EXPECT_EQ(alarm.alarm.notify.message, "$${threshold} ${time}");
  ASSERT_EQ(result.config.parameters.size(), 3u);
  EXPECT_EQ(result.config.parameters[0].value, (sql::Parameter{"threshold", "30", true}));
  EXPECT_FALSE(result.config.parameters[1].value.number);
}

TEST(ConfigTest, OtherValuesMayBeGivenForParametersThatExist) {
  FakeSource sources;
  const ConfigResult other = ReadConfig("t.yaml", kWithParameters, sources, {{"threshold", "45"}});
  ASSERT_TRUE(other.problems.empty());
  EXPECT_EQ(other.config.alarms.at(0).chart->threshold, 45);
  const ConfigResult unknown = ReadConfig("t.yaml", kWithParameters, sources, {{"treshold", "45"}});
  ASSERT_EQ(unknown.problems.size(), 1u);
  EXPECT_EQ(Format(unknown.problems[0]),
            "t.yaml:2:1: the application has no parameter 'treshold'; did you mean 'threshold'?");
}

TEST(ConfigTest, AMinimalFileTakesItsNameFromTheFolder) {
  const ConfigResult result = Read(kMinimal);
  ASSERT_TRUE(result.problems.empty()) << Format(result.problems[0]);
  EXPECT_EQ(result.config.name, "shop");
  EXPECT_EQ(result.config.streams[0].options.retention, std::chrono::hours(24));
}

TEST(ConfigTest, AllErrorsComeAtOnceWithPlaceAndSuggestion) {
  const auto problems = Problems(R"(
streams:
  orders: {shard: 2, retention: long}
inputs:
  SOURCE:
    stream: orders
    columns: [{name: a, type: INTEGR}]
sql: a.sql
)");
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0], "shop/tailrace.yaml:3:19: unknown key 'shard' in streams.orders; did you mean 'shards'?");
  EXPECT_TRUE(problems[1].starts_with("shop/tailrace.yaml:3:33: streams.orders.retention must be a duration"));
  EXPECT_TRUE(problems[2].starts_with("shop/tailrace.yaml:7:31: inputs.SOURCE.columns[0].type")) << problems[2];
}

TEST(ConfigTest, NamesThatReferToNothingAreFound) {
  const auto problems = Problems(std::string(kMinimal) + R"(
outputs:
  - {from: X, alarm: flod}
  - {from: X, table: T, item: {id: "${a}"}}
alarms:
  flood: {notify: {to: [ops], subject: s, message: m}}
)");
  const auto has = [&](const std::string& text) {
    return std::ranges::any_of(problems, [&](const auto& line) { return line.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(has("alarm 'flod' is not defined in this file; did you mean 'flood'?"));
  EXPECT_TRUE(has("table 'T' is not defined in this file"));
  EXPECT_TRUE(has("target 'ops' is not defined in this file"));
  EXPECT_TRUE(has("warning: nothing drives the alarm 'flood'"));
}

TEST(ConfigTest, ASecretComesFromTheEnvironmentAndIsNotPrinted) {
  const ConfigResult result = Read(std::string(kMinimal) + "targets: {ops: {webhook: {url: {env: HOOK}}}}\n");
  ASSERT_TRUE(result.problems.empty()) << Format(result.problems[0]);
  const auto& hook = std::get<alarm::WebhookTarget>(result.config.targets[0].target.kind);
  EXPECT_EQ(hook.url.Reveal(), "https://hooks.example/token");
  EXPECT_EQ(hook.url.ToString(), "***");
  const auto missing = Problems(std::string(kMinimal) + "targets: {ops: {webhook: {url: {env: HOOOK}}}}\n");
  ASSERT_FALSE(missing.empty());
  EXPECT_NE(missing[0].find("environment variable HOOOK is not set"), std::string::npos);
}

TEST(ConfigTest, ASecretInTheFileIsAWarning) {
  const auto problems =
      Problems(std::string(kMinimal) + "targets: {h: {mysql: {database: logs, user: u, password: secret}}}\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("warning: targets.h.mysql.password stands in the file"), std::string::npos);
  EXPECT_EQ(problems[0].find("secret;"), std::string::npos);
}

TEST(ConfigTest, ABrokenFileIsOneErrorWithItsPlace) {
  const auto problems = Problems("streams: {a: [1, 2}\n");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_TRUE(problems[0].starts_with("shop/tailrace.yaml:1:")) << problems[0];
}

TEST(ConfigTest, TheReferenceNamesEveryKey) {
  const std::string text = ConfigReference();
  for (const char* key :
       {"`retention`", "`columns`", "`item`", "`min_interval`", "`signing_key`", "`checkpoint_interval`"}) {
    EXPECT_NE(text.find(key), std::string::npos) << key;
  }
}

}  // namespace
}  // namespace tailrace::app
