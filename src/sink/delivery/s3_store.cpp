#include "sink/delivery/s3_store.h"

#include <algorithm>
#include <vector>

#include "base/sigv4.h"
#include "base/str.h"
#include "sink/delivery/directory_store.h"

namespace tailrace::sink::delivery {
namespace {

constexpr std::chrono::milliseconds kTimeout{60'000};

ErrorCode CodeOf(int status, std::string_view code) {
  if (status == 404 || code == "NoSuchBucket" || code == "NoSuchKey") return ErrorCode::kNotFound;
  if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
  if (status >= 500 || status == 429 || status == 408 || code == "RequestTimeout" || code == "SlowDown") {
    return ErrorCode::kUnavailable;
  }
  return code == "KeyTooLongError" ? ErrorCode::kInvalidArgument : ErrorCode::kFailedPrecondition;
}

Error ErrorOf(const HttpResponse& response, const S3StoreConfig& config) {
  const std::string code = XmlElement(response.body, "Code").value_or("");
  const std::string text = XmlElement(response.body, "Message").value_or("");
  return Error{CodeOf(response.status, code),
               StrCat("S3 bucket ", config.bucket, ": HTTP ", response.status, code.empty() ? "" : StrCat(" ", code),
                      text.empty() ? "" : StrCat(": ", Utf8Prefix(text, 200)))};
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  const auto found =
      std::ranges::find_if(response.headers, [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
  return found == response.headers.end() ? "" : found->second;
}

std::string XmlEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::optional<std::string> XmlElement(std::string_view xml, std::string_view name) {
  const std::string open = StrCat("<", name, ">");
  const size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t end = xml.find(StrCat("</", name, ">"), begin);
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view raw = xml.substr(begin + open.size(), end - begin - open.size());
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
  std::string text;
  while (!raw.empty()) {
    const auto entity = std::ranges::find_if(kEntities, [&](const auto& e) { return raw.starts_with(e.first); });
    text += entity == std::end(kEntities) ? raw.front() : entity->second;
    raw.remove_prefix(entity == std::end(kEntities) ? 1 : entity->first.size());
  }
  return text;
}

S3Client::S3Client(S3StoreConfig config, Net& net, const Clock& clock)
    : config_(std::move(config)), net_(net), clock_(clock) {}

HttpRequest S3Client::Request(std::string method, const std::string& key, std::string_view query) const {
  std::string base =
      config_.endpoint.empty() ? StrCat("https://s3.", config_.region, ".amazonaws.com") : config_.endpoint;
  while (base.ends_with('/')) base.pop_back();
  if (config_.path_style) {
    base += StrCat("/", sigv4::UriEncode(config_.bucket, false));
  } else {
    base.insert(base.find("://") + 3, config_.bucket + ".");
  }
  HttpRequest request{
      .method = std::move(method), .url = StrCat(base, "/", sigv4::UriEncode(key, true)), .timeout = kTimeout};
  if (!query.empty()) request.url += StrCat("?", query);
  return request;
}

// Signs and sends; an answer other than 2xx or 304 is an error.
Result<HttpResponse> S3Client::Call(HttpRequest request) {
  if (!config_.access_key_id.empty()) {
    TAILRACE_TRY(sigv4::SignRequest(request, {config_.access_key_id, config_.secret_access_key, config_.session_token},
                                    {.region = config_.region,
                                     .service = "s3",
                                     .path_style = sigv4::PathStyle::kAsSent,
                                     .content_sha256_header = true},
                                    clock_.Now()));
  }
  TAILRACE_ASSIGN_OR_RETURN(HttpResponse response, net_.Http(request));
  const bool good = (response.status >= 200 && response.status < 300) || response.status == 304;
  if (!good) return ErrorOf(response, config_);
  return response;
}

Status S3Client::Put(const std::string& key, std::string_view bytes, std::string_view content_type) {
  if (bytes.size() > config_.part_bytes) return PutParts(key, bytes, content_type);
  HttpRequest request = Request("PUT", key, "");
  request.headers.emplace_back("Content-Type", content_type);
  request.body = bytes;
  TAILRACE_TRY(Call(std::move(request)));
  return Ok();
}

Status S3Client::Delete(const std::string& key) {
  TAILRACE_TRY(Call(Request("DELETE", key, "")));
  return Ok();
}

Status S3Client::PutParts(const std::string& key, std::string_view bytes, std::string_view content_type) {
  HttpRequest begin = Request("POST", key, "uploads=");
  begin.headers.emplace_back("Content-Type", content_type);
  TAILRACE_ASSIGN_OR_RETURN(const HttpResponse begun, Call(std::move(begin)));
  const std::optional<std::string> id = XmlElement(begun.body, "UploadId");
  if (!id.has_value()) return Error{ErrorCode::kUnavailable, "S3 began a multipart upload without an UploadId"};
  const std::string query = StrCat("uploadId=", sigv4::UriEncode(*id, false));

  const auto upload = [&]() -> Status {
    std::string list = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    int number = 1;
    for (size_t at = 0; at < bytes.size(); at += config_.part_bytes, ++number) {
      HttpRequest part = Request("PUT", key, StrCat("partNumber=", number, "&", query));
      part.body = bytes.substr(at, config_.part_bytes);
      TAILRACE_ASSIGN_OR_RETURN(const HttpResponse taken, Call(std::move(part)));
      list += StrCat("<Part><PartNumber>", number, "</PartNumber><ETag>", XmlEscaped(HeaderOf(taken, "ETag")),
                     "</ETag></Part>");
    }
    HttpRequest complete = Request("POST", key, query);
    complete.headers.emplace_back("Content-Type", "application/xml");
    complete.body = list + "</CompleteMultipartUpload>";
    TAILRACE_ASSIGN_OR_RETURN(const HttpResponse completed, Call(std::move(complete)));
    // An error may come after the good status was sent.
    if (XmlElement(completed.body, "Code").has_value()) {
      return Error{ErrorCode::kUnavailable, ErrorOf(completed, config_).message};
    }
    return Ok();
  };
  const Status uploaded = upload();
  if (!uploaded.ok()) Call(Request("DELETE", key, query)).Ignore("unfinished parts are invisible");
  return uploaded;
}

Result<std::optional<S3Client::Object>> S3Client::Get(const std::string& key, const std::string& known_etag,
                                                      uint64_t bytes_max) {
  HttpRequest request = Request("GET", key, "");
  request.response_bytes_max = bytes_max;
  if (!known_etag.empty()) request.headers.emplace_back("If-None-Match", known_etag);
  TAILRACE_ASSIGN_OR_RETURN(HttpResponse response, Call(std::move(request)));
  if (response.status == 304) return std::optional<Object>();
  std::string etag = HeaderOf(response, "ETag");
  if (!known_etag.empty() && etag == known_etag) return std::optional<Object>();  // Servers that know no conditions.
  return std::optional<Object>(Object{std::move(etag), std::move(response.body)});
}

std::unique_ptr<ObjectStore> MakeObjectStore(const ObjectStoreConfig& config,
                                             const ObjectStoreEnvironment& environment) {
  if (const auto* const directory = std::get_if<DirectoryStoreConfig>(&config)) {
    return MakeDirectoryStore(*directory, environment.disk);
  }
  return std::make_unique<S3Client>(std::get<S3StoreConfig>(config), environment.net, environment.clock);
}

}  // namespace tailrace::sink::delivery
