#include "ingest/agent/converters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/str.h"
#include "sim/sim_clock.h"

namespace tailrace::ingest {
namespace {

using ::testing::HasSubstr;

class ConvertersTest : public ::testing::Test {
 protected:
  // "SKIPPED: why", "FAILED: why" or the new record.
  std::string Convert(std::string_view options, std::string_view record, std::string_view flow_keys = "") {
    const auto loaded = ParseAgentConfig(StrCat(R"({"flows": [{"filePattern": "/l/a", "kinesisStream": "s", )",
                                                flow_keys, R"( "dataProcessingOptions": [)", options, "]}]}"),
                                         "agent.json");
    if (!loaded.ok()) return StrCat("CONFIG: ", loaded.problems[0].ToString());
    auto chain = ConverterChain::Make(loaded.config.flows[0], clock_, source_);
    if (!chain.ok()) return StrCat("MAKE: ", chain.error().message);
    std::string_view output;
    std::string reason;
    switch (chain->Convert(record, output, reason)) {
      case Converter::Outcome::kConverted:
        return std::string(output);
      case Converter::Outcome::kSkipped:
        return StrCat("SKIPPED: ", reason);
      case Converter::Outcome::kFailed:
        return StrCat("FAILED: ", reason);
    }
    TAILRACE_CHECK(false);
  }
  std::string Log(std::string_view format, std::string_view record) {
    return Convert(StrCat(R"({"optionName": "LOGTOJSON", "logFormat": ")", format, R"("})"), record);
  }
  std::string Csv(std::string_view columns, std::string_view record, std::string_view more = "") {
    return Convert(StrCat(R"({"optionName": "CSVTOJSON", "customFieldNames": )", columns, more, "}"), record);
  }

  sim::SimClock clock_{FromUnixMs(1541034000123)};  // 2018-11-01T01:00:00.123Z
  Ec2MetadataSource* source_ = nullptr;
};

TEST_F(ConvertersTest, CombinedApacheLog) {
  const std::string record =
      "123.45.67.89 - - [27/Oct/2000:09:27:09 -0400] \"GET /java/javaResources.html HTTP/1.0\" 200 10450 \"-\" "
      "\"Mozilla/4.6 [en] (X11; U; OpenBSD 2.8 i386; Nav)\"\n";
  EXPECT_EQ(Log("COMBINEDAPACHELOG", record),
            "{\"host\":\"123.45.67.89\",\"ident\":null,\"authuser\":null,\"datetime\":\"27/Oct/2000:09:27:09 -0400\","
            "\"request\":\"GET /java/javaResources.html HTTP/1.0\",\"response\":\"200\",\"bytes\":\"10450\","
            "\"referer\":null,\"agent\":\"Mozilla/4.6 [en] (X11; U; OpenBSD 2.8 i386; Nav)\"}\n");
  EXPECT_EQ(Log("COMMONAPACHELOG", record),
            "{\"host\":\"123.45.67.89\",\"ident\":null,\"authuser\":null,\"datetime\":\"27/Oct/2000:09:27:09 -0400\","
            "\"request\":\"GET /java/javaResources.html HTTP/1.0\",\"response\":\"200\",\"bytes\":\"10450\"}\n");
}

TEST_F(ConvertersTest, CommonApacheLogEdges) {
  EXPECT_THAT(Log("COMMONAPACHELOG", "h.example.org - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 -\n"),
              HasSubstr("\"authuser\":\"frank\""));
  EXPECT_THAT(Log("COMMONAPACHELOG", "h.example.org - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 -\n"),
              HasSubstr("\"bytes\":null"));
  EXPECT_THAT(Log("COMMONAPACHELOG", "h.example.org - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200\n"),
              HasSubstr("SKIPPED"));
  EXPECT_THAT(Log("COMMONAPACHELOG", "h - - [10/Oct/2000:13:55:36 -0700] \"\" 200 1\n"), HasSubstr("SKIPPED"));
  EXPECT_THAT(Log("COMMONAPACHELOG", "2001:db8::1 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\r\n"),
              HasSubstr("\"host\":\"2001:db8::1\""));
}

TEST_F(ConvertersTest, QuotesAndForeignBytesInTheUserAgentLoseNothing) {
  const std::string out = Log("COMBINEDAPACHELOG",
                              "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1 \"-\" "
                              "\"say \\\"hi\\\" \xE9\"\n");
  EXPECT_THAT(out, HasSubstr("\"agent\":\"say \\\\\\\"hi\\\\\\\" \xEF\xBF\xBD\"}"));
}

TEST_F(ConvertersTest, ApacheErrorLog) {
  EXPECT_EQ(Log("APACHEERRORLOG",
                "[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708:tid 4328636416] [client 72.15.99.187] "
                "File does not exist: /usr/local/apache2/htdocs/favicon.ico\n"),
            "{\"timestamp\":\"Fri Sep 09 10:42:29.902022 2011\",\"module\":\"core\",\"severity\":\"error\","
            "\"processid\":\"35708\",\"threadid\":\"4328636416\",\"client\":\"72.15.99.187\","
            "\"message\":\"File does not exist: /usr/local/apache2/htdocs/favicon.ico\"}\n");
  EXPECT_EQ(Log("APACHEERRORLOG", "[Fri Sep 09 10:42:29 2011] [error] [pid 35708] [client 1.2.3.4:80] x\n"),
            "{\"timestamp\":\"Fri Sep 09 10:42:29 2011\",\"module\":null,\"severity\":\"error\","
            "\"processid\":\"35708\",\"threadid\":null,\"client\":\"1.2.3.4:80\",\"message\":\"x\"}\n");
}

TEST_F(ConvertersTest, Syslog) {
  EXPECT_EQ(Log("SYSLOG", "Mar 12 12:00:08 server2 rcd[308]: Loaded 12 packages\n"),
            "{\"timestamp\":\"Mar 12 12:00:08\",\"hostname\":\"server2\",\"program\":\"rcd\",\"processid\":\"308\","
            "\"message\":\"Loaded 12 packages\"}\n");
  EXPECT_EQ(Log("SYSLOG", "Mar  2 12:00:08 server2 su: -\n"),
            "{\"timestamp\":\"Mar  2 12:00:08\",\"hostname\":\"server2\",\"program\":\"su\",\"processid\":null,"
            "\"message\":\"-\"}\n");
  EXPECT_EQ(Log("RFC3339SYSLOG", "2018-11-01T01:00:00.5+02:00 h app/x[1]: m\n"),
            "{\"timestamp\":\"2018-11-01T01:00:00.5+02:00\",\"hostname\":\"h\",\"program\":\"app/x\","
            "\"processid\":\"1\",\"message\":\"m\"}\n");
  EXPECT_THAT(Log("RFC3339SYSLOG", "Mar 12 12:00:08 server2 rcd: x\n"), HasSubstr("SKIPPED: does not match"));
}

TEST_F(ConvertersTest, OwnPattern) {
  const std::string option =
      R"({"optionName": "LOGTOJSON", "logFormat": "COMMONAPACHELOG", "matchPattern": "(\\w+)\\t(\\S+)(?: (x))?",
          "customFieldNames": ["a", "b", "c"]})";
  EXPECT_EQ(Convert(option, "one\t-\n"), "{\"a\":\"one\",\"b\":null,\"c\":null}\n");
  EXPECT_EQ(Convert(option, "one\ttwo x\n"), "{\"a\":\"one\",\"b\":\"two\",\"c\":\"x\"}\n");
  EXPECT_THAT(Convert(option, "one two\n"), HasSubstr("SKIPPED"));
  EXPECT_THAT(Convert(R"json({"optionName": "LOGTOJSON", "logFormat": "SYSLOG", "matchPattern": "(\\w+)(.*)",
                          "customFieldNames": ["a"]})json",
                      "x\n"),
              HasSubstr("SKIPPED: pattern has 2 groups for 1 field names"));
}

TEST_F(ConvertersTest, CsvAsTheAgentsOwnTest) {
  const std::string columns = R"(["column1", "column2", "column3", "column4"])";
  const std::string expected =
      "{\"column1\":\"value1\",\"column2\":\" value2\",\"column3\":\"value3\",\"column4\":null}\n";
  EXPECT_EQ(Csv(columns, "value1, value2,value3\n"), expected);
  EXPECT_EQ(Csv(columns, "value1, value2,value3\n", R"(, "csvMode": "naive")"), expected);
  EXPECT_EQ(Csv(columns, "value1\t value2\tvalue3\n", R"(, "delimiter": "\\t")"), expected);
  EXPECT_EQ(Csv(columns, "value1| value2|value3\n", R"(, "delimiter": "\\|")"), expected);
  EXPECT_EQ(Csv(columns, "value1;; value2;value3\n", R"(, "delimiter": ";+")"), expected);
  EXPECT_EQ(Csv(columns, "1,2,3,4,5\n"), "{\"column1\":\"1\",\"column2\":\"2\",\"column3\":\"3\",\"column4\":\"4\"}\n");
  EXPECT_EQ(Csv(columns, "1,,3,,\n"), "{\"column1\":\"1\",\"column2\":\"\",\"column3\":\"3\",\"column4\":null}\n");
  EXPECT_EQ(Csv(columns, ",,\n"), "{\"column1\":null,\"column2\":null,\"column3\":null,\"column4\":null}\n");
  EXPECT_EQ(Csv(columns, "\n"), "{\"column1\":\"\",\"column2\":null,\"column3\":null,\"column4\":null}\n");
}

TEST_F(ConvertersTest, C1_2_CsvQuotesInBothModes) {
  const std::string columns = R"(["a", "b", "c"])";
  const std::string record = "1,\"BAKING SET 9 PIECE, RETROSPOT \",\"say \"\"hi\"\"\nthere\"\r\n";
  EXPECT_EQ(Csv(columns, record),
            "{\"a\":\"1\",\"b\":\"BAKING SET 9 PIECE, RETROSPOT \",\"c\":\"say \\\"hi\\\"\\nthere\"}\n");
  EXPECT_EQ(Csv(columns, "1,\"BAKING, RETROSPOT \",2\r\n", R"(, "csvMode": "naive")"),
            "{\"a\":\"1\",\"b\":\"\\\"BAKING\",\"c\":\" RETROSPOT \\\"\"}\n");
  EXPECT_EQ(Csv(columns, "5\" pipe,x\"y,\"\"\n"), "{\"a\":\"5\\\" pipe\",\"b\":\"x\\\"y\",\"c\":\"\"}\n");
  EXPECT_EQ(Csv(columns, "\"a\"b,\"open,c\n"), "{\"a\":\"ab\",\"b\":\"open,c\",\"c\":null}\n");
  EXPECT_EQ(Csv(columns, "1,2,3\r\n"), "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n");
}

TEST_F(ConvertersTest, C1_3_Latin1IsDecodedOrRepaired) {
  EXPECT_EQ(Csv(R"(["a"])", "caf\xE9\n"), "{\"a\":\"caf\xEF\xBF\xBD\"}\n");
  EXPECT_EQ(Convert(R"({"optionName": "CSVTOJSON", "customFieldNames": ["a"]})", "caf\xE9\n",
                    R"("sourceEncoding": "latin-1",)"),
            "{\"a\":\"caf\xC3\xA9\"}\n");
  EXPECT_EQ(Convert("", "caf\xE9\n", R"("sourceEncoding": "latin-1",)"), "caf\xC3\xA9\n");
}

TEST_F(ConvertersTest, SingleLine) {
  EXPECT_EQ(Convert(R"({"optionName": "SINGLELINE"})", "{ \n  \"a\": 1 \n}\n\n"), "{\"a\": 1}\n");
  EXPECT_EQ(Convert(R"({"optionName": "SINGLELINE", "parseOptions": ["NO_TRIM"]})", " a \n b\n"), " a  b\n");
  EXPECT_EQ(Convert(R"({"optionName": "SINGLELINE", "parseOptions": ["ESCAPE_NEW_LINE"]})", " a \n b\n"), "a\\\\nb\n");
}

TEST_F(ConvertersTest, MetadataAndBrackets) {
  EXPECT_EQ(Convert(R"({"optionName": "ADDMETADATA", "timestamp": "true", "metadata": {"k": "v", "n": {"x": 1}}})",
                    "foo bar\n"),
            "{\"ts\":\"2018-11-01T01:00:00.123Z\",\"metadata\":{\"k\":\"v\",\"n\":{\"x\":1}},\"data\":\"foo bar\"}\n");
  EXPECT_EQ(Convert(R"({"optionName": "ADDMETADATA", "timestamp": true, "metadata": {"k": "v"}})", "foo\n"),
            "{\"metadata\":{\"k\":\"v\"},\"data\":\"foo\"}\n");
  EXPECT_EQ(Convert(R"({"optionName": "ADDBRACKETS"})", "\"a\": 1\n"), "{\"a\": 1\n}");
  EXPECT_EQ(
      Convert(R"({"optionName": "CSVTOJSON", "customFieldNames": ["a", "b"], "jsonFormat": "PRETTYPRINT"})", "1\n"),
      "{\n  \"a\" : \"1\",\n  \"b\" : null\n}\n");
}

class FixedMetadata final : public Ec2MetadataSource {
 public:
  Result<Ec2Metadata> Fetch() override {
    ++fetched;
    return Ec2Metadata{.private_ip = "10.0.0.1", .region = "eu-west-1", .tags = {{"name", "web"}}};
  }
  int fetched = 0;
};

TEST_F(ConvertersTest, Ec2Metadata) {
  const std::string option = R"({"optionName": "ADDEC2METADATA", "logFormat": "RFC3339SYSLOG", "metadataTTL": 60})";
  EXPECT_EQ(Convert(option, "{\"a\":1}\n"),
            "{\"a\":1,\"privateIp\":null,\"availabilityZone\":null,\"instanceId\":null,\"instanceType\":null,"
            "\"accountId\":null,\"amiId\":null,\"region\":null,\"metadataTimestamp\":\"2018-11-01T01:00:00+0000\","
            "\"tags\":{}}\n");
  FixedMetadata source;
  source_ = &source;
  EXPECT_EQ(Convert(option, "{\"region\":\"x\",\"a\":1}\n"),
            "{\"region\":\"eu-west-1\",\"a\":1,\"privateIp\":\"10.0.0.1\",\"availabilityZone\":null,"
            "\"instanceId\":null,\"instanceType\":null,\"accountId\":null,\"amiId\":null,"
            "\"metadataTimestamp\":\"2018-11-01T01:00:00+0000\",\"tags\":{\"name\":\"web\"}}\n");
  EXPECT_EQ(source.fetched, 1);
  EXPECT_THAT(Convert(option, "no json\n"), HasSubstr("FAILED: ADDEC2METADATA needs a JSON object"));
}

// The instance metadata service, version 2: a token first, tags only where they are allowed.
class MetadataNet final : public Net {
 public:
  Result<HttpResponse> Http(const HttpRequest& request) override {
    const std::string path = request.url.substr(std::string("http://md").size());
    if (path == "/latest/api/token" && request.method == "PUT") return HttpResponse{.status = 200, .body = "secret"};
    if (request.headers.empty() || request.headers[0].second != "secret") return HttpResponse{.status = 401};
    const auto found = pages.find(path);
    return found == pages.end() ? HttpResponse{.status = 404} : HttpResponse{.status = 200, .body = found->second};
  }
  Status SendMail(const MailServer&, const Mail&) override { return Error{ErrorCode::kUnsupported, "no mail"}; }
  std::map<std::string, std::string> pages;
};

TEST(InstanceMetadataServiceTest, ReadsDocumentAndTags) {
  MetadataNet net;
  InstanceMetadataService service(net, "http://md");
  EXPECT_FALSE(service.Fetch().ok());
  net.pages["/latest/dynamic/instance-identity/document"] =
      R"({"privateIp": "10.0.0.1", "imageId": "ami-1", "region": "eu-west-1", "kernelId": null})";
  auto metadata = service.Fetch();
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->private_ip, "10.0.0.1");
  EXPECT_EQ(metadata->image_id, "ami-1");
  EXPECT_EQ(metadata->account_id, "");
  EXPECT_TRUE(metadata->tags.empty());
  net.pages["/latest/meta-data/tags/instance/"] = "Name\nStage";
  net.pages["/latest/meta-data/tags/instance/Name"] = "web";
  net.pages["/latest/meta-data/tags/instance/Stage"] = "test";
  metadata = service.Fetch();
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->tags, (std::vector<std::pair<std::string, std::string>>{{"name", "web"}, {"stage", "test"}}));
}

TEST_F(ConvertersTest, OptionsApplyInOrder) {
  EXPECT_EQ(Convert(R"({"optionName": "SINGLELINE"}, {"optionName": "CSVTOJSON", "customFieldNames": ["a", "b"]},
                       {"optionName": "ADDMETADATA", "metadata": 7})",
                    " 1,\n 2 \n"),
            "{\"metadata\":7,\"data\":\"{\\\"a\\\":\\\"1\\\",\\\"b\\\":\\\"2\\\"}\"}\n");
}

}  // namespace
}  // namespace tailrace::ingest
