#include "sink/kafka/kafka_delivery.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <utility>

#include "base/kafka/kafka_client.h"
#include "base/str.h"

namespace tailrace::sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr size_t kRecordsAtOnce = 5'000;
constexpr size_t kBytesAtOnce = 4 << 20;
constexpr milliseconds kAnswerTime{10'000};  // Of one call to the cluster; then it is tried again.
constexpr milliseconds kRetryTime{500};
constexpr milliseconds kIdleTime{1'000};
constexpr const char* kConsumer = "kafka";

struct ErrorDestroy {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
using KafkaError = std::unique_ptr<rd_kafka_error_t, ErrorDestroy>;

struct ListDestroy {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDestroy>;

struct GroupDestroy {
  void operator()(rd_kafka_consumer_group_metadata_t* group) const { rd_kafka_consumer_group_metadata_destroy(group); }
};
using Group = std::unique_ptr<rd_kafka_consumer_group_metadata_t, GroupDestroy>;

bool IsRefusal(int code) {
  return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || code == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
         code == RD_KAFKA_RESP_ERR_INVALID_MSG;
}

}  // namespace

// One producer, from its connection to its end. After any failure a new one finds out what the cluster has.
class KafkaDelivery::Session {
 public:
  explicit Session(KafkaDelivery& delivery) : delivery_(delivery) {}

  // Ok: it is time to stop. Errors: try again with a new session.
  Status Run() {
    TAILRACE_TRY(Connect());
    TAILRACE_ASSIGN_OR_RETURN(stream::ShardReader reader, stream().Read(0, position_));
    stream::RecordBatch batch;
    while (true) {
      const std::optional<nanoseconds> stop_by = delivery_.WaitForRecords(reader);
      TAILRACE_TRY(reader.Read({.records_max = delivery_.records_at_once_, .bytes_max = kBytesAtOnce}, batch));
      delivery_.CountLost(batch.lost_to_retention());
      if (stop_by.has_value() && (batch.records().empty() || Now() >= *stop_by)) return Ok();
      if (batch.records().empty()) continue;
      TAILRACE_TRY(Deliver(batch));
      position_ = batch.next_sequence();
      delivery_.Delivered(position_, batch.records().size());
    }
  }

 private:
  const KafkaDeliveryConfig& config() const { return delivery_.config_; }
  stream::Stream& stream() { return *delivery_.stream_; }
  nanoseconds Now() const { return delivery_.environment_.clock.Monotonic(); }

  Status Connect() {
    KafkaClient::Settings settings = {
        {"enable.idempotence", "true"},        {"linger.ms", "0"},
        {"message.max.bytes", "12582912"},     {"queue.buffering.max.kbytes", "65536"},
        {"partitioner", "murmur2_random"},     {"message.timeout.ms", "30000"},
        {"allow.auto.create.topics", "false"},
    };
    if (config().exactly_once) {
      settings.emplace_back("transactional.id", config().transactional_id);
      settings.emplace_back("transaction.timeout.ms", "60000");
    }
    TAILRACE_ASSIGN_OR_RETURN(client_, KafkaClient::Make(KafkaClient::Kind::kProducer, config().connection, settings,
                                                         delivery_.environment_.log));
    TAILRACE_TRY(client_->ClusterId(kAnswerTime));
    TAILRACE_TRY(client_->CountPartitions(config().topic, kAnswerTime));
    if (config().exactly_once) {
      // From here on a former producer of this name can commit nothing more.
      TAILRACE_TRY(Check(rd_kafka_init_transactions(client_->handle(), static_cast<int>(kAnswerTime.count())),
                         "transactions not begun"));
      return FindPosition();
    }
    const auto positions = stream().LoadConsumer(kConsumer);
    if (positions.ok() && positions->contains(0)) position_ = positions->at(0);
    return Ok();
  }

  // The position that the last committed transaction stored.
  Status FindPosition() {
    TAILRACE_ASSIGN_OR_RETURN(
        consumer_, KafkaClient::Make(KafkaClient::Kind::kConsumer, config().connection,
                                     {{"group.id", config().transactional_id}, {"isolation.level", "read_committed"}},
                                     delivery_.environment_.log));
    group_.reset(rd_kafka_consumer_group_metadata_new(config().transactional_id.c_str()));
    const PartitionList list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), config().topic.c_str(), 0);
    const rd_kafka_resp_err_t code =
        rd_kafka_committed(consumer_->handle(), list.get(), static_cast<int>(kAnswerTime.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return consumer_->ErrorOf(code, "position not read");
    const rd_kafka_topic_partition_t& found = list->elems[0];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return consumer_->ErrorOf(found.err, "position not read");
    const std::string_view stream_id(static_cast<const char*>(found.metadata), found.metadata_size);
    // Another life of the data folder, or none: its rows are not ours.
    if (found.offset < 0 || stream_id != stream().Describe().id) return Ok();
    position_ = static_cast<stream::Sequence>(found.offset);
    if (position_ > delivery_.end_at_start_ && !delivery_.began_) {
      delivery_.environment_.log.Warning(
          "the topic has more rows than the data folder, which must be an older copy; rows that come again are sent "
          "again",
          {{"topic", config().topic}, {"rows", position_}, {"rows in the folder", delivery_.end_at_start_}});
      position_ = delivery_.end_at_start_;
    }
    return Ok();
  }

  Status Deliver(const stream::RecordBatch& batch) {
    const Status sent = config().exactly_once ? DeliverTransaction(batch) : DeliverPlain(batch);
    const KafkaClient::Deliveries deliveries = client_->TakeDeliveries();
    if (sent.ok()) {
      delivery_.records_at_once_ = std::min(kRecordsAtOnce, delivery_.records_at_once_ * 2);
      return Ok();
    }
    if (!IsRefusal(deliveries.failure)) return sent;
    // Brokers refuse whole message sets: find the record, alone.
    const size_t records = batch.records().size();
    delivery_.records_at_once_ = std::max<size_t>(1, records / 2);
    if (records > 1) return sent;
    const std::string reason = rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(deliveries.failure));
    TAILRACE_TRY(delivery_.GiveUp(batch.records().front(), reason));
    return sent;
  }

  Status DeliverPlain(const stream::RecordBatch& batch) {
    TAILRACE_TRY(Produce(batch));
    const rd_kafka_resp_err_t code = rd_kafka_flush(client_->handle(), static_cast<int>(kAnswerTime.count()));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->ErrorOf(code, "rows not sent");
    const KafkaClient::Deliveries deliveries = client_->deliveries();
    if (deliveries.failure != 0) return client_->ErrorOf(deliveries.failure, "rows not sent");
    return stream().SaveConsumer(kConsumer, {{0, batch.next_sequence()}});
  }

  Status DeliverTransaction(const stream::RecordBatch& batch) {
    rd_kafka_t* const producer = client_->handle();
    const int timeout_ms = static_cast<int>(kAnswerTime.count());
    TAILRACE_TRY(Check(rd_kafka_begin_transaction(producer), "transaction not begun"));
    Status status = Produce(batch);
    if (status.ok()) {
      const PartitionList list(rd_kafka_topic_partition_list_new(1));
      rd_kafka_topic_partition_t* const position =
          rd_kafka_topic_partition_list_add(list.get(), config().topic.c_str(), 0);
      position->offset = static_cast<int64_t>(batch.next_sequence());
      const std::string id = stream().Describe().id;
      position->metadata = rd_kafka_mem_malloc(producer, id.size());  // The list frees it.
      std::ranges::copy(id, static_cast<char*>(position->metadata));
      position->metadata_size = id.size();
      status = Check(rd_kafka_send_offsets_to_transaction(producer, list.get(), group_.get(), timeout_ms),
                     "position not stored");
    }
    if (status.ok()) status = Check(rd_kafka_commit_transaction(producer, timeout_ms), "rows not committed");
    if (!status.ok()) {
      // When that fails as well, the next session's beginning aborts it.
      const KafkaError aborted(rd_kafka_abort_transaction(producer, static_cast<int>(kRetryTime.count())));
    }
    return status;
  }

  Status Produce(const stream::RecordBatch& batch) {
    const stream::Sequence first = batch.next_sequence() - batch.records().size();
    for (size_t i = 0; i < batch.records().size(); ++i) {
      const stream::RecordView& record = batch.records()[i];
      if (delivery_.IsGivenUp(record.sequence)) continue;
      const std::string number = StrCat(first + i);
      rd_kafka_vu_t fields[6] = {};
      size_t count = 0;
      fields[count].vtype = RD_KAFKA_VTYPE_TOPIC;
      fields[count++].u.cstr = config().topic.c_str();
      fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
      fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
      fields[count].vtype = RD_KAFKA_VTYPE_VALUE;
      fields[count].u.mem.ptr = const_cast<char*>(record.data.data());
      fields[count++].u.mem.size = record.data.size();
      if (config().with_key) {
        fields[count].vtype = RD_KAFKA_VTYPE_KEY;
        fields[count].u.mem.ptr = const_cast<char*>(record.partition_key.data());
        fields[count++].u.mem.size = record.partition_key.size();
      }
      if (!config().exactly_once) {  // By which a reader recognises what came twice.
        fields[count].vtype = RD_KAFKA_VTYPE_HEADER;
        fields[count].u.header.name = "tailrace-sequence";
        fields[count].u.header.val = number.data();
        fields[count++].u.header.size = static_cast<ssize_t>(number.size());
      }
      TAILRACE_TRY(Check(rd_kafka_produceva(client_->handle(), fields, count), "rows not sent"));
    }
    return Ok();
  }

  Status Check(rd_kafka_error_t* given, std::string_view what) {
    if (given == nullptr) return Ok();
    const KafkaError error(given);
    const int code = rd_kafka_error_code(error.get());
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
      return Error{ErrorCode::kFailedPrecondition,
                   StrCat(what, ": another program writes as '", config().transactional_id,
                          "'; give one of the two outputs another transactional_id")};
    }
    return client_->ErrorOf(code, what);
  }

  KafkaDelivery& delivery_;
  std::unique_ptr<KafkaClient> client_;
  std::unique_ptr<KafkaClient> consumer_;  // With exactly_once: asks for the position.
  Group group_;
  stream::Sequence position_ = 0;
};

KafkaDelivery::KafkaDelivery(KafkaDeliveryConfig config, std::shared_ptr<stream::Stream> stream,
                             std::string letter_sink, const Environment& environment)
    : config_(std::move(config)),
      stream_(std::move(stream)),
      letter_sink_(std::move(letter_sink)),
      environment_(environment),
      end_at_start_(stream_->Describe().shards.front().next_sequence),
      delivered_(environment.metrics.GetCounter("tailrace_kafka_delivered_total", "Rows sent to a Kafka topic.",
                                                {{"sink", letter_sink_}})),
      records_at_once_(kRecordsAtOnce) {}

KafkaDelivery::~KafkaDelivery() { Stop(milliseconds(0)); }

void KafkaDelivery::Start() {
  subscription_.emplace(stream_->Subscribe([this] { Wake(); }));
  thread_ = std::thread([this] { Run(); });
}

void KafkaDelivery::Stop(milliseconds limit) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_by_ = environment_.clock.Monotonic() + limit;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  subscription_.reset();
}

void KafkaDelivery::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_one();
}

void KafkaDelivery::Run() {
  while (true) {
    const Status ended = Session(*this).Run();
    if (ended.ok()) return;
    std::unique_lock lock(mutex_);
    if (std::exchange(error_, ended.error().message) != ended.error().message) {
      environment_.log.Warning("a Kafka topic takes no rows", {{"topic", config_.topic}, {"error", error_}});
    }
    if (stopping_) return;  // The rest waits in the stream for the next start.
    wake_.wait_for(lock, kRetryTime, [this] { return stopping_; });
    if (stopping_) return;
  }
}

std::optional<nanoseconds> KafkaDelivery::WaitForRecords(const stream::ShardReader& reader) {
  std::unique_lock lock(mutex_);
  position_ = reader.position();
  began_ = true;
  const bool behind = stream_->Describe().shards.front().next_sequence > reader.position();
  if (!behind) {
    wake_.wait_for(lock, kIdleTime, [this] { return woken_ || stopping_; });
  }
  woken_ = false;
  return stopping_ ? std::optional(stop_by_) : std::nullopt;
}

void KafkaDelivery::Delivered(stream::Sequence position, size_t records) {
  delivered_.Add(records);
  const std::lock_guard lock(mutex_);
  position_ = position;
  error_.clear();
}

void KafkaDelivery::CountLost(uint64_t records) {
  if (records == 0) return;
  environment_.log.Warning("rows were removed by retention before Kafka took them",
                           {{"topic", config_.topic}, {"rows", records}});
  const std::lock_guard lock(mutex_);
  lost_ += records;
}

Status KafkaDelivery::GiveUp(const stream::RecordView& record, const std::string& reason) {
  DeadLetters::Pending pending(environment_.dead_letters);
  pending.Add({.id = {.sink = letter_sink_, .ordinal = record.sequence + 1},
               .reason = StrCat("Kafka: ", reason),
               .row_json = std::string(record.data),
               .time = environment_.clock.Now()});
  table::Changes changes;
  pending.AppendTo(changes);
  TAILRACE_TRY(environment_.tables.Apply(changes));
  pending.Commit();
  given_up_ = record.sequence;
  return Ok();
}

KafkaDeliveryStatus KafkaDelivery::CurrentStatus() const {
  const stream::Sequence end = stream_->Describe().shards.front().next_sequence;
  const std::lock_guard lock(mutex_);
  return {.error = error_,
          .waiting_records = end > position_ ? end - position_ : 0,
          .records = delivered_.value(),
          .lost_records = lost_};
}

}  // namespace tailrace::sink
