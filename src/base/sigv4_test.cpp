#include "base/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/str.h"

// Expected values: the vector of the contracts' section 0.3, and signatures computed with botocore 1.43.0 at the same
// time and with the same key.

namespace tailrace::sigv4 {
namespace {

constexpr std::string_view kKeyId = "AKIDEXAMPLE";
const Secret kSecret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
constexpr int64_t kSignedUnixMs = 1'767'323'045'000;  // 2026-01-02T03:04:05Z
constexpr std::string_view kKinesisBody = R"({"StreamName":"s","Data":"aGVsbG8=","PartitionKey":"p"})";

std::string HexSha256(std::string_view bytes) {
  const std::array<uint8_t, 32> digest = Sha256(bytes);
  return ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (EqualsIgnoreCase(header, name)) return value;
  }
  return "";
}

std::string SignatureOf(HttpRequest request, const Signing& signing, const Secret& token = Secret()) {
  const Credentials credentials{
      .access_key_id = std::string(kKeyId), .secret_access_key = kSecret, .session_token = token};
  EXPECT_TRUE(SignRequest(request, credentials, signing, FromUnixMs(kSignedUnixMs)).ok());
  const auto authorization = ParseAuthorization(HeaderOf(request, "authorization"));
  EXPECT_TRUE(authorization.ok());
  return authorization.ok() ? authorization->signature : "";
}

TEST(SigV4Test, EveryStepOfTheContractsVector) {
  const std::vector<Header> headers = {{"Host", "127.0.0.1:4567"},
                                       {"X-Amz-Date", "20260102T030405Z"},
                                       {"Content-Type", "application/x-amz-json-1.1"},
                                       {"X-Amz-Target", "Kinesis_20131202.PutRecord"}};
  const std::vector<std::string> signed_headers = {"content-type", "host", "x-amz-date", "x-amz-target"};
  const std::string payload_hash = HexSha256(kKinesisBody);
  EXPECT_EQ(payload_hash, "1eb371739d07d1bf4c88a52c03afa95c6af8b693f9e661b7df3863785c4f96c5");
  const std::string canonical = CanonicalRequest({.method = "POST",
                                                  .path = "/",
                                                  .headers = headers,
                                                  .signed_headers = signed_headers,
                                                  .payload_hash = payload_hash});
  EXPECT_EQ(HexSha256(canonical), "d95a94bacc7dc53a605e0da45cc0152baa86d8109b2e793b9389bdd7b5c706bb");
  const Scope scope{.date = "20260102", .region = "us-east-1", .service = "kinesis"};
  const std::string key = SigningKey(kSecret, scope);
  EXPECT_EQ(ToHex(key), "ce0611142183467c5ccbd4cc3f94aaffd48806a28fcb1fbccbf943682e7d0946");
  EXPECT_EQ(Signature(key, StringToSign("20260102T030405Z", scope, canonical)),
            "57528dfb0703ce5911e2373b2258a3e1ed6c9ca06fce1fd7456ef2d29d5aea91");
}

TEST(SigV4Test, SignsLikeBotocore) {
  EXPECT_EQ(SignatureOf({.method = "POST",
                         .url = "http://127.0.0.1:4567/",
                         .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                                     {"X-Amz-Target", "Kinesis_20131202.PutRecord"}},
                         .body = std::string(kKinesisBody)},
                        {.region = "us-east-1", .service = "kinesis"}),
            "57528dfb0703ce5911e2373b2258a3e1ed6c9ca06fce1fd7456ef2d29d5aea91");
}

TEST(SigV4Test, SignsTheSessionToken) {
  EXPECT_EQ(SignatureOf({.method = "POST",
                         .url = "https://sns.eu-central-1.amazonaws.com/",
                         .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
                         .body = "Action=Publish&Version=2010-03-31&Message=hello"},
                        {.region = "eu-central-1", .service = "sns"}, Secret("TOKEN/with+chars==")),
            "0c28814d3706366b2c2e48e2fd141ed64b04080517160b226377de0111591787");
}

TEST(SigV4Test, NormalisesPathQueryAndBlanks) {
  EXPECT_EQ(SignatureOf({.method = "GET",
                         .url = "https://api.example.com:443/a/./b/../c%20d//e?z=1&a=2&a=1&empty=&k%20y=v%2Fw",
                         .headers = {{"X-Spaces", "  a   b  c "}}},
                        {.region = "us-west-2", .service = "execute-api"}),
            "87cdb7ae5ab6fa233670e793876953ce0ae634a0443f8ef9c528d3d6df85b056");
}

TEST(SigV4Test, LeavesTheS3PathAsSent) {
  HttpRequest request{.method = "PUT",
                      .url = "https://bucket.s3.amazonaws.com/photos/a%20b%2Bc/%C3%A4.txt?partNumber=1&uploadId=x~y",
                      .body = "hello"};
  EXPECT_EQ(
      SignatureOf(
          request,
          {.region = "us-east-1", .service = "s3", .path_style = PathStyle::kAsSent, .content_sha256_header = true}),
      "36c998178af0168e3690a51efa366fc19b98b5d3589c02b66ad7f5914fb60a20");
}

TEST(SigV4Test, ChecksAPresignedQuery) {
  const std::vector<Header> headers = {{"host", "api.example.com"}};
  const std::vector<std::string> signed_headers = {"host"};
  const std::string payload_hash = HexSha256("");
  const std::string canonical = CanonicalRequest(
      {.method = "GET",
       .path = "/items",
       .query = "b=2&a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2F"
                "execute-api%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&"
                "X-Amz-Signature=e5b73449ea3cfde2c2ce06a29ebd1c0e339a7ff67e322ae89c467df1264d8cfd",
       .headers = headers,
       .signed_headers = signed_headers,
       .payload_hash = payload_hash});
  const Scope scope{.date = "20260102", .region = "us-west-2", .service = "execute-api"};
  EXPECT_EQ(Signature(SigningKey(kSecret, scope), StringToSign("20260102T030405Z", scope, canonical)),
            "e5b73449ea3cfde2c2ce06a29ebd1c0e339a7ff67e322ae89c467df1264d8cfd");
}

TEST(SigV4Test, ParsesAuthorizationWithAndWithoutBlanks) {
  for (const std::string_view separator : {", ", ",", " ,  "}) {
    const auto found =
        ParseAuthorization(StrCat("AWS4-HMAC-SHA256 Credential=key/with/slash/20260102/us-east-1/kinesis/aws4_request",
                                  separator, "SignedHeaders=host;x-amz-date", separator, "Signature=00ff"));
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->access_key_id, "key/with/slash");
    EXPECT_EQ(found->scope.ToString(), "20260102/us-east-1/kinesis/aws4_request");
    EXPECT_EQ(found->signed_headers, (std::vector<std::string>{"host", "x-amz-date"}));
    EXPECT_EQ(found->signature, "00ff");
  }
}

TEST(SigV4Test, NamesThePartThatIsMissing) {
  const auto message = [](std::string_view header) {
    const auto found = ParseAuthorization(header);
    return found.ok() ? std::string() : found.error().message;
  };
  EXPECT_THAT(message("Basic abc"), testing::HasSubstr("AWS4-HMAC-SHA256"));
  EXPECT_THAT(message("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0"), testing::HasSubstr("Credential is missing"));
  EXPECT_THAT(message("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0"),
              testing::HasSubstr("Credential is not"));
  EXPECT_THAT(message("AWS4-HMAC-SHA256 Credential=k/d/r/s/aws4_request, Signature=0"),
              testing::HasSubstr("SignedHeaders is missing"));
  EXPECT_THAT(message("AWS4-HMAC-SHA256 Credential=k/d/r/s/aws4_request, SignedHeaders=host"),
              testing::HasSubstr("Signature is missing"));
}

TEST(SigV4Test, DatesGoBothWays) {
  EXPECT_EQ(AmzDate(FromUnixMs(kSignedUnixMs + 999)), "20260102T030405Z");
  const auto parsed = ParseAmzDate("20260102T030405Z");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(ToUnixMs(*parsed), kSignedUnixMs);
  for (const std::string_view bad : {"20260230T030405Z", "20260102T240405Z", "2026-01-02T03:04", "20260102x030405Z"}) {
    EXPECT_FALSE(ParseAmzDate(bad).ok()) << bad;
  }
}

TEST(SigV4Test, ComparesSignatures) {
  EXPECT_TRUE(SameSignature("abc", "abc"));
  EXPECT_FALSE(SameSignature("abc", "abd"));
  EXPECT_FALSE(SameSignature("abc", "ab"));
}

}  // namespace
}  // namespace tailrace::sigv4
