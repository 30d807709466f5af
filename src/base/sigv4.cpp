#include "base/sigv4.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";

std::string_view AsText(const std::array<uint8_t, 32>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string HexSha256(std::string_view bytes) { return ToHex(AsText(Sha256(bytes))); }

std::string Hmac(std::string_view key, std::string_view bytes) { return std::string(AsText(HmacSha256(key, bytes))); }

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 remove_dot_segments, with empty segments dropped too, as the SDKs do.
std::string NormalizePath(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> segments = Split(path, '/');
  for (const std::string_view segment : segments) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(segment);
  }
  std::string normal = "/";
  for (const std::string_view segment : kept) {
    if (normal.size() > 1) normal += '/';
    normal += segment;
  }
  if (!kept.empty() && (path.ends_with('/') || path.ends_with("/.") || path.ends_with("/.."))) normal += '/';
  return normal;
}

std::string CanonicalPath(std::string_view path, PathStyle style) {
  if (path.empty()) return "/";
  if (style == PathStyle::kAsSent) return UriEncode(UriDecode(path), true);
  return UriEncode(NormalizePath(path), true);
}

std::string CanonicalQuery(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    if (name == "X-Amz-Signature") continue;
    pairs.emplace_back(UriEncode(UriDecode(name), false), UriEncode(UriDecode(value), false));
  }
  std::ranges::sort(pairs);
  std::string canonical;
  for (const auto& [name, value] : pairs) {
    if (!canonical.empty()) canonical += '&';
    canonical += name;
    canonical += '=';
    canonical += value;
  }
  return canonical;
}

// Trimmed, inner runs of blanks made one.
std::string CanonicalValue(std::string_view value) {
  std::string canonical;
  for (const char c : Trim(value)) {
    if (c == ' ' && canonical.ends_with(' ')) continue;
    canonical += c;
  }
  return canonical;
}

struct UrlParts {
  std::string_view host;  // With the port when it is not the scheme's own: as the Host header has it.
  std::string_view path;
  std::string_view query;
};

Result<UrlParts> SplitUrl(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument, "sign request: URL has no scheme"};
  }
  const std::string scheme = AsciiLower(url.substr(0, scheme_end));
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  UrlParts parts{.host = rest.substr(0, authority_end)};
  rest.remove_prefix(authority_end);
  if (const size_t at = parts.host.rfind('@'); at != std::string_view::npos) parts.host.remove_prefix(at + 1);
  const std::string_view own_port = scheme == "https" ? ":443" : ":80";
  if (parts.host.ends_with(own_port)) parts.host.remove_suffix(own_port.size());
  if (parts.host.empty()) return Error{ErrorCode::kInvalidArgument, "sign request: URL has no host"};
  const size_t question = rest.find('?');
  parts.path = rest.substr(0, question);
  if (question != std::string_view::npos) parts.query = rest.substr(question + 1);
  return parts;
}

Error Malformed(std::string_view what) {
  return Error{ErrorCode::kInvalidArgument, StrCat("Authorization header: ", what)};
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/')) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string UriDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    if (!escape) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

std::string Scope::ToString() const { return StrCat(date, "/", region, "/", service, "/", kTerminator); }

std::string CanonicalRequest(const CanonicalParts& parts) {
  std::string canonical =
      StrCat(parts.method, "\n", CanonicalPath(parts.path, parts.path_style), "\n", CanonicalQuery(parts.query), "\n");
  for (const std::string& name : parts.signed_headers) {
    canonical += name;
    canonical += ':';
    bool first = true;
    for (const auto& [header_name, value] : parts.headers) {
      if (!EqualsIgnoreCase(header_name, name)) continue;
      if (!first) canonical += ',';
      canonical += CanonicalValue(value);
      first = false;
    }
    canonical += '\n';
  }
  canonical += '\n';
  canonical += Join(parts.signed_headers, ";");
  canonical += '\n';
  canonical += parts.payload_hash;
  return canonical;
}

std::string StringToSign(std::string_view amz_date, const Scope& scope, std::string_view canonical_request) {
  return StrCat(kAlgorithm, "\n", amz_date, "\n", scope.ToString(), "\n", HexSha256(canonical_request));
}

std::string SigningKey(const Secret& secret_access_key, const Scope& scope) {
  const std::string date_key = Hmac(StrCat("AWS4", secret_access_key.Reveal()), scope.date);
  return Hmac(Hmac(Hmac(date_key, scope.region), scope.service), kTerminator);
}

std::string Signature(std::string_view signing_key, std::string_view string_to_sign) {
  return ToHex(Hmac(signing_key, string_to_sign));
}

bool SameSignature(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<uint8_t>(a[i]) ^ static_cast<uint8_t>(b[i]));
  }
  return difference == 0;
}

Result<Authorization> ParseAuthorization(std::string_view header) {
  header = Trim(header);
  if (!header.starts_with(kAlgorithm)) return Malformed(StrCat("does not begin with ", kAlgorithm));
  header.remove_prefix(kAlgorithm.size());
  Authorization found;
  for (const std::string_view part : Split(header, ',')) {
    const std::string_view field = Trim(part);
    const size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (name == "Credential") {
      const std::vector<std::string_view> pieces = Split(value, '/');
      // An access key id may itself hold slashes: the scope is the last four pieces.
      if (pieces.size() < 5 || pieces.back() != kTerminator) {
        return Malformed("Credential is not KEY/DATE/REGION/SERVICE/aws4_request");
      }
      const size_t scope_begin = pieces.size() - 4;
      found.scope = {.date = std::string(pieces[scope_begin]),
                     .region = std::string(pieces[scope_begin + 1]),
                     .service = std::string(pieces[scope_begin + 2])};
      const size_t scope_size = found.scope.ToString().size() + 1;
      found.access_key_id = std::string(value.substr(0, value.size() - scope_size));
    } else if (name == "SignedHeaders") {
      for (const std::string_view signed_header : Split(value, ';')) found.signed_headers.emplace_back(signed_header);
    } else if (name == "Signature") {
      found.signature = std::string(value);
    }
  }
  if (found.access_key_id.empty()) return Malformed("Credential is missing");
  if (found.signed_headers.empty() || found.signed_headers[0].empty()) return Malformed("SignedHeaders is missing");
  if (found.signature.empty()) return Malformed("Signature is missing");
  return found;
}

std::string AmzDate(Timestamp time) {
  const std::string iso = ToIso8601(time);  // 2026-01-02T03:04:05.000Z
  return StrCat(iso.substr(0, 4), iso.substr(5, 2), iso.substr(8, 5), iso.substr(14, 2), iso.substr(17, 2), "Z");
}

Result<Timestamp> ParseAmzDate(std::string_view text) {
  const Error bad{ErrorCode::kInvalidArgument, "X-Amz-Date is not of the form yyyymmddThhmmssZ"};
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return bad;
  const auto number = [&](size_t begin, size_t count) -> int {
    int value = 0;
    for (const char c : text.substr(begin, count)) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(6, 2)))};
  const int hour = number(9, 2);
  const int minute = number(11, 2);
  const int second = number(13, 2);
  if (number(0, 4) < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return bad;
  }
  return Timestamp(std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                   std::chrono::seconds(second));
}

Status SignRequest(HttpRequest& request, const Credentials& credentials, const Signing& signing, Timestamp now) {
  TAILRACE_ASSIGN_OR_RETURN(const UrlParts url, SplitUrl(request.url));
  const std::string amz_date = AmzDate(now);
  const std::string payload_hash = HexSha256(request.body);
  request.headers.emplace_back("X-Amz-Date", amz_date);
  if (signing.content_sha256_header) request.headers.emplace_back("X-Amz-Content-Sha256", payload_hash);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", credentials.session_token.Reveal());
  }
  std::vector<Header> headers = request.headers;
  headers.emplace_back("host", url.host);
  std::vector<std::string> signed_headers;
  for (const auto& [name, value] : headers) signed_headers.push_back(AsciiLower(name));
  std::ranges::sort(signed_headers);
  const auto repeated = std::ranges::unique(signed_headers);
  signed_headers.erase(repeated.begin(), repeated.end());

  const Scope scope{.date = amz_date.substr(0, 8), .region = signing.region, .service = signing.service};
  const std::string canonical = CanonicalRequest({.method = request.method,
                                                  .path = url.path,
                                                  .query = url.query,
                                                  .headers = headers,
                                                  .signed_headers = signed_headers,
                                                  .payload_hash = payload_hash,
                                                  .path_style = signing.path_style});
  const std::string signature =
      Signature(SigningKey(credentials.secret_access_key, scope), StringToSign(amz_date, scope, canonical));
  request.headers.emplace_back("Authorization",
                               StrCat(kAlgorithm, " Credential=", credentials.access_key_id, "/", scope.ToString(),
                                      ", SignedHeaders=", Join(signed_headers, ";"), ", Signature=", signature));
  return Ok();
}

}  // namespace tailrace::sigv4
