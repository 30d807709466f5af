#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/net.h"
#include "ingest/agent/record_target.h"
#include "ingest/agent/service_access.h"

namespace tailrace::ingest {

struct ServiceTargetOptions {
  DestinationKind kind = DestinationKind::kStream;
  std::string destination;  // Name of the stream or delivery stream.
  ServiceEndpoint endpoint;
  std::string user_agent;  // Empty: the program's.
  std::chrono::milliseconds timeout{50'000};
};

// Puts records over HTTP into a stream (Kinesis PutRecords) or delivery stream (Firehose PutRecordBatch) elsewhere.
// Such a service knows no producers: what is sent again after a lost answer is there twice.
//
// Errors   kUnavailable, kTimeout: everything that the service or the network says against the whole call, in its words
//          and with a cure where one is known; no record is ever given up. A record that the service refuses inside an
//          answer is kRetry. When the service does not take the keys, they are looked for anew.
// Threads  Any.
// Source   Kinesis API, PutRecords; Firehose API, PutRecordBatch.
class ServiceTarget final : public RecordTarget {
 public:
  using FindCredentials = std::function<Result<AgentCredentials>()>;

  // `net` and `clock` are borrowed.
  ServiceTarget(ServiceTargetOptions options, FindCredentials find_credentials, Net& net, const Clock& clock);

  TargetLimits limits() const override;
  Result<std::vector<RecordResult>> Put(std::string_view producer, uint64_t first_sequence,
                                        std::span<const TargetRecord> records) override;
  Result<std::optional<uint64_t>> LastSequence(std::string_view producer) override;

  // Asks the service whether the destination is there and ready. Errors: as above.
  Status Check();

 private:
  Result<std::string> Call(std::string_view action, std::string body);
  Result<AgentCredentials> Credentials();
  Error ServiceError(const HttpResponse& response, std::string_view action, const std::string& key_source);
  std::string PutBody(std::span<const TargetRecord> records) const;

  const ServiceTargetOptions options_;
  const FindCredentials find_credentials_;
  Net& net_;
  const Clock& clock_;
  std::mutex mutex_;  // Guards credentials_.
  std::optional<AgentCredentials> credentials_;
};

}  // namespace tailrace::ingest
