#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/aws/sealed_token.h"
#include "api/aws/service.h"
#include "api/kinesis/stream_directory.h"
#include "api/kinesis/throttle.h"
#include "api/worker_pool.h"
#include "base/disk.h"

namespace tailrace::api::kinesis {

class Subscriptions;

struct KinesisOptions {
  Milliseconds transition{0};  // How long streams and consumers are CREATING, UPDATING, DELETING.
  bool throttle = false;       // Refuse what is beyond the service's rates.
};

// What the operations share.
//
// Threads  Any.
class Kinesis {
 public:
  struct Environment {
    stream::StreamStore& streams;
    Disk& disk;
    const Clock& clock;
    WorkerPool& workers;
    // The application that reads or writes the stream: then it may not be deleted. Empty: none.
    std::function<std::string(const std::string& stream)> user_of_stream;
  };

  // `folder` is made; it keeps the key of the tokens and the account's settings.
  static Result<std::unique_ptr<Kinesis>> Open(KinesisOptions options, Environment environment, std::string folder);
  ~Kinesis();

  // Every operation, once. Refers to this object.
  aws::Service MakeService();
  // Ends all subscriptions; called before the server stops.
  void Stop();

  StreamDirectory& directory() { return directory_; }
  const aws::TokenSealer& tokens() const { return tokens_; }
  Throttle& throttle() { return throttle_; }
  Subscriptions& subscriptions() { return *subscriptions_; }
  const Environment& environment() const { return environment_; }
  const KinesisOptions& options() const { return options_; }
  const std::string& folder() const { return folder_; }
  Timestamp Now() const { return environment_.clock.Now(); }

 private:
  Kinesis(KinesisOptions options, Environment environment, std::string folder, aws::TokenSealer tokens);

  const KinesisOptions options_;
  const Environment environment_;
  const std::string folder_;
  const aws::TokenSealer tokens_;
  StreamDirectory directory_;
  Throttle throttle_;
  std::unique_ptr<Subscriptions> subscriptions_;
};

}  // namespace tailrace::api::kinesis
