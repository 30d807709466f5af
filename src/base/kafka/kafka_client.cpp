#include "base/kafka/kafka_client.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>

#include "base/str.h"

namespace tailrace {
namespace {

using std::chrono::milliseconds;

constexpr size_t kErrorTextBytes = 512;

struct ConfigurationDestroy {
  void operator()(rd_kafka_conf_t* configuration) const { rd_kafka_conf_destroy(configuration); }
};
using Configuration = std::unique_ptr<rd_kafka_conf_t, ConfigurationDestroy>;

Status Set(rd_kafka_conf_t* configuration, const std::string& name, const std::string& value) {
  std::array<char, kErrorTextBytes> text{};
  if (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), text.data(), text.size()) == RD_KAFKA_CONF_OK) {
    return Ok();
  }
  return Error{ErrorCode::kInvalidArgument, StrCat("Kafka setting ", name, ": ", text.data())};
}

ErrorCode CodeOf(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return ErrorCode::kTimeout;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return ErrorCode::kPermissionDenied;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ErrorCode::kNotFound;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kUnavailable;
  }
}

// Trouble that says more than "timed out" about why nothing comes.
bool IsCause(int code) { return code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && code != RD_KAFKA_RESP_ERR__TIMED_OUT; }

// Such words name no broker; those of a cause do.
bool IsConsequence(int code) { return !IsCause(code) || code == RD_KAFKA_RESP_ERR__TRANSPORT; }

Status ApplyConnection(rd_kafka_conf_t* configuration, const KafkaConnection& connection) {
  for (const auto& [name, value] : connection.properties) TAILRACE_TRY(Set(configuration, name, value));
  const bool sasl = !connection.login.empty();
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"client.id", "tailrace"},
      {"bootstrap.servers", Join(connection.brokers, ",")},
      {"security.protocol", StrCat(sasl ? "sasl_" : "", connection.tls ? "ssl" : "plaintext")},
      {"ssl.ca.location", connection.ca_file},
      {"ssl.certificate.location", connection.certificate_file},
      {"ssl.key.location", connection.key_file},
      {"ssl.key.password", connection.key_password.Reveal()},
      {"sasl.mechanisms", connection.login},
      {"sasl.username", connection.user},
      {"sasl.password", connection.password.Reveal()},
      {"socket.keepalive.enable", "true"},
      {"reconnect.backoff.max.ms", "1000"},
  };
  for (const auto& [name, value] : settings) {
    if (!value.empty()) TAILRACE_TRY(Set(configuration, name, value));
  }
  return Ok();
}

}  // namespace

struct KafkaClient::Callbacks {
  static void OnError(rd_kafka_t* /*handle*/, int code, const char* reason, void* opaque) {
    auto& client = *static_cast<KafkaClient*>(opaque);
    const std::lock_guard lock(client.mutex_);
    // "All brokers are down" would hide why.
    if (!client.trouble_.empty() && !IsCause(code)) return;
    client.trouble_ = IsCause(code) ? reason : StrCat(reason, " (", client.brokers_, ")");
    client.trouble_code_ = code;
  }

  static void OnDelivery(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
    auto& client = *static_cast<KafkaClient*>(opaque);
    const std::lock_guard lock(client.mutex_);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++client.deliveries_.delivered;
    } else if (client.deliveries_.failure == 0) {
      client.deliveries_.failure = message->err;
    }
  }

  static void OnLog(const rd_kafka_t* handle, int /*level*/, const char* facility, const char* text) {
    // Their levels are for operators of librdkafka; what matters comes as an error as well.
    static_cast<KafkaClient*>(rd_kafka_opaque(handle))->log_.Debug("kafka", {{"facility", facility}, {"text", text}});
  }
};

Result<std::unique_ptr<KafkaClient>> KafkaClient::Make(Kind kind, const KafkaConnection& connection,
                                                       const Settings& settings, Log& log) {
  std::unique_ptr<KafkaClient> client(new KafkaClient(kind, Join(connection.brokers, ","), log));
  Configuration configuration(rd_kafka_conf_new());
  TAILRACE_TRY(ApplyConnection(configuration.get(), connection));
  for (const auto& [name, value] : settings) TAILRACE_TRY(Set(configuration.get(), name, value));
  rd_kafka_conf_set_opaque(configuration.get(), client.get());
  rd_kafka_conf_set_error_cb(configuration.get(), Callbacks::OnError);
  rd_kafka_conf_set_log_cb(configuration.get(), Callbacks::OnLog);
  if (kind == Kind::kProducer) rd_kafka_conf_set_dr_msg_cb(configuration.get(), Callbacks::OnDelivery);
  std::array<char, kErrorTextBytes> text{};
  client->handle_ = rd_kafka_new(kind == Kind::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, configuration.get(),
                                 text.data(), text.size());
  if (client->handle_ == nullptr) {
    return Error{ErrorCode::kInvalidArgument, StrCat("Kafka client not made: ", text.data())};
  }
  configuration.release();  // Taken over.
  if (kind == Kind::kConsumer) rd_kafka_poll_set_consumer(client->handle_);
  return client;
}

KafkaClient::~KafkaClient() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Result<std::string> KafkaClient::ClusterId(milliseconds timeout) {
  constexpr milliseconds kSlice{50};
  for (milliseconds waited{0}; waited < timeout; waited += kSlice) {
    char* const id = rd_kafka_clusterid(handle_, static_cast<int>(kSlice.count()));
    if (id != nullptr) {
      std::string text = id;
      rd_kafka_mem_free(handle_, id);
      return text;
    }
    Serve();
  }
  return ErrorOf(RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer from the Kafka cluster");
}

void KafkaClient::Serve() {
  if (kind_ == Kind::kProducer) {
    rd_kafka_poll(handle_, 0);
  } else if (rd_kafka_message_t* const event = rd_kafka_consumer_poll(handle_, 0); event != nullptr) {
    rd_kafka_message_destroy(event);
  }
}

Result<int32_t> KafkaClient::CountPartitions(const std::string& topic, milliseconds timeout) {
  struct TopicDestroy {
    void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  };
  const std::unique_ptr<rd_kafka_topic_t, TopicDestroy> asked(rd_kafka_topic_new(handle_, topic.c_str(), nullptr));
  if (asked == nullptr) return ErrorOf(rd_kafka_last_error(), StrCat("Kafka topic ", topic));
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(handle_, 0, asked.get(), &metadata, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorOf(code, StrCat("Kafka topic ", topic));
  const auto destroy = [](const rd_kafka_metadata_t* given) { rd_kafka_metadata_destroy(given); };
  const std::unique_ptr<const rd_kafka_metadata_t, decltype(destroy)> owner(metadata, destroy);
  if (metadata->topic_cnt != 1) return Error{ErrorCode::kNotFound, StrCat("no Kafka topic ", topic)};
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || (found.err == 0 && found.partition_cnt == 0)) {
    return Error{ErrorCode::kNotFound, StrCat("the cluster has no topic ", topic)};
  }
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Error{CodeOf(found.err), StrCat("Kafka topic ", topic, ": ", rd_kafka_err2str(found.err))};
  }
  return found.partition_cnt;
}

Result<KafkaClient::Watermarks> KafkaClient::QueryWatermarks(const std::string& topic, int32_t partition,
                                                             milliseconds timeout) {
  Watermarks marks;
  const rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(handle_, topic.c_str(), partition, &marks.low,
                                                                    &marks.high, static_cast<int>(timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return ErrorOf(code, StrCat("Kafka topic ", topic, " [", partition, "]"));
  return marks;
}

KafkaClient::Deliveries KafkaClient::deliveries() const {
  const std::lock_guard lock(mutex_);
  return deliveries_;
}

KafkaClient::Deliveries KafkaClient::TakeDeliveries() {
  const std::lock_guard lock(mutex_);
  return std::exchange(deliveries_, {});
}

std::string KafkaClient::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void KafkaClient::ClearTrouble() {
  const std::lock_guard lock(mutex_);
  trouble_.clear();
  trouble_code_ = 0;
}

Error KafkaClient::ErrorOf(int code, std::string_view what) const {
  const std::lock_guard lock(mutex_);
  const std::string_view reason = rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code));
  if (!IsConsequence(code)) return Error{CodeOf(code), StrCat(what, ": ", reason)};
  // A timeout is mostly the consequence of something that the brokers' connections have told.
  if (!trouble_.empty()) return Error{CodeOf(trouble_code_), StrCat(what, ": ", trouble_)};
  return Error{CodeOf(code), StrCat(what, ": ", reason, " (", brokers_, ")")};
}

}  // namespace tailrace
