#include "api/aws/gateway.h"

#include <algorithm>

#include "api/aws/caller_identity.h"
#include "base/decompress.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::api::aws {
namespace {

constexpr size_t kBodyBytesMax = 16 << 20;  // Unpacked.

constexpr std::string_view kJsonType = "application/x-amz-json-1.1";
constexpr std::string_view kCborType = "application/x-amz-cbor-1.1";
constexpr std::string_view kPlainJsonType = "application/json";

constexpr std::string_view kNoOperation =
    "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n"
    "</AccessDeniedException>\n";

std::string_view ContentType(Encoding encoding) { return encoding == Encoding::kJson ? kJsonType : kCborType; }

// Without parameters.
std::string_view MediaType(const http::Request& request) {
  const std::string_view value = request.Header("content-type").value_or("");
  return Trim(value.substr(0, value.find(';')));
}

// "http://127.0.0.1:3000", "http://app.localhost". What is no origin of a page counts as none.
bool PageOfThisMachine(std::string_view origin) {
  if (origin == "null") return false;
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return true;
  std::string_view host = origin.substr(scheme + 3);
  if (host.starts_with('[')) return host.starts_with("[::1]");
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1";
}

std::string ErrorBody(Encoding encoding, const AwsError& error) {
  Writer writer(encoding);
  writer.BeginMap();
  writer.Text("__type", error.type);
  if (!error.message.empty()) {
    writer.Text(error.type == "SerializationException" ? "Message" : "message", error.message);
  }
  writer.EndMap();
  return std::move(writer).Take();
}

std::string UuidFrom(std::string_view bytes) {
  std::string hex = ToHex(bytes.substr(0, 16));
  hex[12] = '4';  // Version: random.
  hex[16] = "89ab"[static_cast<uint8_t>(bytes[8]) & 3];
  return StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                hex.substr(20));
}

}  // namespace

class Gateway::GatewayCall final : public Call {
 public:
  GatewayCall(Gateway& gateway, http::ExchangePtr exchange, Document document, Identity identity)
      : Call(std::move(exchange), std::move(document), std::move(identity)), gateway_(gateway) {
    const std::lock_guard lock(gateway_.mutex_);
    ++gateway_.calls_;
  }
  ~GatewayCall() override {
    exchange_.reset();  // While the server is still there.
    const std::lock_guard lock(gateway_.mutex_);
    if (--gateway_.calls_ == 0) gateway_.answered_.notify_all();
  }

  void Respond(Writer writer) override {
    gateway_.RespondRaw(exchange_, 200, std::string(ContentType(encoding())), std::move(writer).Take());
  }
  void Fail(const AwsError& error) override { gateway_.Refuse(exchange_, encoding(), error); }
  http::ExchangePtr BeginStream(std::string_view content_type) override {
    http::Response head{.status = 200, .headers = gateway_.AnswerHeaders(exchange_->request())};
    head.headers.emplace_back("content-type", std::string(content_type));
    exchange_->BeginStream(std::move(head));
    return exchange_;
  }

 private:
  Gateway& gateway_;
};

Gateway::Gateway(GatewayOptions options, const Clock& clock, MetricsRegistry& metrics, WorkerPool& workers, Rng rng)
    : options_(std::move(options)), clock_(clock), metrics_(metrics), workers_(workers), rng_(rng) {}

Gateway::~Gateway() {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [this] { return calls_ == 0; });
}

void Gateway::Add(Service service) {
  auto registered = std::make_unique<Registered>();
  for (const Operation& operation : service.operations) {
    registered->requests.push_back(
        &metrics_.GetCounter("tailrace_aws_requests_total", "Requests of AWS services, by operation.",
                             {{"service", service.signing_name}, {"operation", std::string(operation.name)}}));
  }
  registered->service = std::move(service);
  services_.push_back(std::move(registered));
}

bool Gateway::Recognises(const http::Request& request) {
  if (request.method == "OPTIONS") {
    const auto asked = request.Header("access-control-request-headers");
    return asked.has_value() && AsciiLower(*asked).find("x-amz-") != std::string::npos;
  }
  if (request.Header("x-amz-target").has_value() || AsksForCallerIdentity(request)) return true;
  const std::string_view type = MediaType(request);
  return type.starts_with("application/x-amz-json-1.") || type.starts_with("application/x-amz-cbor-1.");
}

std::optional<Gateway::Selected> Gateway::Select(std::string_view target) const {
  const size_t dot = target.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  for (const auto& registered : services_) {
    const Service& service = registered->service;
    if (service.target_prefix != target.substr(0, dot)) continue;
    for (size_t i = 0; i < service.operations.size(); ++i) {
      if (service.operations[i].name != target.substr(dot + 1)) continue;
      return Selected{registered.get(), &service.operations[i], registered->requests[i]};
    }
  }
  return std::nullopt;
}

bool Gateway::KnowsService(const http::Request& request) const {
  const std::string_view target = request.Header("x-amz-target").value_or("");
  const std::string_view prefix = target.substr(0, target.find('.'));
  return std::ranges::any_of(services_, [&](const auto& each) { return each->service.target_prefix == prefix; });
}

void Gateway::Handle(http::ExchangePtr exchange) {
  const http::Request& request = exchange->request();
  const auto origin = request.Header("origin");
  const bool foreign = origin.has_value() && !options_.authentication.keys.has_value() && !PageOfThisMachine(*origin);
  if (foreign) {
    return Refuse(exchange, Encoding::kJson,
                  {"AccessDeniedException",
                   StrCat("pages of ", *origin, " are not let in while signatures are not checked; start the server ",
                          "with --aws-keys FILE"),
                   403});
  }
  if (origin.has_value() && request.method == "OPTIONS") {
    http::Headers headers = AnswerHeaders(request);
    std::erase_if(headers, [](const auto& header) { return header.first == "x-amz-id-2"; });
    for (const auto& [asked, allowed] : {std::pair{"access-control-request-headers", "access-control-allow-headers"},
                                         std::pair{"access-control-request-method", "access-control-allow-methods"}}) {
      if (const auto value = request.Header(asked)) headers.emplace_back(allowed, std::string(*value));
    }
    headers.emplace_back("access-control-max-age", "172800");
    return exchange->Respond({.status = 200, .headers = std::move(headers)});
  }
  if (request.method != "POST") return RespondRaw(exchange, 403, "", std::string(kNoOperation));
  if (AsksForCallerIdentity(request)) return TellCallerIdentity(exchange);
  Admit(exchange);
}

// The order of these checks is the services' own: clients' tests see it.
void Gateway::Admit(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  const auto selected = Select(request.Header("x-amz-target").value_or(""));
  const std::string_view type = MediaType(request);
  const bool cbor = type == kCborType && (!selected.has_value() || selected->registered->service.cbor);
  const Encoding encoding = type.starts_with("application/x-amz-json-") ? Encoding::kJson : Encoding::kCbor;
  const AwsError unknown{"UnknownOperationException", ""};
  if (request.body.empty()) {
    return Refuse(exchange, encoding, selected.has_value() ? AwsError{"SerializationException", ""} : unknown);
  }
  const bool plain = type == kPlainJsonType;
  if (type != kJsonType && !cbor && !plain) {
    return KnowsService(request) ? RespondRaw(exchange, 404, "", "<UnknownOperationException/>\n")
                                 : RespondRaw(exchange, 403, "", std::string(kNoOperation));
  }
  const std::string body_sha256 = BodySha256(request);
  auto body = DecodedBody(*exchange);
  std::optional<Document> document;
  if (body.has_value()) document = Document::Parse(cbor ? Encoding::kCbor : Encoding::kJson, *std::move(body));
  const bool readable = document.has_value() && document->root().kind() == Kind::kMap;
  if (plain) {
    const std::string_view name = readable ? "UnknownOperationException" : "SerializationException";
    return RespondRaw(exchange, readable ? 404 : 400, std::string(kPlainJsonType),
                      StrCat(R"({"Output":{"__type":"com.amazon.coral.service#)", name, R"("},"Version":"1.0"})"));
  }
  if (!body.has_value()) return Refuse(exchange, encoding, body.error());
  if (!readable) return Refuse(exchange, encoding, {"SerializationException", ""});
  if (!selected.has_value()) return Refuse(exchange, encoding, unknown);
  auto identity = Identify(request, body_sha256, selected->registered->service.signing_name);
  if (!identity.has_value()) return Refuse(exchange, encoding, identity.error());
  for (const auto check : {+[](Document& d, Shape s) { return CheckTypes(d, s); },
                           +[](Document& d, Shape s) { return CheckConstraints(d, s); }}) {
    const auto checked = check(*document, selected->operation->input);
    if (!checked.has_value()) return Refuse(exchange, encoding, checked.error());
  }
  Run(*selected, std::make_shared<GatewayCall>(*this, exchange, *std::move(document), *std::move(identity)));
}

void Gateway::TellCallerIdentity(const http::ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  const auto identity = Identify(request, BodySha256(request), kSecurityTokenService);
  const std::string id = UuidFrom(RandomBytes(16));
  if (!identity.has_value()) {
    CountError(identity.error().type);
    return RespondRaw(exchange, 403, "text/xml", QueryErrorXml(identity.error(), id));
  }
  RespondRaw(exchange, 200, "text/xml", CallerIdentityXml(*identity, id));
}

std::string Gateway::BodySha256(const http::Request& request) const {
  if (!options_.authentication.keys.has_value()) return "";
  const auto digest = Sha256(request.body);
  return ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Answer<std::string> Gateway::DecodedBody(http::Exchange& exchange) const {
  const std::string_view coding = exchange.request().Header("content-encoding").value_or("");
  if (coding.empty() || coding == "identity" || coding == "amz-1.0") return exchange.TakeBody();
  if (coding != "gzip")
    return aws::Fail("SerializationException", StrCat("Content-Encoding '", coding, "' is not offered; gzip is"));
  auto plain = Decompress(Compression::kGzip, exchange.request().body, kBodyBytesMax);
  if (!plain.ok()) return aws::Fail("SerializationException", plain.error().message);
  return std::move(plain).value();
}

Answer<Identity> Gateway::Identify(const http::Request& request, std::string_view body_sha256,
                                   std::string_view signing_name) const {
  TAILRACE_AWS_ASSIGN(const Authenticated found,
                      Authenticate(request, body_sha256, clock_.Now(), signing_name, options_.authentication));
  if (found.key == nullptr && !options_.loopback) {
    return aws::Fail(
        "AccessDeniedException",
        "This server listens beyond loopback and knows no keys: start it with --aws-keys FILE (the form of "
        "~/.aws/credentials), or with --listen 127.0.0.1:PORT.");
  }
  Identity identity{.region = found.region.empty() ? options_.region : found.region,
                    .account = options_.account,
                    .principal = found.key != nullptr ? found.key->principal : found.access_key_id};
  if (found.key != nullptr && !found.key->account.empty()) identity.account = found.key->account;
  return identity;
}

void Gateway::Run(const Selected& selected, const std::shared_ptr<GatewayCall>& call) {
  selected.requests->Add(1);
  const Operation& operation = *selected.operation;
  if (operation.where == Operation::Where::kNetwork) return operation.run(call);
  if (!workers_.Post([&operation, call] { operation.run(call); })) {
    call->Fail({"ServiceUnavailable", "too many requests are waiting", 503});
  }
}

void Gateway::Refuse(const http::ExchangePtr& exchange, Encoding encoding, const AwsError& error) {
  CountError(error.type);
  RespondRaw(exchange, error.status, std::string(ContentType(encoding)), ErrorBody(encoding, error));
}

void Gateway::RespondRaw(const http::ExchangePtr& exchange, int status, std::string content_type, std::string body) {
  http::Response response{.status = status, .headers = AnswerHeaders(exchange->request()), .body = std::move(body)};
  if (!content_type.empty()) response.headers.emplace_back("content-type", std::move(content_type));
  exchange->Respond(std::move(response));
}

http::Headers Gateway::AnswerHeaders(const http::Request& request) {
  const std::string random = RandomBytes(16 + 72);
  http::Headers headers{{"x-amzn-requestid", UuidFrom(random)},
                        {"x-amz-id-2", ToBase64(std::string_view(random).substr(16))}};
  if (!request.Header("origin").has_value()) return headers;
  headers.emplace_back("access-control-allow-origin", "*");
  if (request.method != "OPTIONS") {
    headers.emplace_back("access-control-expose-headers",
                         "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date");
  }
  return headers;
}

std::string Gateway::RandomBytes(size_t count) {
  const std::lock_guard lock(mutex_);
  return rng_.Bytes(count);
}

void Gateway::CountError(const std::string& type) {
  const std::lock_guard lock(mutex_);
  Counter*& counter = errors_[type];
  if (counter == nullptr) {
    counter =
        &metrics_.GetCounter("tailrace_aws_errors_total", "Error answers to AWS requests, by type.", {{"type", type}});
  }
  counter->Add(1);
}

}  // namespace tailrace::api::aws
