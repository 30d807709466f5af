#include "sink/delivery/delivery_stream.h"

#include <algorithm>

#include "base/hash.h"
#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr Milliseconds kStepWaitMax{1'000};
constexpr Milliseconds kReadPause{20};  // Between two looks at a stream that is being filled.
constexpr Milliseconds kBackoffMin{1'000};
constexpr Milliseconds kArchiveBackoffMax{30'000};
constexpr Milliseconds kRequestBackoffMax{120'000};

// 32 hexadecimal digits that tell this span from every other one.
std::string SpanId(const std::string& stream_id, const std::string& name, const Span& span) {
  const SpanRecord& first = span.records.front();
  const auto digest = Sha256(StrCat(stream_id, "/", name, "/", first.shard, "/", first.sequence));
  return ToHex({reinterpret_cast<const char*>(digest.data()), 16});
}

}  // namespace

DeliveryStream::DeliveryStream(std::shared_ptr<stream::Stream> stream, std::string progress_file,
                               const DeliveryEnvironment& environment, Rng rng)
    : stream_(std::move(stream)), progress_file_(std::move(progress_file)), environment_(environment), rng_(rng) {}

DeliveryStream::~DeliveryStream() { Stop(); }

Result<std::unique_ptr<DeliveryStream>> DeliveryStream::Open(DeliverySettings settings,
                                                             std::shared_ptr<stream::Stream> stream,
                                                             std::string progress_file,
                                                             const DeliveryEnvironment& environment, Rng rng) {
  std::unique_ptr<DeliveryStream> delivery(
      new DeliveryStream(std::move(stream), std::move(progress_file), environment, rng));
  TAILRACE_TRY(delivery->Apply(std::move(settings)));
  TAILRACE_TRY(delivery->Resume());
  delivery->Publish("buffering", "");
  return delivery;
}

Status DeliveryStream::Apply(DeliverySettings settings) {
  const DeliveryDefinition& definition = settings.definition;
  TAILRACE_TRY(CheckDefinition(definition));
  TAILRACE_ASSIGN_OR_RETURN(
      std::unique_ptr<Processor> processor,
      Processor::Make(definition.processing, {.worker = environment_.partition_worker,
                                              .stopping = [this] { return Stopping(); },
                                              .range_of = [this](stream::ShardId shard) { return RangeOf(shard); }}));
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Destination> destination,
                            MakeDestination(definition.destination, environment_));
  ArchiveConfig for_errors{.store = DirectoryStoreConfig{settings.errors_folder}};
  if (definition.backup.has_value()) for_errors = *definition.backup;
  if (const auto* const own = std::get_if<ArchiveConfig>(&definition.destination)) for_errors = *own;
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Archive> errors, Archive::Make(for_errors, environment_));
  processor_ = std::move(processor);
  destination_ = std::move(destination);
  errors_ = std::move(errors);
  settings_ = std::move(settings);
  return Ok();
}

// Goes on where the last run stopped; a span that was on its way goes out again.
Status DeliveryStream::Resume() {
  const std::string id = stream_->Describe().id;
  TAILRACE_ASSIGN_OR_RETURN(const std::optional<Progress> saved, ReadProgress(environment_.disk, progress_file_));
  const bool known = saved.has_value() && saved->stream_id == id;
  if (known) progress_ = *saved;
  progress_.stream_id = id;
  delivered_ = progress_.positions;
  TAILRACE_ASSIGN_OR_RETURN(reader_, SpanReader::Open(stream_, progress_.positions));
  if (!progress_.in_flight_end.has_value()) return Ok();
  TAILRACE_TRY(reader_->FillTo(*progress_.in_flight_end, span_));
  if (span_.records.empty()) return Finish();  // Retention has removed all of it.
  const Status begun = Begin();
  // What is away now is asked for again by Step.
  return begun.ok() || begun.error().code == ErrorCode::kUnavailable ? Ok() : begun;
}

Status DeliveryStream::TakeChange() {
  std::optional<DeliverySettings> change;
  {
    const std::lock_guard lock(mutex_);
    change.swap(change_);
  }
  if (!change.has_value()) return Ok();
  TAILRACE_TRY(Apply(std::move(*change)));
  first_failure_.reset();
  next_try_ = {};
  if (delivery_.has_value()) return Begin();
  return Ok();
}

// As BeginDelivery; a delivery that did not begin is not there.
Status DeliveryStream::Begin() {
  const Status begun = BeginDelivery();
  if (!begun.ok()) delivery_.reset();
  return begun;
}

// Notes where the span ends before any of it goes out.
Status DeliveryStream::BeginDelivery() {
  if (progress_.in_flight_end != span_.end || progress_.in_flight_version != settings_.version) {
    progress_.in_flight_end = span_.end;
    progress_.in_flight_version = settings_.version;
    TAILRACE_TRY(WriteProgress(environment_.disk, progress_file_, progress_));
  }
  delivery_.emplace();
  delivery_->stream_name = settings_.definition.name;
  delivery_->stream_arn = settings_.arn;
  delivery_->version = settings_.version;
  delivery_->stream_id = progress_.stream_id;
  delivery_->id = SpanId(progress_.stream_id, settings_.definition.name, span_);
  backed_up_ = false;
  taken_ = {};
  first_failure_.reset();
  return processor_->Run(span_, *delivery_);
}

Status DeliveryStream::BackUpAll() {
  if (!settings_.definition.backup_all || backed_up_) return Ok();
  std::vector<Item> items;
  for (const SpanRecord& record : span_.records) {
    items.push_back({record.shard, record.sequence, 0, record.arrival, record.data, {}});
  }
  Taken taken;
  std::vector<Failure> refused;
  TAILRACE_TRY(errors_->PutData(*delivery_, items, refused, taken));
  backed_up_ = true;
  return Ok();
}

// Output: zero when all is done; else how long to wait for the destination.
Result<Milliseconds> DeliveryStream::Attempt() {
  TAILRACE_TRY(BackUpAll());
  if (!delivery_->items.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(const Milliseconds wait, destination_->Deliver(*delivery_, taken_));
    if (wait > Milliseconds(0)) return wait;
  }
  if (!delivery_->failures.empty()) {
    Taken taken;
    TAILRACE_TRY(errors_->PutFailures(*delivery_, delivery_->failures, taken));
  }
  TAILRACE_TRY(Finish());
  return Milliseconds(0);
}

Status DeliveryStream::Finish() {
  Progress done = progress_;
  done.positions = *done.in_flight_end;
  done.in_flight_end.reset();
  TAILRACE_TRY(WriteProgress(environment_.disk, progress_file_, done));
  progress_ = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    status_.objects += taken_.objects;
    status_.records += taken_.records;
    status_.bytes += taken_.bytes;
    if (delivery_.has_value()) status_.failed_records += delivery_->failures.size();
    status_.last_delivery = environment_.clock.Now();
    delivered_ = progress_.positions;
  }
  const Labels labels = {{"delivery_stream", settings_.definition.name}};
  MetricsRegistry& metrics = environment_.metrics;
  metrics.GetCounter("tailrace_delivery_objects_total", "Objects or requests that a destination took.", labels)
      .Add(taken_.objects);
  metrics.GetCounter("tailrace_delivery_records_total", "Records that a destination took.", labels).Add(taken_.records);
  metrics.GetCounter("tailrace_delivery_bytes_total", "Bytes that a destination took, as sent.", labels)
      .Add(taken_.bytes);
  metrics
      .GetCounter("tailrace_delivery_failed_records_total", "Records that were given up and kept as error documents.",
                  labels)
      .Add(delivery_.has_value() ? delivery_->failures.size() : 0);
  span_ = {};
  delivery_.reset();
  taken_ = {};
  first_failure_.reset();
  return Ok();
}

// What is left goes to the errors.
void DeliveryStream::GiveUp() {
  const std::string code = destination_->last_code();
  std::string message;
  {
    const std::lock_guard lock(mutex_);
    message = status_.error;
  }
  for (Item& item : delivery_->items) {
    delivery_->failures.push_back({std::move(item), std::string(destination_->error_type()), code, message, {}});
  }
  delivery_->items.clear();
}

Milliseconds DeliveryStream::Fail(const Error& error) {
  if (error.code == ErrorCode::kCancelled) return kStepWaitMax;  // It stops.
  const Timestamp now = environment_.clock.Now();
  if (!first_failure_.has_value()) {
    environment_.log.Warning("delivery failed, it is tried again",
                             {{"delivery_stream", settings_.definition.name}, {"error", error.message}});
    first_failure_ = now;
  }
  const Labels labels = {{"delivery_stream", settings_.definition.name}};
  environment_.metrics.GetCounter("tailrace_delivery_failed_tries_total", "Tries of a delivery that failed.", labels)
      .Add(1);
  {
    const std::lock_guard lock(mutex_);
    ++status_.failed_tries;
  }
  if (delivery_.has_value()) ++delivery_->attempts;
  Publish("retrying", error.message);
  const bool archive = std::holds_alternative<ArchiveConfig>(settings_.definition.destination);
  const uint32_t doublings = delivery_.has_value() ? std::min<uint32_t>(delivery_->attempts, 8) : 1;
  const Milliseconds backoff = std::min(kBackoffMin * (1 << (std::max<uint32_t>(doublings, 1) - 1)),
                                        archive ? kArchiveBackoffMax : kRequestBackoffMax);
  const auto jittered = std::chrono::nanoseconds(backoff) * (850 + static_cast<int64_t>(rng_.Below(301))) / 1000;
  next_try_ = environment_.clock.Monotonic() + jittered;
  const bool over = now - *first_failure_ >= settings_.definition.retry;
  const bool has_backup = destination_->gives_up() && settings_.definition.backup.has_value();
  if (over && has_backup && delivery_.has_value() && !delivery_->items.empty()) {
    GiveUp();
    next_try_ = {};
  }
  return std::min(std::chrono::ceil<Milliseconds>(jittered), kStepWaitMax);
}

Milliseconds DeliveryStream::Step() {
  const Status changed = TakeChange();
  if (!changed.ok()) return Fail(changed.error());
  const auto wait = std::chrono::ceil<Milliseconds>(next_try_ - environment_.clock.Monotonic());
  if (wait > Milliseconds(0)) {
    Publish(first_failure_.has_value() ? "retrying" : "delivering", "");
    return std::min(wait, kStepWaitMax);
  }
  if (!delivery_.has_value()) {
    const DeliveryDefinition& definition = settings_.definition;
    const Destination::Limits most = destination_->limits();
    const auto complete = reader_->Fill(environment_.clock.Now(),
                                        {.bytes_max = std::min(definition.buffer_bytes, most.bytes_max),
                                         .interval = definition.buffer_interval,
                                         .records_max = most.records_max},
                                        span_);
    if (!complete.ok()) return Fail(complete.error());
    Publish("buffering", "");
    if (!*complete) {
      if (span_.records.empty()) return kStepWaitMax;
      const Timestamp due = span_.records.front().arrival + definition.buffer_interval;
      return std::clamp(due - environment_.clock.Now() + Milliseconds(1), Milliseconds(1), kStepWaitMax);
    }
    const Status begun = Begin();
    if (!begun.ok()) return Fail(begun.error());
  }
  Publish("delivering", "");
  const auto again = Attempt();
  if (!again.ok()) return Fail(again.error());
  next_try_ = {};
  if (*again > Milliseconds(0)) {
    next_try_ = environment_.clock.Monotonic() + *again;
    return std::min(*again, kStepWaitMax);
  }
  Publish("buffering", "");
  return Milliseconds(0);
}

// An empty error leaves that of a delivery which is still being tried.
void DeliveryStream::Publish(std::string_view state, const std::string& error) {
  const uint64_t lost = reader_ == nullptr ? 0 : reader_->lost_to_retention();
  uint64_t lost_now = 0;
  double lag_seconds = 0;
  {
    const std::lock_guard lock(mutex_);
    status_.name = settings_.definition.name;
    status_.source_stream = settings_.definition.source_stream;
    status_.destination = DescribeDestination(settings_.definition.destination);
    status_.version = settings_.version;
    status_.state = state;
    if (!error.empty()) status_.error = error;
    if (state == "buffering") status_.error.clear();
    lost_now = lost - status_.lost_records;
    status_.lost_records = lost;
    oldest_.reset();
    if (!span_.records.empty()) oldest_ = span_.records.front().arrival;
    if (oldest_.has_value()) {
      lag_seconds = std::chrono::duration<double>(environment_.clock.Now() - *oldest_).count();
    }
  }
  const Labels labels = {{"delivery_stream", settings_.definition.name}};
  environment_.metrics
      .GetGauge("tailrace_delivery_lag_seconds", "Age of the oldest record that is not delivered.", labels)
      .Set(std::max(lag_seconds, 0.0));
  if (lost_now == 0) return;
  environment_.metrics
      .GetCounter("tailrace_delivery_lost_records_total", "Records that retention removed before they were delivered.",
                  labels)
      .Add(lost_now);
  environment_.log.Error("retention removed records before they were delivered",
                         {{"delivery_stream", settings_.definition.name}, {"records", lost_now}});
}

DeliveryStatus DeliveryStream::status() const {
  DeliveryStatus status;
  Positions positions;
  {
    const std::lock_guard lock(mutex_);
    status = status_;
    if (oldest_.has_value()) status.lag = std::max(environment_.clock.Now() - *oldest_, Milliseconds(0));
    positions = delivered_;
  }
  for (const stream::ShardDescription& shard : stream_->Describe().shards) {
    const auto delivered = positions.find(shard.id);
    const stream::Sequence from =
        delivered == positions.end() ? shard.oldest_sequence : std::max(delivered->second, shard.oldest_sequence);
    if (shard.next_sequence > from) status.waiting_records += shard.next_sequence - from;
  }
  return status;
}

void DeliveryStream::Change(DeliverySettings settings) {
  const std::lock_guard lock(mutex_);
  change_ = std::move(settings);
  woken_ = true;
  wake_.notify_one();
}

void DeliveryStream::Start() {
  subscription_.emplace(stream_->Subscribe([this] { Wake(); }));
  thread_ = std::thread([this] { Run(); });
}

void DeliveryStream::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  subscription_.reset();
}

std::optional<stream::HashKeyRange> DeliveryStream::RangeOf(stream::ShardId shard) const {
  for (const stream::ShardDescription& known : stream_->Describe().shards) {
    if (known.id == shard) return known.range;
  }
  return std::nullopt;
}

bool DeliveryStream::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void DeliveryStream::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_one();
}

void DeliveryStream::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    lock.unlock();
    const Milliseconds wait = Step();
    lock.lock();
    if (wait == Milliseconds(0)) continue;
    // Records that trickle in are looked at together.
    wake_.wait_for(lock, std::min(wait, kReadPause), [this] { return stopping_; });
    wake_.wait_for(lock, wait, [this] { return stopping_ || woken_; });
  }
}

}  // namespace tailrace::sink::delivery
