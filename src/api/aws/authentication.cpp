#include "api/aws/authentication.h"

#include <algorithm>
#include <array>

#include "base/sigv4.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr std::string_view kInvalid = "InvalidSignatureException";
constexpr std::string_view kUnrecognized = "UnrecognizedClientException";
constexpr std::string_view kIncomplete = "IncompleteSignatureException";

// The parts of a signature, from wherever they stand.
struct Claim {
  sigv4::Authorization authorization;
  std::string date;  // X-Amz-Date or, in a header, Date.
  bool presigned = false;
  std::chrono::seconds lifetime{0};  // Of a presigned request.
};

std::unexpected<AwsError> Invalid(std::string message) { return Fail(std::string(kInvalid), std::move(message)); }
std::unexpected<AwsError> Incomplete(std::string message) { return Fail(std::string(kIncomplete), std::move(message)); }

// Whether the header has "Name=" at the beginning of one of its parts.
bool HasPart(std::string_view header, std::string_view name) {
  for (const std::string_view part : Split(header, ',')) {
    std::string_view trimmed = Trim(part);
    if (const size_t blank = trimmed.rfind(' '); blank != std::string_view::npos) trimmed.remove_prefix(blank + 1);
    if (trimmed.starts_with(name) && trimmed.size() > name.size() + 1 && trimmed[name.size()] == '=') return true;
  }
  return false;
}

Answer<Claim> FromHeader(const http::Request& request, std::string_view header) {
  std::string missing;
  for (const std::string_view part : {"Credential", "Signature", "SignedHeaders"}) {
    if (!HasPart(header, part)) missing += StrCat("Authorization header requires '", part, "' parameter. ");
  }
  const auto amz_date = request.Header("x-amz-date");
  const auto date = amz_date.has_value() ? amz_date : request.Header("date");
  if (!date.has_value()) {
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!missing.empty()) return Incomplete(StrCat(missing, "Authorization=", header));
  auto parsed = sigv4::ParseAuthorization(header);
  if (!parsed.ok()) return Incomplete(StrCat(parsed.error().message, " Authorization=", header));
  return Claim{.authorization = std::move(parsed).value(), .date = std::string(*date)};
}

Answer<Claim> FromQuery(const http::Request& request) {
  std::string missing;
  for (const std::string_view part : {"Algorithm", "Credential", "Signature", "SignedHeaders", "Date"}) {
    if (request.Query(StrCat("X-Amz-", part)).value_or("").empty()) {
      missing += StrCat("AWS query-string parameters must include 'X-Amz-", part, "'. ");
    }
  }
  if (!missing.empty()) return Incomplete(StrCat(missing, "Re-examine the query-string parameters."));
  const std::string header = StrCat(
      *request.Query("X-Amz-Algorithm"), " Credential=", *request.Query("X-Amz-Credential"),
      ", SignedHeaders=", *request.Query("X-Amz-SignedHeaders"), ", Signature=", *request.Query("X-Amz-Signature"));
  auto parsed = sigv4::ParseAuthorization(header);
  if (!parsed.ok()) return Incomplete(StrCat(parsed.error().message, " Re-examine the query-string parameters."));
  static constexpr int64_t kLifetimeMax = 7 * 24 * 60 * 60;
  const auto lifetime = ParseInt64(request.Query("X-Amz-Expires").value_or("900"));
  if (!lifetime.has_value() || *lifetime < 1 || *lifetime > kLifetimeMax) {
    return Incomplete(StrCat("X-Amz-Expires must be a number of seconds from 1 to ", kLifetimeMax, ". ",
                             "Re-examine the query-string parameters."));
  }
  return Claim{.authorization = std::move(parsed).value(),
               .date = std::string(*request.Query("X-Amz-Date")),
               .presigned = true,
               .lifetime = std::chrono::seconds(*lifetime)};
}

Answer<Claim> FindClaim(const http::Request& request) {
  const auto header = request.Header("authorization");
  const bool in_query = request.Query("X-Amz-Algorithm").has_value();
  if (header.has_value() && in_query) {
    return Invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
  }
  if (in_query) return FromQuery(request);
  if (!header.has_value() || header->empty()) {
    return Fail("MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  return FromHeader(request, *header);
}

// "Wed, 25 Nov 2026 18:00:00 GMT" as X-Amz-Date has it; other texts as they are.
std::string ToAmzDate(const std::string& date) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto parts = Split(date, ' ');
  if (parts.size() != 6 || parts[4].size() != 8) return date;
  const size_t month = kMonths.find(parts[2]);
  const auto day = ParseInt64(parts[1]);
  if (month == std::string_view::npos || parts[2].size() != 3 || !day.has_value()) return date;
  const std::string_view time = parts[4];
  return fmt::format("{}{:02}{:02}T{}{}{}Z", parts[3], month / 3 + 1, *day, time.substr(0, 2), time.substr(3, 2),
                     time.substr(6, 2));
}

Answer<void> CheckTime(const Claim& claim, Timestamp now, std::chrono::milliseconds skew) {
  const std::string date = ToAmzDate(claim.date);
  const auto signed_at = sigv4::ParseAmzDate(date);
  if (!signed_at.ok()) return Incomplete(StrCat("Date must be in ISO-8601 'basic format'. Got '", claim.date, "'."));
  if (claim.authorization.scope.date != date.substr(0, 8)) {
    return Invalid(StrCat("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '",
                          claim.authorization.scope.date, "' != '", date.substr(0, 8), "', from '", date, "'."));
  }
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(skew).count();
  if (*signed_at > now + skew) {
    return Invalid(StrCat("Signature not yet current: ", date, " is still later than ", sigv4::AmzDate(now + skew),
                          " (", sigv4::AmzDate(now), " + ", minutes, " min.)"));
  }
  const Timestamp oldest = claim.presigned ? now - claim.lifetime : now - skew;
  if (*signed_at < oldest) {
    return Invalid(StrCat(
        "Signature expired: ", date, " is now earlier than ", sigv4::AmzDate(oldest), " (", sigv4::AmzDate(now), " - ",
        claim.presigned ? std::chrono::duration_cast<std::chrono::minutes>(claim.lifetime).count() : minutes,
        " min.)"));
  }
  return {};
}

// What must be signed, so that nobody can change it on the way.
Answer<void> CheckSignedHeaders(const http::Request& request, const std::vector<std::string>& names) {
  const auto is_signed = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  if (!is_signed("host")) {
    return Invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const std::string_view name : {"x-amz-date", "x-amz-target"}) {
    if (request.Header(name).has_value() && !is_signed(name)) {
      return Invalid(StrCat("'", name, "' must be a 'SignedHeader' in the AWS Authorization."));
    }
  }
  return {};
}

Answer<void> CheckSignature(const http::Request& request, const Claim& claim, std::string_view body_sha256,
                            const Secret& secret) {
  const std::string_view target = request.target;
  const size_t question = target.find('?');
  const std::string canonical = sigv4::CanonicalRequest(
      {.method = request.method,
       .path = target.substr(0, question),
       .query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1),
       .headers = request.headers,
       .signed_headers = claim.authorization.signed_headers,
       .payload_hash = body_sha256});
  const sigv4::Scope& scope = claim.authorization.scope;
  const std::string expected =
      sigv4::Signature(sigv4::SigningKey(secret, scope), sigv4::StringToSign(ToAmzDate(claim.date), scope, canonical));
  if (!sigv4::SameSignature(expected, claim.authorization.signature)) {
    return Invalid(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details.");
  }
  return {};
}

// Temporary keys go with a token, and end.
Answer<void> CheckToken(const http::Request& request, const AccessKey& key, Timestamp now) {
  const auto header = request.Header("x-amz-security-token");
  const std::string token(header.has_value() ? *header : request.Query("X-Amz-Security-Token").value_or(""));
  if (!key.session_token.empty() && !sigv4::SameSignature(key.session_token.Reveal(), token)) {
    return Fail(std::string(kUnrecognized), "The security token included in the request is invalid.");
  }
  if (key.expires.has_value() && now >= *key.expires) {
    return Fail("ExpiredTokenException", "The security token included in the request is expired");
  }
  return {};
}

}  // namespace

Answer<Authenticated> Authenticate(const http::Request& request, std::string_view body_sha256, Timestamp now,
                                   std::string_view signing_name, const AuthenticationRules& rules) {
  TAILRACE_AWS_ASSIGN(const Claim claim, FindClaim(request));
  const sigv4::Authorization& authorization = claim.authorization;
  Authenticated found{.access_key_id = authorization.access_key_id, .region = authorization.scope.region};
  if (!rules.keys.has_value()) return found;
  const auto key = rules.keys->find(authorization.access_key_id);
  if (key == rules.keys->end()) {
    return Fail(std::string(kUnrecognized), "The security token included in the request is invalid.");
  }
  TAILRACE_AWS_TRY(CheckToken(request, key->second, now));
  if (authorization.scope.service != signing_name) {
    return Invalid(StrCat("Credential should be scoped to correct service: '", signing_name, "'. "));
  }
  TAILRACE_AWS_TRY(CheckTime(claim, now, rules.clock_skew));
  TAILRACE_AWS_TRY(CheckSignedHeaders(request, authorization.signed_headers));
  TAILRACE_AWS_TRY(CheckSignature(request, claim, body_sha256, key->second.secret));
  found.key = &key->second;
  return found;
}

}  // namespace tailrace::api::aws
