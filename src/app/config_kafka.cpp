#include "app/config_kafka.h"

#include <array>
#include <limits>

#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr Milliseconds kRetention = std::chrono::days(7);
constexpr Milliseconds kRetentionMin = std::chrono::minutes(1);
constexpr Milliseconds kRetentionMax = std::chrono::days(3650);
constexpr std::string_view kLogins[] = {"plain", "scram-sha-256", "scram-sha-512"};
constexpr std::string_view kStarts[] = {"earliest", "latest"};

std::vector<std::string> ReadBrokers(const YamlValue& value) {
  std::vector<std::string> brokers;
  for (const std::string& text : value.TextList()) {
    for (const std::string_view broker : Split(text, ',')) {
      const std::string name(Trim(broker));
      const size_t colon = name.rfind(':');
      const auto port = ParseInt64(colon == std::string::npos ? "" : name.substr(colon + 1));
      if (colon == 0 || !port.has_value() || *port < 1 || *port > 65'535) {
        value.Fail(StrCat(value.path(), ": '", name, "' is not HOST:PORT"));
      }
      brokers.push_back(name);
    }
  }
  return brokers;
}

// T has a member `connection`.
template <typename T>
constexpr std::array<KeySpec<T>, 9> ConnectionKeys() {
  return {{
      {{"brokers", "list of text", "HOST:PORT of some brokers; the cluster names the others.", true},
       [](const YamlValue& value, T& into) { into.connection.brokers = ReadBrokers(value); }},
      {{"tls", "true or false", "Speak TLS; false when not given."},
       [](const YamlValue& value, T& into) { into.connection.tls = value.Boolean(false); }},
      {{"ca_file", "path", "Certificates that may sign the brokers'; the system's when not given."},
       [](const YamlValue& value, T& into) { into.connection.ca_file = value.Text(); }},
      {{"certificate_file", "path", "This client's certificate, PEM; with key_file."},
       [](const YamlValue& value, T& into) { into.connection.certificate_file = value.Text(); }},
      {{"key_file", "path", "The certificate's private key, PEM."},
       [](const YamlValue& value, T& into) { into.connection.key_file = value.Text(); }},
      {{"login", "text",
        "How user and password are given: plain, scram-sha-256, scram-sha-512; no login when not given."},
       [](const YamlValue& value, T& into) { into.connection.login = AsciiUpper(value.OneOf(kLogins, "")); }},
      {{"user", "text", "User of the login."},
       [](const YamlValue& value, T& into) { into.connection.user = value.Text(); }},
      {{"password", "secret", "Password of the login."},
       [](const YamlValue& value, T& into) { into.connection.password = Secret(value.Text()); }},
      {{"properties", "map of text", "Further settings of librdkafka, by their own names."},
       [](const YamlValue& value, T& into) {
         for (const auto& [name, text] : value.Entries()) into.connection.properties.emplace_back(name, text.Text());
       }},
  }};
}

template <typename T, size_t N>
constexpr auto WithConnectionKeys(const std::array<KeySpec<T>, N>& own) {
  const auto shared = ConnectionKeys<T>();
  std::array<KeySpec<T>, N + shared.size()> keys;
  for (size_t i = 0; i < N; ++i) keys[i] = own[i];
  for (size_t i = 0; i < shared.size(); ++i) keys[N + i] = shared[i];
  return keys;
}

constexpr auto kSourceKeys = WithConnectionKeys<ingest::KafkaSourceConfig, 4>({{
    {{"topic", "text", "The topic; every partition is read, each record once and in order within its partition.", true},
     [](const YamlValue& value, ingest::KafkaSourceConfig& into) { into.topic = value.Text(); }},
    {{"start", "text",
      "earliest (the default): begin with what the topic has. latest: with what comes after the first start."},
     [](const YamlValue& value, ingest::KafkaSourceConfig& into) {
       into.from_latest = value.OneOf(kStarts, "earliest") == "latest";
     }},
    {{"group", "text", "Commit positions to this consumer group, for other tools to see; they are never read back."},
     [](const YamlValue& value, ingest::KafkaSourceConfig& into) { into.group = value.Text(); }},
    {{"incarnation", "number", "Raise it when the topic was deleted and made again; 1 when not given."},
     [](const YamlValue& value, ingest::KafkaSourceConfig& into) {
       into.incarnation = static_cast<uint32_t>(value.Integer(1, std::numeric_limits<uint32_t>::max(), 1));
     }},
}});

struct OutputKeys {
  KafkaConnection connection;
  KafkaOutput output;
};

constexpr auto kOutputKeys = WithConnectionKeys<OutputKeys, 5>({{
    {{"topic", "text", "The topic; it must exist.", true},
     [](const YamlValue& value, OutputKeys& into) { into.output.delivery.topic = value.Text(); }},
    {{"key", "text", "Column of texts that becomes the messages' key; they have none when not given."},
     [](const YamlValue& value, OutputKeys& into) { into.output.key = value.Text(); }},
    {{"exactly_once", "true or false",
      "true (the default): rows go in transactions that hold their position too. false: at least once, without "
      "transactions; messages carry the header tailrace-sequence, by which a reader recognises repeats."},
     [](const YamlValue& value, OutputKeys& into) { into.output.delivery.exactly_once = value.Boolean(true); }},
    {{"transactional_id", "text",
      "Name of the transactions and of the group that keeps the position; one for each output of the cluster. "
      "tailrace.APPLICATION.FROM.TOPIC when not given."},
     [](const YamlValue& value, OutputKeys& into) { into.output.delivery.transactional_id = value.Text(); }},
    {{"retention", "duration", "How long rows wait while the cluster is away; 7d when not given."},
     [](const YamlValue& value, OutputKeys& into) {
       into.output.retention = value.Duration(kRetentionMin, kRetentionMax, kRetention);
     }},
}});

void CheckConnection(const YamlValue& section, const KafkaConnection& connection) {
  if (connection.login.empty() != connection.user.empty()) {
    section.Fail(StrCat(section.path(), ": login and user belong together"));
  }
  if (connection.certificate_file.empty() != connection.key_file.empty()) {
    section.Fail(StrCat(section.path(), ": certificate_file and key_file belong together"));
  }
  if (!connection.tls && (!connection.ca_file.empty() || !connection.certificate_file.empty())) {
    section.Fail(StrCat(section.path(), ": certificates need tls: true"));
  }
}

}  // namespace

ingest::KafkaSourceConfig ReadKafkaSource(const YamlValue& section) {
  ingest::KafkaSourceConfig source;
  ReadSection<ingest::KafkaSourceConfig>(section, kSourceKeys, source);
  CheckConnection(section, source.connection);
  return source;
}

KafkaOutput ReadKafkaOutput(const YamlValue& section) {
  OutputKeys keys;
  keys.output.retention = kRetention;
  ReadSection<OutputKeys>(section, kOutputKeys, keys);
  CheckConnection(section, keys.connection);
  keys.output.delivery.connection = std::move(keys.connection);
  keys.output.delivery.with_key = !keys.output.key.empty();
  return std::move(keys.output);
}

std::vector<SectionDocument> KafkaOutputDocuments() {
  return {{"outputs[].kafka", "Sends every row to a Kafka topic.", DocumentKeys<OutputKeys>(kOutputKeys)}};
}

std::vector<SectionDocument> KafkaSourceDocuments() {
  return {{"streams.NAME.kafka", "Fills the stream from a Kafka topic.",
           DocumentKeys<ingest::KafkaSourceConfig>(kSourceKeys)}};
}

}  // namespace tailrace::app
