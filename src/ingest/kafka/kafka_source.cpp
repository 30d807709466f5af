#include "ingest/kafka/kafka_source.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "base/kafka/kafka_client.h"
#include "base/str.h"
#include "ingest/kafka/kafka_intake.h"
#include "ingest/kafka/kafka_start.h"

namespace tailrace::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr size_t kRecordsPerRound = 5'000;
constexpr size_t kBytesPerRound = 4 << 20;
constexpr milliseconds kPollTime{100};   // Also the longest that Stop waits for it.
constexpr milliseconds kAskTime{1'000};  // For an answer of the cluster.
constexpr milliseconds kRetryTime{500};
constexpr seconds kLookTime{5};  // Between two looks at the topic's partitions.

struct MessageDestroy {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};
using Message = std::unique_ptr<rd_kafka_message_t, MessageDestroy>;

struct ListDestroy {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDestroy>;

KafkaRecord RecordOf(const rd_kafka_message_t& message) {
  return {.offset = message.offset,
          .key = {static_cast<const char*>(message.key), message.key == nullptr ? 0 : message.key_len},
          .value = {static_cast<const char*>(message.payload), message.payload == nullptr ? 0 : message.len},
          .tombstone = message.payload == nullptr};
}

}  // namespace

// One consumer, from its connection to its end.
class KafkaSource::Session {
 public:
  explicit Session(KafkaSource& source) : source_(source) {}

  // Runs until the source stops. Errors: nothing that waiting inside would mend.
  Status Run() {
    TAILRACE_TRY(Connect());
    while (!source_.stopping_) {
      Round();
      Commit();
      Look();
      Publish();
    }
    return Ok();
  }

 private:
  struct Partition {
    int64_t next_offset = 0;
    int64_t seen_end = 0;  // The consumer found nothing more before this offset, markers of transactions included.
    std::string error;
  };

  const KafkaSourceConfig& config() const { return source_.config_; }
  Log& log() { return source_.environment_.log; }
  nanoseconds Now() const { return source_.environment_.clock.Monotonic(); }

  Status Connect() {
    const KafkaClient::Settings settings = {
        {"group.id", config().group.empty() ? StrCat("tailrace-", source_.stream_->name()) : config().group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},  // An offset that is not there is looked at, not jumped over.
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"},
        {"queued.max.messages.kbytes", "32768"},
        {"fetch.error.backoff.ms", "100"},
    };
    TAILRACE_ASSIGN_OR_RETURN(client_,
                              KafkaClient::Make(KafkaClient::Kind::kConsumer, config().connection, settings, log()));
    TAILRACE_ASSIGN_OR_RETURN(const std::string cluster, Persist([this] { return client_->ClusterId(kAskTime); }));
    intake_.emplace(source_.stream_, cluster, config().topic, config().incarnation);
    TAILRACE_ASSIGN_OR_RETURN(const int32_t count,
                              Persist([this] { return client_->CountPartitions(config().topic, kAskTime); }));
    if (config().from_latest) TAILRACE_TRY(LoadStart(cluster, count));
    TAILRACE_TRY(AddPartitions(count));
    log().Info("reading a Kafka topic",
               {{"topic", config().topic}, {"stream", source_.stream_->name()}, {"partitions", count}});
    looked_ = Now();
    return Ok();
  }

  // Asks until there is an answer: a new client would begin its connections anew. Errors: kCancelled: it is time to
  // stop.
  template <typename Ask>
  auto Persist(Ask ask) -> decltype(ask()) {
    while (true) {
      auto answer = ask();
      if (answer.ok()) return answer;
      source_.PublishWaiting(answer.error());
      if (!source_.Pause(kRetryTime)) return Error{ErrorCode::kCancelled, "stopped"};
    }
  }

  // Partitions that the file does not name came later and are read from their beginning.
  Status LoadStart(const std::string& cluster, int32_t count) {
    Disk& disk = source_.environment_.disk;
    TAILRACE_ASSIGN_OR_RETURN(const std::optional<KafkaStart> stored, LoadKafkaStart(disk, source_.start_file_));
    start_ = {cluster, config().topic, config().incarnation, {}};
    if (stored.has_value() && stored->cluster == cluster && stored->topic == start_.topic &&
        stored->incarnation == start_.incarnation) {
      start_ = *stored;
      return Ok();
    }
    for (int32_t partition = 0; partition < count; ++partition) {
      TAILRACE_ASSIGN_OR_RETURN(const KafkaClient::Watermarks marks,
                                client_->QueryWatermarks(config().topic, partition, kAskTime));
      start_.offsets[partition] = marks.high;
    }
    return StoreKafkaStart(disk, source_.start_file_, start_);
  }

  Status AddPartitions(int32_t count) {
    if (count > KafkaIntake::kPartitionsMax) {
      return Error{ErrorCode::kLimitExceeded, StrCat("topic ", config().topic, " has ", count, " partitions, at most ",
                                                     KafkaIntake::kPartitionsMax, " can be read")};
    }
    for (auto id = static_cast<int32_t>(partitions_.size()); id < count; ++id) {
      TAILRACE_ASSIGN_OR_RETURN(const int64_t held, intake_->NextOffset(id));
      const auto start = start_.offsets.find(id);
      const int64_t begin = std::max(held, start == start_.offsets.end() ? 0 : start->second);
      partitions_.push_back({.next_offset = begin, .seen_end = begin});
    }
    return Assign();
  }

  // Has the consumer read every good partition from where it is. Offset 0 may be gone long ago without anybody having
  // lost something: it means the beginning.
  Status Assign() {
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (size_t id = 0; id < partitions_.size(); ++id) {
      if (!partitions_[id].error.empty()) continue;
      const int64_t next = partitions_[id].next_offset;
      rd_kafka_topic_partition_list_add(list.get(), config().topic.c_str(), static_cast<int32_t>(id))->offset =
          next == 0 ? RD_KAFKA_OFFSET_BEGINNING : next;
    }
    const rd_kafka_resp_err_t code = rd_kafka_assign(client_->handle(), list.get());
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->ErrorOf(code, "partitions not assigned");
    return Ok();
  }

  // Takes what has come and puts it into the stream.
  void Round() {
    std::vector<Message> messages;
    std::map<int32_t, std::vector<KafkaRecord>> records;
    size_t bytes = 0;
    milliseconds wait = kPollTime;
    while (messages.size() < kRecordsPerRound && bytes < kBytesPerRound) {
      Message message(rd_kafka_consumer_poll(client_->handle(), static_cast<int>(wait.count())));
      if (message == nullptr) break;
      wait = milliseconds(0);
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        TakeEvent(*message);
        continue;
      }
      if (static_cast<size_t>(message->partition) >= partitions_.size()) continue;
      bytes += message->len + message->key_len;
      records[message->partition].push_back(RecordOf(*message));
      messages.push_back(std::move(message));
    }
    if (messages.empty()) return;
    client_->ClearTrouble();
    for (const auto& [id, list] : records) {
      if (!Store(id, list)) return;
    }
  }

  // Tries until the stream has taken them. False when the source stops before.
  bool Store(int32_t id, const std::vector<KafkaRecord>& records) {
    Partition& partition = partitions_[static_cast<size_t>(id)];
    while (true) {
      const auto taken = intake_->Take(id, records);
      if (taken.ok()) {
        for (const int64_t offset : taken->too_large) {
          log().Warning(
              "a Kafka record is larger than the stream takes",
              {{"stream", source_.stream_->name()}, {"topic", config().topic}, {"partition", id}, {"offset", offset}});
        }
        source_.records_.Add(taken->records);
        source_.too_large_.Add(taken->too_large.size());
        partition.next_offset = std::max(partition.next_offset, records.back().offset + 1);
        partition.seen_end = std::max(partition.seen_end, partition.next_offset);
        stream_error_.clear();
        return true;
      }
      stream_error_ = taken.error().message;
      Publish();
      if (!source_.Pause(kRetryTime)) return false;
    }
  }

  void TakeEvent(const rd_kafka_message_t& event) {
    const bool known = event.partition >= 0 && static_cast<size_t>(event.partition) < partitions_.size();
    if (event.err == RD_KAFKA_RESP_ERR__PARTITION_EOF && known) {
      Partition& partition = partitions_[static_cast<size_t>(event.partition)];
      partition.seen_end = std::max(partition.seen_end, event.offset);
      client_->ClearTrouble();
    } else if (event.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && known) {
      FindPlace(event.partition);
    } else {
      event_error_ = client_->ErrorOf(event.err, StrCat("topic ", config().topic)).message;
    }
  }

  // The offset to read is not there: retention was faster, or the topic is another one.
  void FindPlace(int32_t id) {
    Partition& partition = partitions_[static_cast<size_t>(id)];
    const auto marks = client_->QueryWatermarks(config().topic, id, kAskTime);
    if (!marks.ok()) {
      partition.error = marks.error().message;  // Looked at again later.
    } else if (partition.next_offset > marks->high) {
      partition.error =
          StrCat("the stream has records up to offset ", partition.next_offset - 1, ", but partition ", id, " ends at ",
                 marks->high, ": if the topic was deleted and made again, raise 'incarnation' in its configuration");
    } else if (partition.next_offset < marks->low) {
      const auto lost = static_cast<uint64_t>(marks->low - partition.next_offset);
      source_.lost_records_.Add(lost);
      log().Warning("records of a Kafka topic were removed before they were read",
                    {{"topic", config().topic}, {"partition", id}, {"offsets", lost}});
      partition.next_offset = marks->low;
      partition.seen_end = marks->low;
    }
    const Status assigned = Assign();
    if (!assigned.ok()) partition.error = assigned.error().message;
  }

  // Looks for new partitions, and whether what was wrong still is.
  void Look() {
    const bool trouble = !client_->trouble().empty() || !event_error_.empty() || !look_error_.empty();
    if (Now() - looked_ < (trouble ? nanoseconds(kAskTime) : nanoseconds(kLookTime))) return;
    const auto count = client_->CountPartitions(config().topic, kAskTime);
    looked_ = Now();
    if (!count.ok()) {
      look_error_ = count.error().message;
      return;
    }
    client_->ClearTrouble();
    look_error_.clear();
    event_error_.clear();
    const bool more = static_cast<size_t>(*count) > partitions_.size();
    bool mended = false;
    for (Partition& partition : partitions_) mended = !std::exchange(partition.error, "").empty() || mended;
    if (!more && !mended) return;
    if (more) log().Info("a Kafka topic has more partitions", {{"topic", config().topic}, {"partitions", *count}});
    const Status added = AddPartitions(*count);
    if (!added.ok()) look_error_ = added.error().message;
  }

  void Commit() {
    if (config().group.empty() || Now() - committed_ < nanoseconds(seconds(5))) return;
    committed_ = Now();
    const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size())));
    for (size_t id = 0; id < partitions_.size(); ++id) {
      rd_kafka_topic_partition_list_add(list.get(), config().topic.c_str(), static_cast<int32_t>(id))->offset =
          std::max(partitions_[id].next_offset, partitions_[id].seen_end);
    }
    // For others to look at: nothing is read back, so a failure harms nobody.
    rd_kafka_commit(client_->handle(), list.get(), 1);
  }

  void Publish() {
    KafkaSourceStatus status;
    bool caught_up = true;
    for (size_t id = 0; id < partitions_.size(); ++id) {
      const Partition& partition = partitions_[id];
      KafkaPartitionStatus out{
          .id = static_cast<int32_t>(id), .next_offset = partition.next_offset, .error = partition.error};
      int64_t low = RD_KAFKA_OFFSET_INVALID;
      int64_t high = RD_KAFKA_OFFSET_INVALID;
      rd_kafka_get_watermark_offsets(client_->handle(), config().topic.c_str(), out.id, &low, &high);
      if (high >= 0) {
        out.high = high;
        out.lag =
            static_cast<uint64_t>(std::max<int64_t>(0, high - std::max(partition.next_offset, partition.seen_end)));
      }
      caught_up = caught_up && high >= 0 && out.lag == 0;
      status.lag += out.lag;
      if (status.error.empty()) status.error = out.error;
      status.partitions.push_back(std::move(out));
    }
    for (const std::string* const error : {&stream_error_, &look_error_, &event_error_}) {
      if (!error->empty()) status.error = *error;
    }
    if (status.error.empty()) status.error = client_->trouble();
    status.state = !status.error.empty() ? "waiting" : caught_up ? "caught up" : "reading";
    source_.Publish(std::move(status));
  }

  KafkaSource& source_;
  std::unique_ptr<KafkaClient> client_;
  std::optional<KafkaIntake> intake_;
  KafkaStart start_;                   // With from_latest.
  std::vector<Partition> partitions_;  // By id.
  nanoseconds looked_{};
  nanoseconds committed_{};
  std::string stream_error_;  // The stream takes nothing.
  std::string event_error_;   // The consumer told it.
  std::string look_error_;    // The topic cannot be looked at.
};

KafkaSource::KafkaSource(KafkaSourceConfig config, std::shared_ptr<stream::Stream> stream, std::string start_file,
                         const Environment& environment)
    : config_(std::move(config)),
      stream_(std::move(stream)),
      start_file_(std::move(start_file)),
      environment_(environment),
      records_(environment.metrics.GetCounter("tailrace_kafka_records_total", "Records read from a Kafka topic.",
                                              {{"stream", stream_->name()}})),
      lost_records_(environment.metrics.GetCounter("tailrace_kafka_lost_records_total",
                                                   "Offsets that the topic's retention removed before they were read.",
                                                   {{"stream", stream_->name()}})),
      too_large_(environment.metrics.GetCounter("tailrace_kafka_too_large_total",
                                                "Records of a Kafka topic larger than the stream takes.",
                                                {{"stream", stream_->name()}})),
      lag_(environment.metrics.GetGauge("tailrace_kafka_lag_records", "Records of a Kafka topic still to read.",
                                        {{"stream", stream_->name()}})) {
  status_.stream = stream_->name();
  status_.topic = config_.topic;
  status_.state = "stopped";
}

KafkaSource::~KafkaSource() { Stop(); }

void KafkaSource::Start() {
  TAILRACE_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

void KafkaSource::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  status_.state = "stopped";
}

void KafkaSource::Run() {
  while (!stopping_) {
    {
      const std::lock_guard lock(mutex_);
      if (status_.error.empty()) status_.state = "connecting";
    }
    const Status ended = Session(*this).Run();
    if (ended.ok() || stopping_) return;
    PublishWaiting(ended.error());
    Pause(kRetryTime);
  }
}

bool KafkaSource::Pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  stop_signal_.wait_for(lock, time, [this] { return stopping_.load(); });
  return !stopping_;
}

void KafkaSource::Publish(KafkaSourceStatus status) {
  status.stream = stream_->name();
  status.topic = config_.topic;
  status.records = records_.value();
  status.lost_records = lost_records_.value();
  status.too_large = too_large_.value();
  lag_.Set(static_cast<double>(status.lag));
  const std::lock_guard lock(mutex_);
  Tell(status.error);
  status_ = std::move(status);
}

// Once, and not with every try. With `mutex_`.
void KafkaSource::Tell(const std::string& error) {
  if (error.empty() || error == status_.error) return;
  environment_.log.Warning("a Kafka topic is waited for", {{"topic", config_.topic}, {"error", error}});
}

void KafkaSource::PublishWaiting(const Error& error) {
  const std::lock_guard lock(mutex_);
  Tell(error.message);
  status_.state = "waiting";
  status_.error = error.message;
}

KafkaSourceStatus KafkaSource::CurrentStatus() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace tailrace::ingest
