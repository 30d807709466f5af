#include <algorithm>
#include <cstdio>

#include "alarm/mysql_examination.h"
#include "app/doctor/doctor.h"
#include "app/reference_table.h"
#include "base/hash.h"
#include "base/kafka/kafka_client.h"
#include "base/os/probe.h"
#include "base/str.h"
#include "ingest/formats/csv_table.h"
#include "sink/delivery/s3_store.h"

namespace tailrace::app {
namespace {

// Where a URL leads; what may be secret in it stays away.
struct UrlPlace {
  std::string scheme;
  std::string host;
  uint16_t port = 0;
};

Result<UrlPlace> PlaceOf(std::string_view url) {
  static constexpr std::pair<std::string_view, uint16_t> kPorts[] = {
      {"http", 80}, {"https", 443}, {"smtp", 25}, {"smtps", 465}};
  const size_t colon = url.find("://");
  UrlPlace place{.scheme = AsciiLower(url.substr(0, colon == std::string_view::npos ? 0 : colon))};
  const auto known = std::ranges::find(kPorts, place.scheme, [](const auto& entry) { return entry.first; });
  if (known == std::end(kPorts))
    return Error{ErrorCode::kInvalidArgument, "not a URL that begins with http:// or https://"};
  place.port = known->second;
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const size_t port = authority.rfind(':');
  if (port != std::string_view::npos && authority.find(']', port) == std::string_view::npos) {
    const auto number = ParseInt64(authority.substr(port + 1));
    if (!number.has_value() || *number < 1 || *number > 65'535) {
      return Error{ErrorCode::kInvalidArgument, "the URL's port is no number from 1 to 65535"};
    }
    place.port = static_cast<uint16_t>(*number);
    authority = authority.substr(0, port);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return Error{ErrorCode::kInvalidArgument, "the URL has no host"};
  place.host = authority;
  return place;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 section 5.6.7.
std::optional<Timestamp> ParseHttpDate(const std::string& text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char name[4] = {};
  if (std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, name, &year, &hour, &minute, &second) != 6) {
    return std::nullopt;
  }
  const size_t month = kMonths.find(name);
  if (month == std::string_view::npos) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

class ServicesExamination {
 public:
  ServicesExamination(const Definition& definition, const DoctorOptions& options, const DoctorEnvironment& environment,
                      Examination& examination)
      : config_(definition.config), options_(options), environment_(environment), examination_(examination) {}

  void Run() {
    for (const TargetEntry& entry : config_.targets)
      std::visit([&](const auto& kind) { Look(entry.target, kind); }, entry.target.kind);
    for (const DeliveryStreamConfig& stream : config_.delivery_streams) {
      const std::string name = "delivery stream " + stream.definition.name;
      std::visit([&](const auto& destination) { Look(name, destination); }, stream.definition.destination);
      if (stream.definition.backup.has_value()) Look(name + " (backup)", *stream.definition.backup);
    }
    for (const ReferenceTableConfig& table : config_.reference_tables) {
      if (table.object.has_value()) Look(table);
    }
    for (const StreamConfig& stream : config_.streams) {
      if (stream.kafka.has_value()) LookKafka("stream " + stream.name, stream.kafka->connection, stream.kafka->topic);
    }
    for (const OutputConfig& output : config_.outputs) {
      const auto* const kafka = std::get_if<KafkaOutput>(&output.to);
      if (kafka != nullptr) LookKafka("output " + output.Name(), kafka->delivery.connection, kafka->delivery.topic);
    }
  }

 private:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Name service and connection, the same for all. Output: whether both were good.
  bool Reach(std::string_view url, std::string_view where) {
    const auto place = PlaceOf(url);
    const std::string cure = StrCat("Correct the ", where, ".");
    if (!place.ok()) return examination_.Step("address", cure, [&]() -> Result<std::string> { return place.error(); });
    return Reach(place->host, place->port, where);
  }
  bool Reach(const std::string& host, uint16_t port, std::string_view where) {
    examination_.Step("resolve", StrCat("Correct the ", where, ", or the machine's name service."),
                      [&] { return ResolveHost(host); });
    return examination_.Step("connect", StrCat("Start the server, open the firewall, or correct the ", where, "."),
                             [&]() -> Result<std::string> {
                               TAILRACE_TRY(ConnectTcp(host, port, options_.timeout));
                               return StrCat(host, ":", port);
                             });
  }

  void LookHttp(const std::string& url, Headers headers, std::string_view where, std::string_view secret) {
    if (!Reach(url, where)) return;
    int status = 0;
    examination_.Step(
        "answer",
        StrCat("Look at the server's log; for TLS, let this machine trust its certificate, and correct the ", where,
               "."),
        [&]() -> Result<std::string> {
          TAILRACE_ASSIGN_OR_RETURN(
              const HttpResponse response,
              environment_.net.Http(
                  {.method = "HEAD", .url = url, .headers = std::move(headers), .timeout = options_.timeout}));
          status = response.status;
          for (const auto& [name, value] : response.headers) {
            const auto date = EqualsIgnoreCase(name, "date") ? ParseHttpDate(value) : std::nullopt;
            if (date.has_value())
              examination_.SawClock("the " + std::string(where), *date - examination_.clock().Now());
          }
          // Who does not know HEAD is there nevertheless.
          if (status >= 500 && status != 501) return Error{ErrorCode::kUnavailable, StrCat("HTTP ", status)};
          return StrCat("HTTP ", status);
        });
    examination_.Step("rights", StrCat("Correct the ", secret, "."), [&]() -> Result<std::string> {
      if (status == 401 || status == 403)
        return Error{ErrorCode::kPermissionDenied, StrCat("HTTP ", status, ": refused")};
      return std::string("not refused");
    });
  }

  static Headers Revealed(const std::vector<std::pair<std::string, Secret>>& secrets) {
    Headers headers;
    for (const auto& [name, value] : secrets) headers.emplace_back(name, value.Reveal());
    return headers;
  }

  void Look(const alarm::TargetConfig& target, const alarm::WebhookTarget& kind) {
    examination_.Begin(StrCat("target ", target.name));
    LookHttp(kind.url.Reveal(), Revealed(kind.headers), "webhook's url", "webhook's headers");
  }
  void Look(const alarm::TargetConfig& target, const alarm::SmsTarget& kind) {
    examination_.Begin(StrCat("target ", target.name));
    // The URL is a template: only where it leads is looked at.
    Reach(kind.url.Reveal(), "url of the sms target");
  }
  void Look(const alarm::TargetConfig& target, const alarm::MailTarget& kind) {
    examination_.Begin(StrCat("target ", target.name));
    if (!Reach(kind.server, "server of the mail target")) return;
    examination_.Step("login",
                      "Correct user and password of the mail target, or require_tls and the server's certificate.",
                      [&]() -> Result<std::string> {
                        TAILRACE_TRY(CheckMailServer({.url = kind.server,
                                                      .user = kind.user,
                                                      .password = kind.password.Reveal(),
                                                      .require_tls = kind.require_tls,
                                                      .timeout = options_.timeout}));
                        return kind.user.empty() ? std::string("greeted, no login") : StrCat("user ", kind.user);
                      });
  }
  void Look(const alarm::TargetConfig& target, const alarm::SnsTarget& kind) {
    examination_.Begin(StrCat("target ", target.name));
    Reach(kind.endpoint.empty() ? StrCat("https://sns.", kind.region, ".amazonaws.com/") : kind.endpoint,
          "region or endpoint of the sns target");
  }
  void Look(const alarm::TargetConfig& target, const alarm::MysqlHistoryTarget& kind) {
    examination_.Begin(StrCat("target ", target.name));
    alarm::ExamineMysql(kind, options_.timeout, examination_);
  }
  // Files: looked at with the other files.
  void Look(const alarm::TargetConfig& /*target*/, const alarm::FileTarget& /*kind*/) {}
  void Look(const alarm::TargetConfig& /*target*/, const alarm::ExecTarget& /*kind*/) {}
  void Look(const alarm::TargetConfig& /*target*/, const alarm::SqliteHistoryTarget& /*kind*/) {}

  void Look(const std::string& name, const sink::delivery::ArchiveConfig& archive) {
    examination_.Begin(name);
    if (const auto* const directory = std::get_if<sink::delivery::DirectoryStoreConfig>(&archive.store)) {
      const std::string path = ResolvePath(StrCat(options_.data_folder, "/apps/", config_.name), directory->path);
      examination_.Step("write", StrCat("Give ", path, " to the user that runs tailrace, or name another path."),
                        [&] { return CheckFolderWritable(environment_.disk, path); });
      return;
    }
    const auto& store = std::get<sink::delivery::S3StoreConfig>(archive.store);
    if (!ReachBucket(store)) return;
    sink::delivery::S3Client client(store, environment_.net, examination_.clock());
    const std::string key = StrCat("tailrace-doctor-", ToUnixMs(examination_.clock().Now()));
    examination_.Step("put", "Make the bucket, correct its name or the keys, or allow them s3:PutObject.",
                      [&]() -> Result<std::string> {
                        TAILRACE_TRY(client.Put(key, "tailrace doctor", "text/plain"));
                        const Status deleted = client.Delete(key);
                        return deleted.ok() ? StrCat("bucket ", store.bucket)
                                            : StrCat("bucket ", store.bucket, "; ", key, " could not be deleted again");
                      });
  }
  bool ReachBucket(const sink::delivery::S3StoreConfig& store) {
    return Reach(store.endpoint.empty() ? StrCat("https://s3.", store.region, ".amazonaws.com/") : store.endpoint,
                 "endpoint of the bucket");
  }
  void Look(const ReferenceTableConfig& table) {
    examination_.Begin("reference table " + table.name);
    if (!ReachBucket(table.object->bucket)) return;
    const std::string place = ReferencePlace(table, config_.folder);
    std::string bytes;
    examination_.Step(
        "get", "Put the object there, correct bucket, key or the access keys, or allow them s3:GetObject.",
        [&]() -> Result<std::string> {
          TAILRACE_ASSIGN_OR_RETURN(
              auto content, MakeObjectReference(*table.object, environment_.net, examination_.clock())->Read(""));
          bytes = std::move(content->bytes);
          return StrCat(place, ", ", FormatBytes(bytes.size()));
        });
    examination_.Step("rows", "Correct the object, or format and columns of the table.", [&]() -> Result<std::string> {
      TAILRACE_ASSIGN_OR_RETURN(const data::Batch rows, ingest::ReadTable(bytes, table.schema));
      return StrCat(rows.rows(), rows.rows() == 1 ? " row" : " rows");
    });
  }
  void Look(const std::string& name, const sink::delivery::OpenSearchConfig& config) {
    examination_.Begin(name);
    Headers headers;
    if (!config.user.empty()) {
      headers.emplace_back("authorization", "Basic " + ToBase64(StrCat(config.user, ":", config.password.Reveal())));
    }
    LookHttp(config.url, std::move(headers), "url of the cluster", "user and password of the cluster");
  }
  void Look(const std::string& name, const sink::delivery::SplunkConfig& config) {
    examination_.Begin(name);
    LookHttp(config.url, {}, "url of the collector", "collector's token");
  }
  void Look(const std::string& name, const sink::delivery::HttpEndpointConfig& config) {
    examination_.Begin(name);
    LookHttp(config.url, {}, "url of the endpoint", "access_key of the endpoint");
  }

  // One broker is enough to find the others.
  void LookKafka(const std::string& name, const KafkaConnection& connection, const std::string& topic) {
    examination_.Begin(name);
    examination_.Step(
        "connect", "Start the brokers, open the firewall, or correct 'brokers'.", [&]() -> Result<std::string> {
          Status last = Error{ErrorCode::kInvalidArgument, "no broker is named"};
          for (const std::string& broker : connection.brokers) {
            const size_t colon = broker.rfind(':');
            const auto port = ParseInt64(broker.substr(colon + 1));
            last = ConnectTcp(broker.substr(0, colon), static_cast<uint16_t>(port.value_or(0)), options_.timeout);
            if (last.ok()) return broker;
          }
          return last.error();
        });
    std::unique_ptr<KafkaClient> client;
    NullLog log;
    examination_.Step(
        "login", "Correct login, user and password, or tls and its certificates.", [&]() -> Result<std::string> {
          TAILRACE_ASSIGN_OR_RETURN(client, KafkaClient::Make(KafkaClient::Kind::kProducer, connection, {}, log));
          TAILRACE_ASSIGN_OR_RETURN(const std::string cluster, client->ClusterId(options_.timeout));
          return "cluster " + cluster;
        });
    examination_.Step(
        "topic",
        StrCat("Make the topic: kafka-topics.sh --create --topic ", topic, ", or allow this user to describe it."),
        [&]() -> Result<std::string> {
          TAILRACE_ASSIGN_OR_RETURN(const int32_t count, client->CountPartitions(topic, options_.timeout));
          return StrCat(topic, ", ", count, count == 1 ? " partition" : " partitions");
        });
  }

  const ApplicationConfig& config_;
  const DoctorOptions& options_;
  const DoctorEnvironment& environment_;
  Examination& examination_;
};

}  // namespace

void ExamineServices(const Definition& definition, const DoctorOptions& options, const DoctorEnvironment& environment,
                     Examination& examination) {
  ServicesExamination(definition, options, environment, examination).Run();
}

}  // namespace tailrace::app
