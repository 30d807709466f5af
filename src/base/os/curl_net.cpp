#include "base/os/curl_net.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/mail_message.h"
#include "base/str.h"

namespace tailrace {
namespace {

// Who does not take a connection for so long is not there, however long an answer may take.
constexpr std::chrono::milliseconds kConnectMax{10'000};
constexpr size_t kResponseHeadersMax = 256;
constexpr size_t kResponseHeaderBytesMax = 64 << 10;

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

void Append(Slist& list, const std::string& text) {
  curl_slist* const longer = curl_slist_append(list.get(), text.c_str());
  TAILRACE_CHECK(longer != nullptr);
  list.release();
  list.reset(longer);
}

// Scheme, host and port: the only parts of a URL that are fit for a message (the rest may hold keys).
struct Origin {
  std::string scheme;
  std::string host;
  std::string text;
};

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* raw = nullptr;
  if (curl_url_get(url, part, &raw, 0) != CURLUE_OK) return "";
  std::string text(raw);
  curl_free(raw);
  return text;
}

Result<Origin> ParseOrigin(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  TAILRACE_CHECK(parsed != nullptr);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return Error{ErrorCode::kInvalidArgument, "URL is not absolute or malformed"};
  }
  Origin origin{.scheme = UrlPart(parsed.get(), CURLUPART_SCHEME), .host = UrlPart(parsed.get(), CURLUPART_HOST)};
  origin.text = StrCat(origin.scheme, "://", origin.host);
  const std::string port = UrlPart(parsed.get(), CURLUPART_PORT);
  if (!port.empty()) origin.text += StrCat(":", port);
  return origin;
}

bool IsLoopback(const std::string& host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

// The code, from curl's own result; the caller adds what a protocol knows.
ErrorCode CodeOf(CURLcode result) {
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::kInvalidArgument;
    case CURLE_LOGIN_DENIED:
      return ErrorCode::kPermissionDenied;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;  // Names, connections, TLS, broken transfers: all may heal.
  }
}

struct ResponseReader {
  HttpResponse response;
  uint64_t body_bytes_max = 0;
  size_t header_bytes = 0;
  bool too_large = false;
};

size_t OnBody(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& reader = *static_cast<ResponseReader*>(context);
  if (reader.response.body.size() + count > reader.body_bytes_max) {
    reader.too_large = true;
    return 0;
  }
  reader.response.body.append(bytes, count);
  return count;
}

size_t OnHeader(char* bytes, size_t /*one*/, size_t count, void* context) {
  auto& reader = *static_cast<ResponseReader*>(context);
  const std::string_view line = Trim({bytes, count});
  if (line.starts_with("HTTP/")) {  // A new response: what an interim one (100) said is forgotten.
    reader.response.headers.clear();
    return count;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  reader.header_bytes += count;
  if (reader.response.headers.size() >= kResponseHeadersMax || reader.header_bytes > kResponseHeaderBytesMax) {
    reader.too_large = true;
    return 0;
  }
  reader.response.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
  return count;
}

struct MailReader {
  std::string_view rest;
};

size_t OnMailRead(char* into, size_t /*one*/, size_t count, void* context) {
  auto& reader = *static_cast<MailReader*>(context);
  const size_t bytes = std::min(count, reader.rest.size());
  std::memcpy(into, reader.rest.data(), bytes);
  reader.rest.remove_prefix(bytes);
  return bytes;
}

bool HasLineBreak(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

Status CheckRequest(const HttpRequest& request) {
  if (request.method.empty() || !std::ranges::all_of(request.method, [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return Error{ErrorCode::kInvalidArgument, "HTTP method is not upper-case letters"};
  }
  if (HasLineBreak(request.url)) return Error{ErrorCode::kInvalidArgument, "URL holds a line break"};
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || HasLineBreak(name) || name.contains(':') || HasLineBreak(value)) {
      return Error{ErrorCode::kInvalidArgument, "HTTP header is malformed or holds a line break"};
    }
  }
  return Ok();
}

Slist HeaderList(const HttpRequest& request) {
  Slist list;
  Append(list, "Expect:");  // No 100-continue round trip.
  for (const auto& [name, value] : request.headers) {
    Append(list, value.empty() ? StrCat(name, ";") : StrCat(name, ": ", value));
  }
  const bool has_type = std::ranges::any_of(
      request.headers, [](const auto& header) { return EqualsIgnoreCase(header.first, "content-type"); });
  if (!has_type) Append(list, "Content-Type:");  // Else curl claims a form.
  return list;
}

void SetMethod(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool sends_body = request.method == "POST" || request.method == "PUT" || !request.body.empty();
  if (sends_body) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// libcurl calls it at least once a second; other than 0 ends the call.
int OnProgress(void* ended, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(ended)->load() ? 1 : 0;
}

void SetCommon(CURL* handle, const CurlNetOptions& options, const Origin& origin, std::chrono::milliseconds timeout,
               std::atomic<bool>& ended) {
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &ended);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout, kConnectMax).count()));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  if (IsLoopback(origin.host)) curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
}

Error MailError(CURLcode result, long smtp_code, const Origin& origin) {
  ErrorCode code = CodeOf(result);
  // The server spoke: a 5xx answer is final (RFC 5321, 4.2.1), a 4xx one is worth a retry.
  const bool refused = result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR || result == CURLE_WEIRD_SERVER_REPLY;
  if (refused && smtp_code >= 500) code = ErrorCode::kInvalidArgument;
  std::string message = StrCat("mail to ", origin.text, ": ", curl_easy_strerror(result));
  if (smtp_code >= 400) message += StrCat(", SMTP answer ", smtp_code);
  return Error{code, std::move(message)};
}

}  // namespace

// Takes a handle for one call and gives it back, options reset and connections kept.
class CurlNet::Lease {
 public:
  explicit Lease(CurlNet& net) : net_(net) {
    {
      const std::lock_guard lock(net_.mutex_);
      if (!net_.idle_.empty()) {
        handle_ = net_.idle_.back();
        net_.idle_.pop_back();
      }
    }
    if (handle_ == nullptr) handle_ = curl_easy_init();
    TAILRACE_CHECK(handle_ != nullptr);
  }

  ~Lease() {
    curl_easy_reset(handle_);
    {
      const std::lock_guard lock(net_.mutex_);
      if (net_.idle_.size() < net_.options_.idle_max) {
        net_.idle_.push_back(handle_);
        return;
      }
    }
    curl_easy_cleanup(handle_);
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  CURL* handle() const { return handle_; }

 private:
  CurlNet& net_;
  CURL* handle_ = nullptr;
};

CurlNet::CurlNet(CurlNetOptions options) : options_(std::move(options)) {
  TAILRACE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

CurlNet::~CurlNet() {
  for (void* const handle : idle_) curl_easy_cleanup(handle);
  curl_global_cleanup();
}

Result<HttpResponse> CurlNet::Http(const HttpRequest& request) {
  TAILRACE_TRY(CheckRequest(request));
  TAILRACE_ASSIGN_OR_RETURN(const Origin origin, ParseOrigin(request.url));
  if (origin.scheme != "http" && origin.scheme != "https") {
    return Error{ErrorCode::kInvalidArgument, StrCat("URL scheme ", origin.scheme, " is not http or https")};
  }
  const Slist headers = HeaderList(request);
  ResponseReader reader{.body_bytes_max = request.response_bytes_max};
  const Lease lease(*this);
  CURL* const handle = lease.handle();
  SetCommon(handle, options_, origin, request.timeout, ended_);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);  // A signed path must arrive as it was signed.
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reader);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &reader);
  SetMethod(handle, request);
  const CURLcode result = curl_easy_perform(handle);
  if (reader.too_large) {
    return Error{ErrorCode::kLimitExceeded, StrCat("HTTP response of ", origin.text, " is too large: max ",
                                                   request.response_bytes_max, " bytes of body")};
  }
  if (result != CURLE_OK) {
    return Error{CodeOf(result), StrCat("HTTP to ", origin.text, ": ", curl_easy_strerror(result))};
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  reader.response.status = static_cast<int>(status);
  return std::move(reader.response);
}

Status CurlNet::SendMail(const MailServer& server, const Mail& mail) {
  TAILRACE_ASSIGN_OR_RETURN(const Origin origin, ParseOrigin(server.url));
  if (origin.scheme != "smtp" && origin.scheme != "smtps") {
    return Error{ErrorCode::kInvalidArgument, StrCat("URL scheme ", origin.scheme, " is not smtp or smtps")};
  }
  TAILRACE_TRY(CheckMailAddress(mail.from));
  if (mail.to.empty()) return Error{ErrorCode::kInvalidArgument, "mail has no recipient"};
  Slist recipients;
  for (const std::string& address : mail.to) {
    TAILRACE_TRY(CheckMailAddress(address));
    Append(recipients, StrCat("<", address, ">"));
  }
  MailReader reader{.rest = mail.message};
  const Lease lease(*this);
  CURL* const handle = lease.handle();
  SetCommon(handle, options_, origin, server.timeout, ended_);
  const bool password_in_clear_allowed = server.user.empty() || IsLoopback(origin.host);
  const long tls = server.require_tls || !password_in_clear_allowed ? CURLUSESSL_ALL : CURLUSESSL_TRY;
  curl_easy_setopt(handle, CURLOPT_URL, server.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(handle, CURLOPT_USE_SSL, tls);
  // curl would carry mail that asks for TLS over an open connection without it: each mail gets its own.
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  if (!server.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, server.password.c_str());
  }
  const std::string sender = StrCat("<", mail.from, ">");
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, OnMailRead);
  curl_easy_setopt(handle, CURLOPT_READDATA, &reader);
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  const CURLcode result = curl_easy_perform(handle);
  if (result == CURLE_OK) return Ok();
  long smtp_code = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &smtp_code);
  return MailError(result, smtp_code, origin);
}

}  // namespace tailrace
