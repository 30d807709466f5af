#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/rng.h"
#include "sink/delivery/destination.h"
#include "sink/delivery/processing.h"
#include "sink/delivery/progress.h"
#include "sink/delivery/span.h"

namespace tailrace::sink::delivery {

struct DeliverySettings {
  DeliveryDefinition definition;
  uint64_t version = 1;  // Grows with every change; part of the objects' names.
  std::string arn;
  std::string errors_folder;  // Where failures go that have no backup.
};

struct DeliveryStatus {
  std::string name;
  std::string source_stream;  // Empty: the delivery stream's own.
  std::string destination;    // For people.
  std::string state;          // "buffering", "delivering", "retrying"
  std::string error;          // Why the last try failed; empty when it did not.
  uint64_t version = 0;
  Milliseconds lag{0};           // Age of the oldest record that is not delivered; zero when there is none.
  uint64_t waiting_records = 0;  // Accepted and not delivered.
  uint64_t objects = 0;          // Since the process began, as the numbers below.
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t failed_tries = 0;
  uint64_t failed_records = 0;  // Gave up on, with a document among the errors.
  uint64_t lost_records = 0;    // Removed by retention before they were delivered.
  std::optional<Timestamp> last_delivery;
};

// Delivers the records of one stream: buffers by size and time, gives them to the destination, tries again, hands to
// the backup what cannot be delivered.
//
// Delivery  Every record of the stream at least once, in order of arrival. An archive's object has a name that follows
//           from its records' place, and is written again under that name after a crash: each record is in one object.
// State     The progress file. A span's end is noted before it goes out, its delivery when it is there.
// Threads   Step: one owner, which is its own thread after Start. The rest: any.
class DeliveryStream {
 public:
  // `stream` is what is delivered. Errors: kInvalidArgument: the definition; kCorruption: the progress file.
  static Result<std::unique_ptr<DeliveryStream>> Open(DeliverySettings settings, std::shared_ptr<stream::Stream> stream,
                                                      std::string progress_file, const DeliveryEnvironment& environment,
                                                      Rng rng);
  ~DeliveryStream();

  // Does what can be done now. Output: how long nothing else is to be done unless records come; at most a second.
  Milliseconds Step();

  void Start();
  // Ends after the request under way.
  void Stop();
  // From the next span on, or the next try of one that fails.
  void Change(DeliverySettings settings);

  DeliveryStatus status() const;
  const std::shared_ptr<stream::Stream>& stream() const { return stream_; }

 private:
  DeliveryStream(std::shared_ptr<stream::Stream> stream, std::string progress_file,
                 const DeliveryEnvironment& environment, Rng rng);
  Status Apply(DeliverySettings settings);
  Status Resume();
  Status TakeChange();
  Status Begin();
  Status BeginDelivery();
  Result<Milliseconds> Attempt();
  Status BackUpAll();
  Status Finish();
  Milliseconds Fail(const Error& error);
  void GiveUp();
  void Publish(std::string_view state, const std::string& error);
  void Run();
  std::optional<stream::HashKeyRange> RangeOf(stream::ShardId shard) const;
  bool Stopping();
  void Wake();

  const std::shared_ptr<stream::Stream> stream_;
  const std::string progress_file_;
  const DeliveryEnvironment environment_;
  Rng rng_;
  DeliverySettings settings_;
  std::unique_ptr<Processor> processor_;
  std::unique_ptr<Destination> destination_;
  std::unique_ptr<Archive> errors_;  // Where failures go.
  std::unique_ptr<SpanReader> reader_;
  Progress progress_;
  Span span_;
  std::optional<Delivery> delivery_;  // The span on its way out.
  bool backed_up_ = false;            // All of it, where that is asked for.
  Taken taken_;                       // By this delivery so far.
  std::optional<Timestamp> first_failure_;
  std::chrono::nanoseconds next_try_{};  // Monotonic.

  std::thread thread_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::optional<DeliverySettings> change_;
  DeliveryStatus status_;
  Positions delivered_;
  std::optional<Timestamp> oldest_;  // Arrival of the oldest record that is not delivered.
  std::optional<stream::Subscription> subscription_;
};

}  // namespace tailrace::sink::delivery
