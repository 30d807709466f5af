#include "api/kinesis/subscriptions.h"

#include <algorithm>
#include <atomic>

#include "api/aws/event_stream.h"
#include "api/kinesis/number_text.h"
#include "api/kinesis/shard_read.h"
#include "base/str.h"

namespace tailrace::api::kinesis {
namespace {

constexpr size_t kSubscriptionsMax = 4'000;
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kHeartbeat{1};
constexpr size_t kQueuedBytesMax = 4 << 20;  // Of a client that does not read; then its records wait.
constexpr stream::ReadLimits kEventLimits{.records_max = 1'000, .bytes_max = 1 << 20};

std::string_view ContentType(aws::Encoding encoding) {
  return encoding == aws::Encoding::kJson ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1";
}

std::string Event(aws::Encoding encoding, std::string_view type, std::string_view payload) {
  return aws::EventStreamFrame(
      {{":event-type", type}, {":content-type", ContentType(encoding)}, {":message-type", "event"}}, payload);
}

std::string Exception(aws::Encoding encoding, const aws::AwsError& error) {
  aws::Writer payload(encoding);
  payload.BeginMap();
  payload.Text("message", error.message);
  payload.EndMap();
  return aws::EventStreamFrame(
      {{":exception-type", error.type}, {":content-type", ContentType(encoding)}, {":message-type", "exception"}},
      std::move(payload).Take());
}

}  // namespace

// A stream whose new records wake the thread.
struct Subscriptions::Watched {
  explicit Watched(stream::Subscription subscription) : subscription(std::move(subscription)) {}
  stream::Subscription subscription;
};

// One subscription. Only the thread pushes; the others may end it.
class Subscriptions::Pushing {
 public:
  Pushing(const aws::CallPtr& call, Wanted wanted, stream::ShardReader reader, std::shared_ptr<Watched> watched,
          std::chrono::nanoseconds now)
      : wanted_(std::move(wanted)),
        encoding_(call->encoding()),
        reader_(std::move(reader)),
        watched_(std::move(watched)),
        begun_(now),
        last_event_(now - kHeartbeat) {
    exchange_ = call->BeginStream("application/vnd.amazon.eventstream");
    const std::string empty = encoding_ == aws::Encoding::kJson ? "{}" : "\xa0";
    exchange_->Write(Event(encoding_, "initial-response", empty));
  }
  ~Pushing() { exchange_->Finish(); }

  const Wanted& wanted() const { return wanted_; }
  std::chrono::nanoseconds begun() const { return begun_; }
  // With the subscriptions' lock.
  void End(aws::AwsError error) {
    if (ended_) return;
    error_ = std::move(error);
    ended_ = true;
  }

  // Pushes what there is. False: it is over.
  bool Push(std::chrono::nanoseconds now) {
    if (exchange_->closed()) return false;
    if (ended_) {
      if (error_.has_value()) exchange_->Write(Exception(encoding_, *error_));
      return false;
    }
    if (now - begun_ >= kSubscriptionLifetime) return false;
    while (exchange_->queued_bytes() < kQueuedBytesMax) {
      const Status read = reader_.Read(kEventLimits, batch_);
      if (!read.ok()) return Fail(read.error());
      if (batch_.shard_ended()) {
        SendEnd();
        return false;
      }
      const bool empty = batch_.records().empty();
      if (empty && now - last_event_ < kHeartbeat) return true;
      SendRecords();
      last_event_ = now;
      if (empty || batch_.caught_up()) return true;
    }
    return true;
  }

 private:
  const stream::ShardDescription& shard() const { return *wanted_.facts->Shard(wanted_.shard); }

  bool Fail(const Error& error) {
    const bool gone = error.code == ErrorCode::kNotFound;
    exchange_->Write(
        Exception(encoding_, {gone ? "ResourceNotFoundException" : "InternalFailureException", error.message}));
    return false;
  }

  // A number to go on after: of the newest record that was pushed, or the shard's first, which is before all records.
  std::string ContinuationNumber() const {
    const stream::Sequence next = reader_.position();
    if (next == 0) return StartingNumber(shard()).ToText();
    return NumberOf(shard(), next - 1, FromUnixMs(last_arrival_ms_)).ToText();
  }

  void SendRecords() {
    aws::Writer payload(encoding_);
    payload.BeginMap();
    payload.BeginList("Records");
    RecordWriter writer(payload, shard(), wanted_.facts->encrypted);
    for (const stream::RecordView& record : batch_.records()) {
      writer.Write(record);
      last_arrival_ms_ = ToUnixMs(record.arrival);
    }
    payload.EndList();
    payload.Text("ContinuationSequenceNumber", ContinuationNumber());
    Milliseconds behind{0};
    if (!batch_.caught_up()) {
      behind = wanted_.facts->stream->BehindLatest(wanted_.shard, batch_.next_sequence()).value_or(Milliseconds(0));
    }
    payload.Integer("MillisBehindLatest", behind.count());
    payload.EndMap();
    exchange_->Write(Event(encoding_, "SubscribeToShardEvent", std::move(payload).Take()));
  }

  void SendEnd() {
    aws::Writer payload(encoding_);
    payload.BeginMap();
    payload.BeginList("Records");
    payload.EndList();
    payload.Integer("MillisBehindLatest", 0);
    if (!WriteChildShards(payload, *wanted_.facts->stream, wanted_.shard)) {
      payload.Text("ContinuationSequenceNumber", ContinuationNumber());
    }
    payload.EndMap();
    exchange_->Write(Event(encoding_, "SubscribeToShardEvent", std::move(payload).Take()));
  }

  const Wanted wanted_;
  const aws::Encoding encoding_;
  http::ExchangePtr exchange_;
  stream::ShardReader reader_;
  const std::shared_ptr<Watched> watched_;
  const std::chrono::nanoseconds begun_;
  std::chrono::nanoseconds last_event_;
  stream::RecordBatch batch_;
  int64_t last_arrival_ms_ = 0;
  std::optional<aws::AwsError> error_;  // Set before `ended_`, read after it.
  std::atomic<bool> ended_{false};
};

Subscriptions::Subscriptions(const Clock& clock) : clock_(clock), thread_([this] { Run(); }) {}

Subscriptions::~Subscriptions() { Stop(); }

void Subscriptions::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<Subscriptions::Watched> Subscriptions::Watch(const FactsPtr& facts) {
  {
    const std::lock_guard lock(mutex_);
    if (auto found = watched_[facts->id].lock()) return found;
  }
  auto watched = std::make_shared<Watched>(facts->stream->Subscribe([this] {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    wake_.notify_one();
  }));
  const std::lock_guard lock(mutex_);
  std::erase_if(watched_, [](const auto& entry) { return entry.second.expired(); });
  watched_[facts->id] = watched;
  return watched;
}

aws::Answer<void> Subscriptions::Add(const aws::CallPtr& call, Wanted wanted) {
  auto reader = wanted.facts->stream->Read(wanted.shard, wanted.position);
  if (!reader.ok()) return std::unexpected(aws::ToAwsError(reader.error()));
  const std::shared_ptr<Watched> watched = Watch(wanted.facts);
  const std::chrono::nanoseconds now = clock_.Monotonic();
  const std::pair key(wanted.consumer_arn, wanted.shard);
  std::shared_ptr<Pushing> before;
  const std::lock_guard lock(mutex_);
  const auto found = pushing_.find(key);
  if (found != pushing_.end() && now - found->second->begun() < kTakeoverAfter) {
    return aws::Fail("ResourceInUseException", StrCat("Another active subscription exists for this consumer: ",
                                                      wanted.consumer_arn, ", shard ", ShardName(wanted.shard), "."));
  }
  if (stopping_ || pushing_.size() >= kSubscriptionsMax) {
    return aws::Fail("LimitExceededException", StrCat("More than ", kSubscriptionsMax, " subscriptions."));
  }
  if (found != pushing_.end()) {
    // Goes on under a name of its own until the thread has told it.
    before = found->second;
    before->End(
        aws::AwsError{"ResourceInUseException", "Another subscription of this consumer has taken the shard over."});
    pushing_.erase(found);
    ending_.push_back(std::move(before));
  }
  pushing_[key] = std::make_shared<Pushing>(call, std::move(wanted), std::move(reader).value(), watched, now);
  woken_ = true;
  wake_.notify_one();
  return {};
}

void Subscriptions::EndConsumer(const std::string& consumer_arn) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, pushing] : pushing_) {
    if (key.first == consumer_arn) {
      pushing->End(aws::AwsError{"ResourceNotFoundException", StrCat("Consumer ", consumer_arn, " was deregistered.")});
    }
  }
  woken_ = true;
  wake_.notify_one();
}

void Subscriptions::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool idle = pushing_.empty() && ending_.empty();
    const auto wanted = [this] { return stopping_ || woken_; };
    if (idle) {
      wake_.wait(lock, wanted);
    } else {
      wake_.wait_for(lock, kTick, wanted);
    }
    woken_ = false;
    std::vector<std::shared_ptr<Pushing>> all = std::move(ending_);
    ending_.clear();
    for (const auto& [key, pushing] : pushing_) all.push_back(pushing);
    lock.unlock();
    std::vector<std::shared_ptr<Pushing>> over;
    const std::chrono::nanoseconds now = clock_.Monotonic();
    for (const auto& pushing : all) {
      if (!pushing->Push(now)) over.push_back(pushing);
    }
    all.clear();
    lock.lock();
    for (const auto& pushing : over) {
      const auto found = pushing_.find({pushing->wanted().consumer_arn, pushing->wanted().shard});
      if (found != pushing_.end() && found->second == pushing) pushing_.erase(found);
    }
    lock.unlock();
    over.clear();  // Outside the lock: forgetting a stream waits for its wake-ups, which take the lock.
    lock.lock();
  }
  auto rest = std::move(pushing_);
  auto ending = std::move(ending_);
  lock.unlock();
  rest.clear();
}

}  // namespace tailrace::api::kinesis
