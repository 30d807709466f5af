#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/aws/service.h"
#include "api/kinesis/stream_directory.h"
#include "base/clock.h"

namespace tailrace::api::kinesis {

inline constexpr Milliseconds kSubscriptionLifetime{5 * 60 * 1000};
inline constexpr Milliseconds kTakeoverAfter{5'000};  // Sooner, a second subscription is refused.

// The subscriptions of enhanced consumers: pushes records of a shard as an event stream, as they come, for five
// minutes. One thread serves all; it is woken by the streams.
//
// A slow client is not pushed beyond what it takes: its records wait in the stream. While there is nothing, an empty
// event a second tells that the subscription lives.
//
// Threads  Any.
class Subscriptions {
 public:
  explicit Subscriptions(const Clock& clock);
  ~Subscriptions();

  // What is subscribed to, and from where.
  struct Wanted {
    std::string consumer_arn;
    FactsPtr facts;
    stream::ShardId shard = 0;
    stream::Sequence position = 0;
  };
  // Takes the call over. Errors (the call is still the caller's): ResourceInUseException: the consumer has a
  // subscription of this shard that is younger than five seconds. LimitExceededException. An older one ends.
  aws::Answer<void> Add(const aws::CallPtr& call, Wanted wanted);
  // Ends the subscriptions of a consumer that is deregistered.
  void EndConsumer(const std::string& consumer_arn);
  // Ends all, and takes no more.
  void Stop();

 private:
  class Pushing;
  struct Watched;

  void Run();
  std::shared_ptr<Watched> Watch(const FactsPtr& facts);

  const Clock& clock_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  bool stopping_ = false;
  bool woken_ = false;
  std::map<std::pair<std::string, stream::ShardId>, std::shared_ptr<Pushing>> pushing_;  // By consumer and shard.
  std::vector<std::shared_ptr<Pushing>> ending_;                                         // Taken over by others.
  std::map<std::string, std::weak_ptr<Watched>> watched_;                                // By stream id.
  std::thread thread_;
};

}  // namespace tailrace::api::kinesis
