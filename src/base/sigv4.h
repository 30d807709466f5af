#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"
#include "base/secret.h"

// AWS Signature Version 4: the pieces that a signer and a verifier share, and the signer.
// Source  AWS IAM User Guide, "Signature Version 4 signing process".
namespace tailrace::sigv4 {

using Header = std::pair<std::string, std::string>;

// S3 signs the path as it is sent; every other service signs it normalised and encoded once more.
enum class PathStyle : uint8_t { kEncodedTwice, kAsSent };

struct Scope {
  std::string date;  // yyyymmdd
  std::string region;
  std::string service;

  std::string ToString() const;  // "20260102/us-east-1/kinesis/aws4_request"
};

struct CanonicalParts {
  std::string_view method;
  std::string_view path;            // As on the wire: percent-encoded, without the query.
  std::string_view query;           // As on the wire, without the question mark. X-Amz-Signature is left out by itself.
  std::span<const Header> headers;  // Any order, any case; repeated names are joined by commas.
  std::span<const std::string> signed_headers;  // Lower case, in the order of the Authorization header.
  std::string_view payload_hash;                // Hex SHA-256 of the body, or what x-amz-content-sha256 says.
  PathStyle path_style = PathStyle::kEncodedTwice;
};

std::string CanonicalRequest(const CanonicalParts& parts);
std::string StringToSign(std::string_view amz_date, const Scope& scope, std::string_view canonical_request);
// 32 raw bytes; depends on date, region and service alone, so a verifier may keep it for a day.
std::string SigningKey(const Secret& secret_access_key, const Scope& scope);
// 64 hex digits.
std::string Signature(std::string_view signing_key, std::string_view string_to_sign);
// Takes the same time wherever the texts differ.
bool SameSignature(std::string_view a, std::string_view b);

// What an Authorization header (or a presigned query) claims.
struct Authorization {
  std::string access_key_id;
  Scope scope;
  std::vector<std::string> signed_headers;
  std::string signature;
};

// Parses "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...": commas with or without blanks, any order.
// Errors  kInvalidArgument, naming the part that is missing or malformed.
Result<Authorization> ParseAuthorization(std::string_view header);

// "20260102T030405Z", and back. Errors: kInvalidArgument.
std::string AmzDate(Timestamp time);
Result<Timestamp> ParseAmzDate(std::string_view text);

// Percent-encodes everything but A-Z a-z 0-9 - _ . ~ (and the slash when it is kept).
std::string UriEncode(std::string_view text, bool keep_slash);
// Undoes percent-encoding; a percent sign that begins no escape stays as it is.
std::string UriDecode(std::string_view text);

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;  // Empty for long-lived keys.
};

struct Signing {
  std::string region;
  std::string service;
  PathStyle path_style = PathStyle::kEncodedTwice;
  bool content_sha256_header = false;  // S3 demands x-amz-content-sha256.
};

// Adds X-Amz-Date, Authorization and, as needed, X-Amz-Security-Token and X-Amz-Content-Sha256; all headers that the
// request already has are signed, and Host as the client will send it.
// Errors  kInvalidArgument: the URL is not absolute.
Status SignRequest(HttpRequest& request, const Credentials& credentials, const Signing& signing, Timestamp now);

}  // namespace tailrace::sigv4
