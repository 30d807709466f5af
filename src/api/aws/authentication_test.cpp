#include "api/aws/authentication.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/sigv4.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr std::string_view kBody = R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"p"})";
constexpr std::string_view kSignature = "57528dfb0703ce5911e2373b2258a3e1ed6c9ca06fce1fd7456ef2d29d5aea91";

// A request that botocore signed at 2026-01-02 03:04:05.
http::Request Signed() {
  return {.method = "POST",
          .target = "/",
          .path = "/",
          .headers = {{"host", "127.0.0.1:4567"},
                      {"x-amz-date", "20260102T030405Z"},
                      {"content-type", "application/x-amz-json-1.1"},
                      {"x-amz-target", "Kinesis_20131202.PutRecord"},
                      {"authorization",
                       StrCat("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
                              "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=",
                              kSignature)}}};
}

AuthenticationRules Rules() {
  AccessKeys keys;
  keys.emplace("AKIDEXAMPLE", AccessKey{"ana", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), ""});
  return {.keys = std::move(keys)};
}

Timestamp At(std::string_view amz_date) { return *sigv4::ParseAmzDate(amz_date); }

// An error's type and message; or nothing and the principal.
using Told = std::pair<std::string, std::string>;

Told Outcome(const http::Request& request, const AuthenticationRules& rules, Timestamp now = At("20260102T030405Z"),
             std::string_view body = kBody) {
  const auto digest = Sha256(body);
  const auto found = Authenticate(request, ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()}), now,
                                  "kinesis", rules);
  if (!found.has_value()) return {found.error().type, found.error().message};
  return {"", found->key == nullptr ? found->access_key_id : found->key->principal};
}

void Replace(http::Request& request, std::string_view name, std::string value) {
  for (auto& [header, text] : request.headers) {
    if (header == name) text = value;
  }
}

TEST(AuthenticationTest, TakesWhatBotocoreSigned) { EXPECT_EQ(Outcome(Signed(), Rules()), Told("", "ana")); }

TEST(AuthenticationTest, RefusesWhatWasChanged) {
  http::Request request = Signed();
  EXPECT_EQ(Outcome(request, Rules(), At("20260102T030405Z"), "{}").first, "InvalidSignatureException");
  Replace(request, "x-amz-target", "Kinesis_20131202.DeleteStream");
  EXPECT_EQ(Outcome(request, Rules()).first, "InvalidSignatureException");
  request = Signed();
  request.target = "/?x=1";
  EXPECT_EQ(Outcome(request, Rules()).first, "InvalidSignatureException");
  request = Signed();
  request.headers.emplace_back("host", "elsewhere");
  EXPECT_EQ(Outcome(request, Rules()).first, "InvalidSignatureException");
}

TEST(AuthenticationTest, KeepsToTheClock) {
  EXPECT_EQ(Outcome(Signed(), Rules(), At("20260102T030905Z")).first, "");
  EXPECT_EQ(
      Outcome(Signed(), Rules(), At("20260102T030906Z")),
      Told("InvalidSignatureException", ("Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z "
                                         "(20260102T030906Z - 5 min.)")));
  EXPECT_EQ(Outcome(Signed(), Rules(), At("20260102T025904Z")).first, "InvalidSignatureException");
}

TEST(AuthenticationTest, KnowsItsKeysOnly) {
  AuthenticationRules rules = Rules();
  auto node = rules.keys->extract("AKIDEXAMPLE");
  node.key() = "OTHER";
  rules.keys->insert(std::move(node));
  EXPECT_EQ(Outcome(Signed(), rules),
            Told("UnrecognizedClientException", "The security token included in the request is invalid."));
}

// X-Amz-Security-Token of temporary keys. It need not be signed: the keys go with no other.
TEST(AuthenticationTest, TemporaryKeysNeedTheirTokenAndEnd) {
  const Told invalid("UnrecognizedClientException", "The security token included in the request is invalid.");
  AuthenticationRules rules = Rules();
  AccessKey& key = rules.keys->at("AKIDEXAMPLE");
  key.session_token = Secret("token/1");
  key.expires = At("20260102T030406Z");
  http::Request request = Signed();
  EXPECT_EQ(Outcome(request, rules), invalid);
  request.headers.emplace_back("x-amz-security-token", "token/2");
  EXPECT_EQ(Outcome(request, rules), invalid);
  Replace(request, "x-amz-security-token", "token/1");
  EXPECT_EQ(Outcome(request, rules), Told("", "ana"));
  EXPECT_EQ(Outcome(request, rules, At("20260102T030406Z")),
            Told("ExpiredTokenException", "The security token included in the request is expired"));
  http::Request by_query = Signed();
  by_query.query.emplace_back("X-Amz-Security-Token", "token/1");
  EXPECT_EQ(Outcome(by_query, rules).first, "");
  // Keys that are not temporary do not mind a token.
  EXPECT_EQ(Outcome(request, Rules()).first, "");
}

TEST(AuthenticationTest, TakesAnotherClockSkew) {
  AuthenticationRules rules = Rules();
  rules.clock_skew = std::chrono::minutes(15);
  EXPECT_EQ(Outcome(Signed(), rules, At("20260102T031905Z")).first, "");
  EXPECT_EQ(Outcome(Signed(), rules, At("20260102T024905Z")).first, "");
  EXPECT_EQ(Outcome(Signed(), rules, At("20260102T024904Z")),
            Told("InvalidSignatureException",
                 "Signature not yet current: 20260102T030405Z is still later than "
                 "20260102T030404Z (20260102T024904Z + 15 min.)"));
}

TEST(AuthenticationTest, WithoutKeysOnlyTheFormCounts) {
  EXPECT_EQ(Outcome(Signed(), {}, At("20360102T030405Z"), "{}"), Told("", "AKIDEXAMPLE"));
}

TEST(AuthenticationTest, TellsWhatIsMissing) {
  http::Request request = Signed();
  std::erase_if(request.headers, [](const auto& header) { return header.first == "authorization"; });
  EXPECT_EQ(Outcome(request, {}), Told("MissingAuthenticationTokenException", "Missing Authentication Token"));
  request.headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Signature=x");
  EXPECT_EQ(Outcome(request, {}),
            Told("IncompleteSignatureException",
                 "Authorization header requires 'Credential' parameter. Authorization header requires "
                 "'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Signature=x"));
  request.query.emplace_back("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  EXPECT_EQ(Outcome(request, {}),
            Told("InvalidSignatureException",
                 "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."));
  std::erase_if(request.headers, [](const auto& header) { return header.first == "authorization"; });
  EXPECT_EQ(Outcome(request, {}),
            Told("IncompleteSignatureException",
                 "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must "
                 "include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS "
                 "query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."));
}

// The signature is that of the parts, made with the signer's pieces; the vector above holds those to botocore.
TEST(AuthenticationTest, TakesPresignedRequests) {
  http::Request request{
      .method = "POST", .path = "/", .headers = {{"host", "h"}, {"x-amz-target", "Kinesis_20131202.ListStreams"}}};
  const std::string query =
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fkinesis%2Faws4_request&"
      "X-Amz-Date=20260102T030405Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host%3Bx-amz-target";
  const std::vector<std::string> names{"host", "x-amz-target"};
  const sigv4::Scope scope{"20260102", "us-east-1", "kinesis"};
  const auto digest = Sha256(kBody);
  const std::string canonical =
      sigv4::CanonicalRequest({.method = "POST",
                               .path = "/",
                               .query = query,
                               .headers = request.headers,
                               .signed_headers = names,
                               .payload_hash = ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()})});
  request.target = StrCat("/?", query, "&X-Amz-Signature=",
                          sigv4::Signature(sigv4::SigningKey(Rules().keys->begin()->second.secret, scope),
                                           sigv4::StringToSign("20260102T030405Z", scope, canonical)));
  ASSERT_TRUE(http::DecodeTarget(request));
  EXPECT_EQ(Outcome(request, Rules(), At("20260102T031405Z")).first, "");
  EXPECT_EQ(Outcome(request, Rules(), At("20260102T031406Z")),
            Told("InvalidSignatureException",
                 "Signature expired: 20260102T030405Z is now earlier than "
                 "20260102T030406Z (20260102T031406Z - 10 min.)"));
  for (auto& [name, value] : request.query) {
    if (name == "X-Amz-Expires") value = "604801";
  }
  EXPECT_EQ(
      Outcome(request, Rules()),
      Told("IncompleteSignatureException",
           "X-Amz-Expires must be a number of seconds from 1 to 604800. Re-examine the query-string parameters."));
}

TEST(AccessKeysTest, ReadsTheCredentialsFile) {
  const auto keys = ParseAccessKeys(
      "# for the shop\n[ana]\naws_access_key_id=A\naws_secret_access_key = s/1=\nregion = eu-west-1\n\n[ben]\n"
      "aws_access_key_id = B\naws_secret_access_key=s\naws_account_id=123456789012\n");
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  EXPECT_EQ(keys->at("A").principal, "ana");
  EXPECT_EQ(keys->at("A").secret.Reveal(), "s/1=");
  EXPECT_EQ(keys->at("B").account, "123456789012");
  const auto temporary = ParseAccessKeys(
      "[c]\naws_access_key_id=C\naws_secret_access_key=s\naws_session_token=t=1\n"
      "aws_session_expiration=2026-01-02T03:04:05Z\n");
  ASSERT_TRUE(temporary.ok()) << temporary.error().message;
  EXPECT_EQ(temporary->at("C").session_token.Reveal(), "t=1");
  EXPECT_EQ(temporary->at("C").expires, At("20260102T030405Z"));
}

TEST(AccessKeysTest, TellsTheLineThatIsWrong) {
  const auto message = [](std::string_view text) { return ParseAccessKeys(text).error().message; };
  EXPECT_EQ(message("[a]\naws_access_key_id=A\n"), "line 1: [a] needs aws_access_key_id and aws_secret_access_key");
  EXPECT_EQ(message("aws_access_key_id=A\n"),
            "line 1: expected [name], then aws_access_key_id = ... and aws_secret_access_key = ...");
  EXPECT_EQ(message("[a]\naws_account_id = 12\n"), "line 2: aws_account_id is not twelve digits");
  EXPECT_EQ(message("[a]\naws_session_expiration = soon\n"),
            "line 2: aws_session_expiration is not a time in UTC such as 2026-11-25T18:00:00Z");
  EXPECT_EQ(message(""), "no section with a key");
}

}  // namespace
}  // namespace tailrace::api::aws
