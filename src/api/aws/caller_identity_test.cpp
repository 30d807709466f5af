#include "api/aws/caller_identity.h"

#include <gtest/gtest.h>

namespace tailrace::api::aws {
namespace {

http::Request Form(std::string body) {
  return {.method = "POST",
          .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
          .body = std::move(body)};
}

TEST(CallerIdentityTest, KnowsItsRequestAndNoOther) {
  EXPECT_TRUE(AsksForCallerIdentity(Form("Action=GetCallerIdentity&Version=2011-06-15")));
  EXPECT_TRUE(AsksForCallerIdentity(Form("Version=2011-06-15&Action=GetCallerIdentity&")));
  EXPECT_FALSE(AsksForCallerIdentity(Form("Action=AssumeRole&Version=2011-06-15")));
  EXPECT_FALSE(AsksForCallerIdentity(Form("user=Action=GetCallerIdentity&Version=2011-06-15")));
  http::Request json = Form("Action=GetCallerIdentity&Version=2011-06-15");
  json.headers[0].second = "application/json";
  EXPECT_FALSE(AsksForCallerIdentity(json));
}

TEST(CallerIdentityTest, AnswersInTheServicesForm) {
  EXPECT_EQ(CallerIdentityXml({.region = "eu-central-1", .account = "123456789012", .principal = "a<b>&c"}, "id-1"),
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
            "<Arn>arn:aws:iam::123456789012:user/a&lt;b&gt;&amp;c</Arn><UserId>a&lt;b&gt;&amp;c</UserId>"
            "<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id-1</RequestId>"
            "</ResponseMetadata></GetCallerIdentityResponse>");
  EXPECT_EQ(QueryErrorXml({"AccessDeniedException", "no & never", 403}, "id-2"),
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
            "<Code>AccessDeniedException</Code><Message>no &amp; never</Message></Error><RequestId>id-2</RequestId>"
            "</ErrorResponse>");
}

}  // namespace
}  // namespace tailrace::api::aws
