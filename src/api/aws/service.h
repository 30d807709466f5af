#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/aws/error.h"
#include "api/aws/shape.h"
#include "api/aws/value.h"
#include "api/aws/writer.h"
#include "api/http/message.h"

// How an AWS service is added: make a Service with its operations (kinesis/kinesis_service.cpp is the model) and give
// it to Gateway::Add in api_server.cpp. The gateway recognises the request, checks it (signature, types, constraints)
// and calls the operation with a Call; the operation answers with a Writer or an AwsError.
namespace tailrace::api::aws {

// On whose behalf a request comes, and where it believes to be.
struct Identity {
  std::string region;     // Of the signature's scope.
  std::string account;    // Twelve digits.
  std::string principal;  // Name of the key's section; the key id when keys are not checked.
};

// One checked request on its way through an operation. Answer once. Threads: any.
class Call {
 public:
  Call(http::ExchangePtr exchange, Document document, Identity identity)
      : exchange_(std::move(exchange)), document_(std::move(document)), identity_(std::move(identity)) {}
  virtual ~Call() = default;

  Value input() const { return document_.root(); }
  const Document& document() const { return document_; }
  const Identity& identity() const { return identity_; }
  Encoding encoding() const { return document_.encoding(); }

  // 200 with what was written, or with an empty body when nothing was.
  virtual void Respond(Writer writer) = 0;
  virtual void Fail(const AwsError& error) = 0;
  // For answers that go on (event streams): the head with the usual headers, then the exchange is the caller's.
  virtual http::ExchangePtr BeginStream(std::string_view content_type) = 0;

 protected:
  http::ExchangePtr exchange_;
  Document document_;
  Identity identity_;
};
using CallPtr = std::shared_ptr<Call>;

struct Operation {
  std::string_view name;
  Shape input;
  // kWorker: may block. kNetwork: runs on the I/O thread and must not; saves a change of threads.
  enum class Where : uint8_t { kWorker, kNetwork };
  Where where = Where::kWorker;
  std::function<void(const CallPtr&)> run;
};

struct Service {
  std::string target_prefix;  // "Kinesis_20131202"
  std::string signing_name;   // "kinesis"
  bool cbor = false;          // Also speaks application/x-amz-cbor-1.1.
  std::vector<Operation> operations;
};

// An operation that gives its answer on return, as Operation::run. Writing nothing means an empty body.
using Operate = std::function<Answer<void>(const Call& call, Writer& out)>;
std::function<void(const CallPtr&)> AtOnce(Operate operate);

}  // namespace tailrace::api::aws
