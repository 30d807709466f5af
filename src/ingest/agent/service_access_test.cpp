#include "ingest/agent/service_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "sim/sim.h"

namespace tailrace::ingest {
namespace {

using testing::HasSubstr;

EnvironmentReader Environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

ServiceEndpoint Endpoint(const AgentConfig& config, DestinationKind kind = DestinationKind::kStream,
                         std::map<std::string, std::string> environment = {}) {
  auto found = FindServiceEndpoint(config, kind, Environment(std::move(environment)));
  EXPECT_TRUE(found.ok()) << found.error().message;
  return found.ok() ? *found : ServiceEndpoint{};
}

TEST(ServiceAccessTest, FollowsTheRulesOfEndpointAndRegion) {
  EXPECT_EQ(Endpoint({}), (ServiceEndpoint{"https://kinesis.us-east-1.amazonaws.com/", "us-east-1"}));
  EXPECT_EQ(Endpoint({.kinesis_region = "eu-west-1"}),
            (ServiceEndpoint{"https://kinesis.eu-west-1.amazonaws.com/", "eu-west-1"}));
  EXPECT_EQ(Endpoint({}, DestinationKind::kDelivery, {{"AWS_DEFAULT_REGION", "cn-north-1"}}),
            (ServiceEndpoint{"https://firehose.cn-north-1.amazonaws.com.cn/", "cn-north-1"}));
  // A host of the service says its region, another does not.
  EXPECT_EQ(Endpoint({.kinesis_endpoint = "kinesis.ap-south-1.amazonaws.com"}),
            (ServiceEndpoint{"https://kinesis.ap-south-1.amazonaws.com/", "ap-south-1"}));
  EXPECT_EQ(Endpoint({.kinesis_endpoint = "http://127.0.0.1:4567"}, DestinationKind::kStream,
                     {{"AWS_REGION", "eu-north-1"}, {"AWS_DEFAULT_REGION", "eu-south-1"}}),
            (ServiceEndpoint{"http://127.0.0.1:4567/", "eu-north-1"}));
  EXPECT_EQ(Endpoint({.kinesis_endpoint = "https://vpce-1-x.kinesis.us-west-2.vpce.amazonaws.com/",
                      .kinesis_region = "us-west-1"}),
            (ServiceEndpoint{"https://vpce-1-x.kinesis.us-west-2.vpce.amazonaws.com/", "us-west-1"}));
  // kinesis.region says nothing about the other service.
  EXPECT_EQ(Endpoint({.kinesis_region = "eu-west-1", .firehose_endpoint = "firehose.eu-west-3.amazonaws.com"},
                     DestinationKind::kDelivery),
            (ServiceEndpoint{"https://firehose.eu-west-3.amazonaws.com/", "eu-west-3"}));
}

TEST(ServiceAccessTest, RefusesWhatIsNoAddress) {
  for (const std::string endpoint : {"ftp://host", "https://", "http://a b"}) {
    const auto found = FindServiceEndpoint({.kinesis_endpoint = endpoint}, DestinationKind::kStream, Environment({}));
    ASSERT_FALSE(found.ok()) << endpoint;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(found.error().message, HasSubstr("kinesis.endpoint"));
  }
}

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() : disk_(Rng(1), {}) {
    EXPECT_TRUE(disk_.MakeDirectories("/home/web/.aws").ok());
    EXPECT_TRUE(WriteFileAtomically(disk_, "/home/web/.aws/credentials",
                                    "# mine\n[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=s1\n\n"
                                    "[ shop ]\r\nAWS_ACCESS_KEY_ID=AKSHOP\r\naws_secret_access_key = s=2\r\n"
                                    "aws_session_token = t2\r\n")
                    .ok());
  }
  // "key id/secret/token", or the error's text.
  std::string Find(const AgentConfig& config, std::map<std::string, std::string> environment) {
    const auto found = FindAgentCredentials(config, disk_, Environment(std::move(environment)));
    if (!found.ok()) return found.error().message;
    return found->keys.access_key_id + "/" + found->keys.secret_access_key.Reveal() + "/" +
           found->keys.session_token.Reveal();
  }
  sim::SimDisk disk_;
};

TEST_F(CredentialsTest, TakesTheFirstPlaceThatHasKeys) {
  const std::map<std::string, std::string> all = {{"HOME", "/home/web"},
                                                  {"AWS_ACCESS_KEY_ID", "AKENV"},
                                                  {"AWS_SECRET_ACCESS_KEY", "s0"},
                                                  {"AWS_SESSION_TOKEN", "t0"}};
  EXPECT_EQ(Find({.access_key_id = "AKFILE", .secret_access_key = "sf"}, all), "AKFILE/sf/");
  EXPECT_EQ(Find({}, all), "AKENV/s0/t0");
  EXPECT_EQ(Find({}, {{"HOME", "/home/web"}}), "AKDEFAULT/s1/");
  EXPECT_EQ(Find({}, {{"HOME", "/home/web"}, {"AWS_PROFILE", "shop"}}), "AKSHOP/s=2/t2");
  EXPECT_EQ(Find({}, {{"AWS_SHARED_CREDENTIALS_FILE", "/home/web/.aws/credentials"}}), "AKDEFAULT/s1/");
}

TEST_F(CredentialsTest, SaysWhereKeysWereLookedFor) {
  const std::string none = Find({}, {{"HOME", "/home/other"}});
  EXPECT_THAT(none, HasSubstr("awsAccessKeyId"));
  EXPECT_THAT(none, HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(none, HasSubstr("/home/other/.aws/credentials is not there"));
  EXPECT_THAT(Find({}, {{"HOME", "/home/web"}, {"AWS_PROFILE", "x"}}), HasSubstr("has no profile x"));
  EXPECT_THAT(Find({.access_key_id = "AK"}, {}), HasSubstr("the key id without the secret key"));
  EXPECT_THAT(Find({.assume_role_arn = "arn:aws:iam::1:role/r"}, {}), HasSubstr("assumeRoleARN"));
}

}  // namespace
}  // namespace tailrace::ingest
