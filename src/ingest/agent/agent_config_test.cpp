#include "ingest/agent/agent_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/os/posix_disk.h"
#include "base/str.h"

namespace tailrace::ingest {
namespace {

using ::testing::HasSubstr;

std::string Problems(const LoadedAgentConfig& loaded) {
  std::string text;
  for (const ConfigProblem& problem : loaded.problems) text += problem.ToString() + "\n";
  return text;
}

LoadedAgentConfig Flow(std::string_view keys) {
  return ParseAgentConfig(
      StrCat(R"({"flows": [{"filePattern": "/l/a.log", "kinesisStream": "s")", keys.empty() ? "" : ", ", keys, "}]}"),
      "agent.json");
}

TEST(AgentConfigTest, ReadsTheAccessLogExample) {
  const auto loaded = ParseAgentConfig(R"({
  "cloudwatch.emitMetrics": true,
  "kinesis.endpoint": "https://kinesis.ap-southeast-1.amazonaws.com",
  "firehose.endpoint": "",

  "flows": [
    {
      "filePattern": "/var/log/apache2/access.log",
      "kinesisStream": "web-access-log",
      "partitionKeyOption": "RANDOM"
    }
  ]
})",
                                       "agent.json");
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  EXPECT_TRUE(loaded.problems.empty()) << Problems(loaded);
  EXPECT_EQ(loaded.config.kinesis_endpoint, "https://kinesis.ap-southeast-1.amazonaws.com");
  ASSERT_EQ(loaded.config.flows.size(), 1u);
  const FlowConfig& flow = loaded.config.flows[0];
  EXPECT_EQ(flow.id, "kinesis:web-access-log:/var/log/apache2/access.log");
  EXPECT_EQ(flow.initial_position, InitialPosition::kEndOfFile);
  EXPECT_EQ(flow.buffer_age_max, Milliseconds(1000));
  EXPECT_EQ(flow.buffer_records_max, 500u);
  EXPECT_EQ(flow.buffer_bytes_max, 5u << 20);
  EXPECT_TRUE(flow.processing.empty());
}

TEST(AgentConfigTest, ReadsTheBeaconExampleWithNumbersAsStringsAndComments) {
  const auto loaded = ParseAgentConfig(R"(/* beacons */ {
  "maxBufferAgeMillis": "1000", // belongs into the flow
  "cloudwatch.emitMetrics": "no",
  "firehose.endpoint": "http://127.0.0.1:4573",
  "flows": [{
    "filePattern": "/var/log/httpd/access_log*",
    "deliveryStream": "beacons",
    "partitionKeyOption": "RANDOM",
    "maxBufferAgeMillis": "1000",
    "dataProcessingOptions": [{
      "optionName": "LOGTOJSON", "logFormat": "COMBINEDAPACHELOG",
      "matchPattern": "^([\\d.]+) (\\S+)$", "customFieldNames": ["host", "ident"]
    }]
  }]
})",
                                       "agent.json");
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.problems[0].key_path, "maxBufferAgeMillis");
  EXPECT_FALSE(loaded.problems[0].is_error);
  const FlowConfig& flow = loaded.config.flows.at(0);
  EXPECT_EQ(flow.id, "fh:beacons:/var/log/httpd/access_log*");
  EXPECT_EQ(flow.buffer_bytes_max, 4u << 20);
  const auto& option = std::get<LogToJsonOption>(flow.processing.at(0));
  EXPECT_EQ(option.match_pattern, "^([\\d.]+) (\\S+)$");
  EXPECT_EQ(option.field_names, (std::vector<std::string>{"host", "ident"}));
}

TEST(AgentConfigTest, EveryKeyOfTheListIsAccepted) {
  const auto value = [](const AgentKey& key) -> std::string {
    switch (key.kind) {
      case KeyKind::kInteger:
        return StrCat(key.minimum);
      case KeyKind::kBoolean:
        return "true";
      case KeyKind::kTextList:
        return "[\"a\"]";
      case KeyKind::kChoice:
        return StrCat("\"", Split(key.choices, ' ')[0], "\"");
      case KeyKind::kChoiceList:
        return StrCat("[\"", Split(key.choices, ' ')[0], "\"]");
      case KeyKind::kAny:
        return "null";
      case KeyKind::kText:
        return "\"a\"";
    }
    TAILRACE_CHECK(false);
  };
  std::string text = "{";
  for (const AgentKey& key : GlobalKeys()) {
    if (key.name != "flows") text += StrCat("\"", key.name, "\": ", value(key), ",");
  }
  text += R"("flows": [{"filePattern": "/l/a", "kinesisStream": "s")";
  for (const AgentKey& key : FlowKeys()) {
    if (key.name == "filePattern" || key.name == "kinesisStream" || key.name == "deliveryStream") continue;
    if (key.name == "dataProcessingOptions") continue;
    text += StrCat(",\"", key.name, "\": ", value(key));
  }
  text += ",\"dataProcessingOptions\": [{";
  for (const AgentKey& key : ProcessingKeys()) text += StrCat("\"", key.name, "\": ", value(key), ",");
  text.back() = '}';
  const auto loaded = ParseAgentConfig(text + "]}]}", "agent.json");
  EXPECT_TRUE(loaded.problems.empty()) << Problems(loaded);
}

TEST(AgentConfigTest, ComplaintsNameKeyPlaceAndCure) {
  const auto loaded = ParseAgentConfig(
      "{\n  \"flows\": [\n    {\"filePatern\": \"/l/a.log\",\n     \"kinesisStream\": \"s\",\n"
      "     \"maxBufferAgeMillis\": 900001,\n     \"skipHeaderLines\": \"one\"}\n  ]\n}",
      "agent.json");
  EXPECT_FALSE(loaded.ok());
  const std::string problems = Problems(loaded);
  EXPECT_THAT(problems, HasSubstr("agent.json:3:6: warning: flows[0].filePatern: unknown key, ignored; did you mean "
                                  "'filePattern'?"));
  EXPECT_THAT(problems, HasSubstr("agent.json:5:28: error: flows[0].maxBufferAgeMillis: value out of range: 900001, "
                                  "allowed 0 to 900000"));
  EXPECT_THAT(problems, HasSubstr("agent.json:6:25: error: flows[0].skipHeaderLines: expected an integer"));
  EXPECT_THAT(problems, HasSubstr("error: flows[0].filePattern: required"));
}

TEST(AgentConfigTest, RefusesWhatCannotWork) {
  const auto refused = [](std::string_view keys, std::string_view message) {
    const auto loaded = Flow(keys);
    EXPECT_FALSE(loaded.ok()) << keys;
    EXPECT_THAT(Problems(loaded), HasSubstr(message)) << keys;
  };
  refused(R"("initialPosition": "MIDDLE")", "unknown value 'MIDDLE', expected one of: END_OF_FILE START_OF_FILE");
  refused(R"("multiLineStartPattern": "[")", "flows[0].multiLineStartPattern: regular expression '['");
  refused(R"("deliveryStream": "d")", "both kinesisStream and deliveryStream");
  refused(R"("maxBufferSizeRecords": 501)", "allowed 1 to 500");
  refused(R"("maxBufferSizeRecords": true)", "expected an integer");
  refused(R"("dataProcessingOptions": [{"optionName": "CSVTOJSON"}])", "customFieldNames: required by CSVTOJSON");
  refused(R"("dataProcessingOptions": [{"optionName": "LOGTOJSON"}])", "logFormat: required by LOGTOJSON");
  refused(
      R"json("dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "SYSLOG", "matchPattern": "(a)"}])json",
      "customFieldNames: required beside matchPattern");
  refused(R"("dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "SYSLOG", "customFieldNames": ["a"]}])",
          "1 names for a format of 5 fields");
  refused(R"("dataProcessingOptions": [{"optionName": "USINGPLUGGIN", "className": "a.B"}])", "loads a Java class");
  refused(R"("dataProcessingOptions": {"optionName": "SINGLELINE"})", "expected a list of objects");
  EXPECT_FALSE(ParseAgentConfig(R"({"flows": []})", "a").ok());
  EXPECT_FALSE(ParseAgentConfig(R"({"flows": [{"filePattern": "/l/", "kinesisStream": "s"}]})", "a").ok());
  EXPECT_THAT(Problems(ParseAgentConfig("{\n \"flows\": [,]}", "agent.json")), HasSubstr("agent.json:2:12: error"));
}

TEST(AgentConfigTest, WarnsOfGroupsThatDoNotFitTheNames) {
  const auto loaded = Flow(
      R"json("dataProcessingOptions": [{"optionName": "LOGTOJSON", "logFormat": "SYSLOG", "matchPattern": "(a)(b)",
      "customFieldNames": ["x"]}])json");
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(Problems(loaded), HasSubstr("has 2 groups for 1 customFieldNames"));
}

TEST(AgentConfigTest, SecondFlowWithTheSameIdIsAnError) {
  const auto loaded = ParseAgentConfig(R"({"flows": [{"filePattern": "/l/a", "kinesisStream": "s"},
    {"filePattern": "/l/a", "kinesisStream": "s"}, {"filePattern": "/l/a", "kinesisStream": "t"}]})",
                                       "agent.json");
  EXPECT_THAT(Problems(loaded), HasSubstr("agent.json:2:5: error: flows[1]: a second flow with the id kinesis:s:/l/a"));
  EXPECT_EQ(loaded.problems.size(), 1u);
}

TEST(AgentConfigTest, FolderAddsFlowsOnly) {
  PosixDisk disk;
  const std::string folder = StrCat(::testing::TempDir(), "agent_config_test");
  ASSERT_TRUE(disk.MakeDirectories(folder + "/agent.d").ok());
  ASSERT_TRUE(
      WriteFileAtomically(disk, folder + "/agent.json", R"({"flows": [{"filePattern": "/l/a", "kinesisStream": "s"}]})")
          .ok());
  ASSERT_TRUE(
      WriteFileAtomically(disk, folder + "/agent.d/b.json",
                          R"({"kinesis.region": "x", "flows": [{"filePattern": "/l/b", "kinesisStream": "s"}]})")
          .ok());
  ASSERT_TRUE(WriteFileAtomically(disk, folder + "/agent.d/a.json",
                                  R"({"flows": [{"filePattern": "/l/c", "kinesisStream": "s"}]})")
                  .ok());
  const auto loaded = LoadAgentConfig(disk, folder + "/agent.json", folder + "/agent.d");
  ASSERT_TRUE(loaded.ok()) << Problems(loaded);
  ASSERT_EQ(loaded.config.flows.size(), 3u);
  EXPECT_EQ(loaded.config.flows[1].file_pattern, "/l/c");
  EXPECT_EQ(loaded.config.flows[2].file_pattern, "/l/b");
  EXPECT_EQ(loaded.config.kinesis_region, "");
  EXPECT_THAT(Problems(loaded), HasSubstr("adds only its flows"));
  EXPECT_TRUE(LoadAgentConfig(disk, folder + "/agent.json", folder + "/missing").ok());
  const auto missing = LoadAgentConfig(disk, folder + "/none.json", "");
  EXPECT_FALSE(missing.ok());
  EXPECT_THAT(Problems(missing), HasSubstr("none.json"));
}

}  // namespace
}  // namespace tailrace::ingest
